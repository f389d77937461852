"""A small token classifier: of each word, how likely it belongs to a name, an address or a place.

The model is Rampart (National Design Studio, CC BY 4.0,
https://huggingface.co/nationaldesignstudio/rampart): BERT, 6 layers of 384, lower
case. It comes as data (see :mod:`foretune.models`). One text is one run, so that
what is found in a text never depends on its company.
"""

from __future__ import annotations

import functools
import json
from typing import NamedTuple

import numpy as np

from foretune.models import CATALOGUE, ModelFiles, installed, locate

__all__ = ["MODEL", "Classifier", "Word", "classifier"]

MODEL = "rampart"
_MAX_TOKENS = 510
_FAMILIES = {
    "person": ("GIVEN_NAME", "SURNAME"),
    "address": ("BUILDING_NUMBER", "STREET_NAME", "SECONDARY_ADDRESS", "ZIP_CODE"),
    "place": ("CITY", "STATE"),
}
_PROBES = 50_000
"""Words remembered by :meth:`Classifier.alone`: about 5 MB."""


class Word(NamedTuple):
    """A word, number or sign and the probabilities, 0 to 1, of what it is part of."""

    start: int
    end: int
    person: float
    address: float
    place: float


class Classifier:
    """The model, opened."""

    def __init__(self, files: ModelFiles) -> None:
        import onnxruntime as ort
        from tokenizers import Tokenizer

        from foretune.governance.personal.int8 import eight_bit

        self._tokenizer = Tokenizer.from_file(str(files.files["tokenizer.json"]))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(_MAX_TOKENS)
        labels = json.loads(files.files["config.json"].read_bytes())["id2label"]
        self._columns = [
            [int(number) for number, label in labels.items() if label[2:] in kinds] for kinds in _FAMILIES.values()
        ]
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = ort.InferenceSession(eight_bit(files.weights), options, providers=["CPUExecutionProvider"])
        self.alone = functools.lru_cache(_PROBES)(self._alone)

    def words(self, text: str) -> list[Word]:
        """Every word of ``text`` (what fits into 510 pieces), each with the probabilities of its most likely pieces."""
        encoding = self._tokenizer.encode(text)
        ids = np.array([encoding.ids], dtype=np.int64)
        ones, zeros = np.ones_like(ids), np.zeros_like(ids)
        logits = self._session.run(None, {"input_ids": ids, "attention_mask": ones, "token_type_ids": zeros})[0][0]
        odds = np.exp(logits - logits.max(axis=-1, keepdims=True))
        odds /= odds.sum(axis=-1, keepdims=True)
        families = np.stack([odds[:, columns].sum(axis=-1) for columns in self._columns], axis=-1).tolist()
        words: list[Word] = []
        last = None
        for (start, end), number, (person, address, place) in zip(
            encoding.offsets, encoding.word_ids, families, strict=True
        ):
            if number is None:
                continue
            if number == last:
                known = words[-1]
                words[-1] = Word(
                    known.start,
                    end,
                    max(known.person, person),
                    max(known.address, address),
                    max(known.place, place),
                )
            else:
                words.append(Word(start, end, person, address, place))
            last = number
        return words

    def _alone(self, word: str) -> float:
        """How likely ``word`` is a name where only a name is to be expected: ordinary words are near zero."""
        return max((each.person for each in self.words(f"thanks, {word}")[2:]), default=0.0)


def classifier() -> Classifier | None:
    """The model, opened once a process; None where it is not on this machine.

    Raises:
        ModelError: its files are not those that Foretune knows.
    """
    return _open() if installed(CATALOGUE[MODEL]) else None


@functools.cache
def _open() -> Classifier:
    return Classifier(locate(MODEL))
