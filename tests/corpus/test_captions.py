from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.corpus.files import reading
from tests.helpers import shared

from foretune.corpus import Unreadable
from foretune.corpus.readers.captions import Cue, cues, transcript

WORDS = st.from_regex(r"[a-zà-ÿ]{1,9}( [a-zà-ÿ]{1,9}){0,5}[.!?]?", fullmatch=True)
SPEAKERS = st.sampled_from(["", "Ann Example", "Bo"])
TIMES = st.integers(0, 35_999_999).map(lambda milliseconds: milliseconds / 1000)
CUES = st.lists(st.builds(Cue, TIMES, TIMES, SPEAKERS, WORDS), max_size=12)


def _time(seconds: float, mark: str) -> str:
    minutes, milliseconds = divmod(round(seconds * 1000), 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{milliseconds // 1000:02}{mark}{milliseconds % 1000:03}"


def _vtt(found: list[Cue], end: str) -> str:
    blocks = ["WEBVTT", "NOTE made by a test", "STYLE\n::cue { color: red }"]
    for number, cue in enumerate(found):
        said = f"<v {cue.speaker}>{cue.text}</v>" if cue.speaker else f"<c.loud>{cue.text}</c>"
        blocks.append(f"{number}\n{_time(cue.start, '.')} --> {_time(cue.end, '.')} align:start\n{said}")
    return "\n\n".join(blocks).replace("\n", end) + end


@given(CUES, st.sampled_from(["\n", "\r\n"]))
def test_cues_are_read_back_from_webvtt(found: list[Cue], end: str) -> None:
    assert cues(_vtt(found, end)) == found


@given(CUES)
def test_cues_are_read_back_from_subrip(found: list[Cue]) -> None:
    blocks = [
        f"{number}\n{_time(cue.start, ',')} --> {_time(cue.end, ',')}\n{cue.text}"
        for number, cue in enumerate(found, start=1)
    ]
    expected = [Cue(cue.start, cue.end, "", cue.text) for cue in found]
    assert cues("\n\n".join(blocks)) == expected


@given(CUES)
def test_every_cue_is_found_in_the_text_where_the_properties_say(found: list[Cue]) -> None:
    text, spoken = transcript(found)
    last = None
    kept = []
    for cue in found:
        if last is None or (cue.speaker, cue.text) != (last.speaker, last.text):
            kept.append(cue)
        last = cue if last is None or (cue.speaker, cue.text) != (last.speaker, last.text) else last
    assert [[cue.start, cue.end] for cue in kept] == [times[:2] for times in spoken]
    for cue, (_, _, offset) in zip(kept, spoken, strict=True):
        assert text[int(offset) :].startswith(cue.text)


@given(st.text())
def test_any_text_can_be_looked_through_for_cues(text: str) -> None:
    assert all(cue.text for cue in cues(f"WEBVTT\n\n{text}\n\n00:01.000 --> 00:02.000\n{text}"))


def test_a_name_and_a_colon_are_a_speaker_when_they_come_back() -> None:
    block = "00:00:0{0}.000 --> 00:00:0{0}.900\n{1}"
    said = ["Ann: Hello.", "Remember: be kind.", "Ann: Bye.", "Ann: Really."]
    text = "WEBVTT\n\n" + "\n\n".join(block.format(number, line) for number, line in enumerate(said))
    found = reading("call.vtt", text)
    assert found.text == "Ann: Hello.\n\nRemember: be kind.\n\nAnn: Bye. Really."
    assert found.description.properties["speakers"] == ["Ann"]


def test_a_file_without_cues_is_set_aside() -> None:
    with pytest.raises(Unreadable, match="WebVTT"):
        reading("a.vtt", "this is only called a caption file")


def test_real_captions_are_read() -> None:
    folder = shared("messy-files") / "dev/tika"
    film = reading("a.srt", (folder / "test_subrip.srt").read_bytes())
    assert film.text.startswith('ESSAI DE SOUS-TITRES\n"Pour tester la reconnaissance, il faut des lignes de textes."')
    assert "PREMIÈRE PARTIE : VIE DE TOTO" in film.text
    advert = reading("a.vtt", (folder / "testWebVTT.vtt").read_bytes())
    assert "entertaining\nPhone conversations where people truly connect\n" in advert.text
    assert advert.description.properties["cues"][0] == [3.5, 5.0, 0]
