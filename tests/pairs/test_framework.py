"""Frameworks are files: packaged ones load, an own one in the project's folder does, a wrong one is explained."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from foretune.errors import ConfigError
from foretune.pairs import load_framework

PACKAGED = sorted(each.name.removesuffix(".toml") for each in (files("foretune.pairs") / "frameworks").iterdir())


@pytest.mark.parametrize("name", PACKAGED)
def test_a_packaged_framework_has_two_styles_with_examples_and_a_template_that_can_be_filled_in(name: str) -> None:
    framework = load_framework(name, folder=Path())
    for style in (framework.question, framework.instruction):
        assert len(style.examples) >= 2
        assert "leave" in style.template.format(role="an HR manager", topic="leave", words=100)


def test_an_own_framework_is_a_file_in_the_projects_folder(tmp_path: Path) -> None:
    text = (files("foretune.pairs") / "frameworks" / "race.toml").read_text(encoding="utf-8")
    (tmp_path / "ours.toml").write_text(text.replace('name = "RACE"', 'name = "OURS"'), encoding="utf-8")
    ours = load_framework("ours.toml", folder=tmp_path)
    assert ours.name == "OURS"
    assert ours.hash != load_framework("race", folder=tmp_path).hash


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name =", "is not valid TOML"),
        ('name = "X"', "cannot be used: parts"),
        (None, "There is no prompt framework 'ours.toml': set pairs.framework .* to co-star, race, rappel"),
    ],
)
def test_a_framework_that_cannot_be_used_is_explained(tmp_path: Path, text: str | None, says: str) -> None:
    if text is not None:
        (tmp_path / "ours.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=says):
        load_framework("ours.toml", folder=tmp_path)


def test_a_template_with_an_unknown_field_is_refused(tmp_path: Path) -> None:
    text = (files("foretune.pairs") / "frameworks" / "race.toml").read_text(encoding="utf-8")
    (tmp_path / "ours.toml").write_text(text.replace("{topic}", "{subject}"), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"the template may hold \{role\}, \{topic\} and \{words\}, not \{subject\}"):
        load_framework("ours.toml", folder=tmp_path)
