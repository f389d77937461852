"""What it takes: formulas held against published figures, and against what was measured here."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tests.helpers import ROOT, shared
from typer import Typer
from typer.testing import CliRunner

from foretune.cli.size import size as size_command
from foretune.errors import InputError
from foretune.plan import settle
from foretune.plan.advice import CorpusFacts
from foretune.plan.sizing import (
    HARDWARE,
    Method,
    ModelShape,
    inference_sizes,
    largest_that_fits,
    named_hardware,
    read_hardware,
    size,
    this_machine,
    training_memory,
    training_seconds,
)

LLAMA_8B = ModelShape(8_030_261_248, 32, 4096, 14_336, 128_256, 32, 8, 128)
FACTS = CorpusFacts(documents=320, included=320, words=380_000, for_tuning=320)
CONFIG = settle({"story.want": "posts in my voice"})
A100 = HARDWARE["A100 80GB"]


def printed(*arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, str(ROOT / "benchmarks" / "sizing.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout


def test_the_formulas_are_within_a_quarter_of_nearly_all_published_figures() -> None:
    shared("sizing-published")
    rows = [line.split(" | ") for line in printed().splitlines()[2:]]
    for row in rows:
        close, points = (int(number) for number in row[6].split(" of "))
        assert float(row[4].rstrip("%")) < 10, row
        assert close >= 0.9 * points, row


def test_a_figure_that_is_missing_is_counted_as_missing(tmp_path: Path) -> None:
    with (shared("sizing-published") / "qwen1_a100_80gb.csv").open() as file:
        rows = list(csv.DictReader(file))[:4]
    rows[0]["gpu_memory_gb"] = ""
    rows[1]["ffn"] = ""
    with (tmp_path / "part.csv").open("w") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    told = printed(str(tmp_path / "part.csv"))
    assert "| memory | all | 2 | 2 |" in told
    assert "| time | all | 3 | 1 |" in told


@pytest.mark.parametrize(("method", "gibibytes"), [(Method.LORA, 16.2), (Method.QLORA, 7.4)])
def test_what_does_not_depend_on_the_batch_is_about_what_torchtune_publishes(method: Method, gibibytes: float) -> None:
    # Its README gives the memory of Llama 3.1 8B without the length of its examples, so activations are left out.
    assert training_memory(LLAMA_8B, method, rank=8, tokens=0) / 2**30 == pytest.approx(gibibytes, rel=0.1)


def test_full_training_takes_sixteen_bytes_a_parameter_at_least() -> None:
    assert training_memory(LLAMA_8B, Method.FULL) > 16 * LLAMA_8B.parameters
    assert not size(CONFIG, FACTS, LLAMA_8B, A100).training[2].fits


def test_time_here_is_in_proportion_to_what_was_measured_here() -> None:
    slow = this_machine(tokens_per_second=100, parameters=LLAMA_8B.parameters)
    assert training_seconds(LLAMA_8B, Method.LORA, slow, tokens=1_000, length=1) == pytest.approx(10, rel=0.001)
    double = replace(LLAMA_8B, parameters=2 * LLAMA_8B.parameters)
    assert training_seconds(double, Method.LORA, slow, tokens=1_000, length=1) == pytest.approx(20, rel=0.001)


def test_attention_makes_long_examples_slower_here_too() -> None:
    # 6 · 32 layers · 4,096 · 8,192 tokens are 6.4e9 operations a token, beside 4.8e10 for the parameters.
    here = this_machine(tokens_per_second=100, parameters=LLAMA_8B.parameters)
    assert training_seconds(LLAMA_8B, Method.LORA, here, tokens=1_000, length=8192) == pytest.approx(11.3, rel=0.01)


def test_longer_and_more_never_take_less() -> None:
    times = [training_seconds(LLAMA_8B, Method.LORA, A100, tokens=100 * n, length=n) or 0 for n in (512, 2048, 8192)]
    memories = [training_memory(LLAMA_8B, Method.LORA, tokens=n) for n in (512, 2048, 8192)]
    assert times == sorted(times)
    assert memories == sorted(memories)


def test_running_takes_weights_cache_and_a_little() -> None:
    sizes = inference_sizes(LLAMA_8B, HARDWARE["L4"], context=8192)
    by_name = {each.quantisation: each for each in sizes}
    assert by_name["Q4_K_M"].weights == pytest.approx(4.9e9, rel=0.01)
    # 2 · 32 layers · 8 heads · 128 · 8,192 tokens · 2 bytes are 1.07 GB, and half a GB for the runtime.
    assert by_name["Q4_K_M"].memory - by_name["Q4_K_M"].weights == pytest.approx(1.57e9, rel=0.01)
    assert by_name["Q4_K_M"].tokens_per_second == pytest.approx(0.55 * 300 / 4.91, rel=0.01)
    assert (best := largest_that_fits(sizes)) is not None
    assert best.quantisation == "F16"
    small = inference_sizes(LLAMA_8B, replace(HARDWARE["L4"], memory=8e9), context=8192)
    assert (best := largest_that_fits(small)) is not None
    assert best.quantisation == "Q5_K_M"


def test_money_is_counted_where_there_is_a_price_and_missing_where_there_is_none() -> None:
    priced, free = size(CONFIG, FACTS, LLAMA_8B, A100), size(CONFIG, FACTS, LLAMA_8B, HARDWARE["L4"])
    lora = priced.training[0]
    assert lora.seconds is not None
    assert lora.money == pytest.approx(lora.seconds / 3600 * 1.30)
    assert (free.training[0].money, free.answers[0].money) == (None, None)
    assert free.training[0].seconds is not None


def test_a_remote_engine_is_priced_by_the_plan_s_own_prices() -> None:
    config = settle({"engine.kind": "openai", "engine.price_in": 2.0, "engine.price_out": 8.0})
    rag = next(cost for cost in size(config, FACTS, LLAMA_8B, A100).answers if cost.arm == "rag")
    assert rag.money == pytest.approx((rag.tokens_read * 2 + rag.tokens_written * 8) / 1e6)
    unpriced = settle({"engine.kind": "openai"})
    assert {cost.money for cost in size(unpriced, FACTS, LLAMA_8B, A100).answers} == {None}


def test_every_price_and_every_figure_of_hardware_has_its_source() -> None:
    for hardware in HARDWARE.values():
        assert hardware.source.startswith("https://")
        assert (hardware.price_per_hour is None) == (hardware.price_date is None)


def test_figures_that_nobody_has_read_at_a_source_are_shown_as_unverified(tmp_path: Path) -> None:
    assert "as read at https://" in HARDWARE["RTX 4090"].cited
    (tmp_path / "mine.toml").write_text(
        "[[hardware]]\nname = 'x'\nmemory_gb = 4\nsource = 's'\nprice_per_hour = 1\ncurrency = 'EUR'\n"
        "price_source = 'the offer of May'\nprice_date = 2026-05-01"
    )
    mine = read_hardware(tmp_path / "mine.toml")["x"]
    assert mine.price_source == "the offer of May (unverified)"
    assert mine.cited == size(CONFIG, FACTS, LLAMA_8B, mine).source == "unverified; look it up: s"


def test_a_speed_that_is_unknown_is_missing_and_not_the_speed_of_a_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    Path("plan.toml").write_text("[story]\nwant = 'questions answered'\n")
    Path("mine.toml").write_text("[[hardware]]\nname = 'box'\nmemory_gb = 64\n")
    Path("none.toml").write_text("documents = 3\nincluded = 0\nwords = 0\nfor_tuning = 0\n")
    app = Typer()
    app.command()(size_command)
    given = ["--plan", "plan.toml", "--facts", "none.toml", "--hardware-file", "mine.toml", "--hardware", "box"]
    shown = CliRunner().invoke(app, given).output
    assert "on box (64.0 GB)" in shown
    assert "No document is included yet" in shown
    assert "missing" in next(line for line in shown.splitlines() if line.startswith("rag "))
    assert "service" not in shown


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "names no hardware"),
        ("[[hardware]]\nname = 'x'", "hardware 1: memory_gb: field required"),
        ("[[hardware]]\nname = 'x'\nmemory_gb = 4\nprice_per_hour = 2", "price_source and price_date"),
        ("[[hardware]]\nname = 'x'\nmemory_gb = 4\nvram = 4", "vram: extra inputs"),
        ("hardware = 3", "names no hardware"),
        ("[[", "is not TOML"),
    ],
)
def test_a_file_of_hardware_that_cannot_be_used_is_one_clear_sentence(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "h.toml").write_text(text)
    with pytest.raises(InputError, match=words):
        read_hardware(tmp_path / "h.toml")


def test_unknown_hardware_is_answered_with_the_nearest_name() -> None:
    assert named_hardware(" a100 80gb ").name == "A100 80GB"
    with pytest.raises(InputError, match="the nearest is H100 80GB"):
        named_hardware("h100")


def test_what_has_no_peak_has_no_time() -> None:
    unknown = replace(A100, peak_flops=0.0)
    assert training_seconds(LLAMA_8B, Method.LORA, unknown, tokens=1e6) is None
