"""One loaded model with its adapters: prompts go in, events come out, each the same whatever came before.

llama.cpp by itself does not promise that. How a prompt is cut into batches
changes the last bits of its numbers, a small model's likeliest tokens are near
ties, and what is left in the cache from earlier prompts decides where the cuts
fall. So prompts are always cut at the same places: after what requests share
(all messages but the last), which is kept in a slot of its own, and then every
:data:`~foretune.engines.llama_server.BATCH` tokens.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

from foretune.engines.gguf_header import GgufHeader
from foretune.engines.llama_prompt import Prompt, PromptWriter
from foretune.engines.llama_server import LlamaServer, RefusedError
from foretune.engines.quiet import quiet_stderr
from foretune.engines.schema import check_schema
from foretune.engines.types import Request, Score
from foretune.errors import EngineError
from foretune.types import digest

__all__ = ["LlamaSession"]

_ALONE = 0
"""The slot for prompts that share nothing with others."""
_SHARED = (1, 2)
"""Slots for beginnings that are kept; the one not used for longest makes room."""
_MIN_SHARED = 32
"""Shorter beginnings are not worth a slot, in tokens."""
_NO_JSON = "~"
_FAR = 1e6
_UNREADABLE = "llama.cpp cannot follow the {what} that the answer is to have: correct it, or use simpler rules."

# llama.cpp's defaults of 2026, written down so that a new version does not change what a seed gives.
_SAMPLING = {"top_k": 40, "top_p": 0.95, "min_p": 0.05, "repeat_penalty": 1.0}
_SEEDS = 2**32 - 1
"""llama.cpp takes this value for "random"."""
_LAYOUT = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
"""Read by llguidance: no free white space in JSON, which a small model would fill its answer with."""


class LlamaSession:
    """Takes one request at a time, or ``parallel``, which is faster on many cores and gives up the sameness.

    Args:
        adapters: LoRA files by their hash.

    Raises:
        EngineError: the model, or an adapter with it, could not be loaded.
    """

    def __init__(
        self,
        model: Path,
        header: GgufHeader,
        adapters: dict[str, Path],
        *,
        context: int,
        threads: int,
        batch_threads: int,
        parallel: int,
    ) -> None:
        self.adapters = tuple(adapters)
        self._parallel = parallel
        self._context = context
        self._server = LlamaServer(
            model,
            context=context,
            slots=parallel if parallel > 1 else 1 + len(_SHARED),
            threads=threads,
            batch_threads=batch_threads,
            adapters=tuple(adapters.values()),
        )
        self.writer = PromptWriter(self._server, header.special_tokens)
        self._kept: OrderedDict[str, int] = OrderedDict()
        self._tried: set[str] = set()

    def close(self) -> None:
        """Cancel what is asked and free the model; may be called twice, from any thread."""
        self._server.close()

    def events(self, request: Request, prompt: Prompt, adapter: str | None) -> Generator[Any, None, None]:
        """What llama.cpp's ``/completion`` streams; closing the iterator cancels the request.

        Raises:
            RefusedError: llama.cpp would not.
            EngineError: the schema or grammar is wrong, or the session was closed.
        """
        lora = self._lora(adapter)
        body: dict[str, Any] = {
            **_SAMPLING,
            "prompt": prompt.tokens,
            "n_predict": min(request.max_tokens, self._context),
            "temperature": request.temperature,
            "seed": request.seed % _SEEDS,
            "stop": request.stop,
            "n_probs": request.logprobs,
            "lora": lora,
        }
        return self._server.events("/completion", body | self._constraint(request) | self._place(prompt, lora))

    def score(self, prompt: Prompt, continuations: Sequence[str], adapter: str | None) -> list[Score]:
        """Have the model write each continuation, which a grammar leaves no way around."""
        lora = self._lora(adapter)
        self._keep(_ALONE, prompt.tokens, lora)
        return [self._score(prompt, self.writer.text_tokens(text), lora) for text in continuations]

    def _score(self, prompt: Prompt, tokens: Sequence[int], lora: list[dict[str, float]]) -> Score:
        if not tokens:
            return Score(0.0, 0)
        body = {
            "id_slot": _ALONE,
            "cache_prompt": True,
            "prompt": prompt.tokens,
            "n_predict": len(tokens),
            "temperature": 0.0,
            "n_probs": 1,
            "lora": lora,
            "grammar": "root ::= " + " ".join(f"<[{token}]>" for token in tokens),
        }
        written = self._server.post("/completion", body)["completion_probabilities"]
        return Score(sum(entry["logprob"] for entry in written), len(tokens))

    def _lora(self, adapter: str | None) -> list[dict[str, float]]:
        return [{"id": n, "scale": float(loaded == adapter)} for n, loaded in enumerate(self.adapters)]

    def _place(self, prompt: Prompt, lora: list[dict[str, float]]) -> dict[str, Any]:
        """The slot to read the prompt in, which then holds what the prompt shares and nothing more."""
        if self._parallel > 1:
            return {"cache_prompt": True}
        if prompt.shared < _MIN_SHARED:
            return {"id_slot": _ALONE, "cache_prompt": False}
        beginning = prompt.tokens[: prompt.shared]
        key = digest(lora, beginning)
        # Out of the table until it is ready: a slot that was interrupted is read anew.
        slot = self._kept.pop(key, None)
        if slot is None:
            free = set(_SHARED) - set(self._kept.values())
            slot = min(free) if free else self._kept.popitem(last=False)[1]
            self._keep(slot, beginning, lora)
        else:
            self._cut_back(slot, beginning, lora)
        self._kept[key] = slot
        return {"id_slot": slot, "cache_prompt": True}

    def _keep(self, slot: int, tokens: Sequence[int], lora: list[dict[str, float]]) -> None:
        """Read ``tokens`` into a slot from the start."""
        self._read(slot, tokens, lora, cache=False)
        self._cut_back(slot, tokens, lora)

    def _cut_back(self, slot: int, tokens: Sequence[int], lora: list[dict[str, float]]) -> None:
        """Leave exactly ``tokens`` in a slot that begins with them.

        llama.cpp reads the last one again, by itself; :meth:`_keep` does so too,
        that the first request after it finds the same numbers as the second.
        """
        self._read(slot, tokens, lora, cache=True)

    def _read(self, slot: int, tokens: Sequence[int], lora: list[dict[str, float]], *, cache: bool) -> None:
        body = {"id_slot": slot, "cache_prompt": cache, "prompt": tuple(tokens), "n_predict": 0, "lora": lora}
        self._server.post("/completion", body)

    def _constraint(self, request: Request) -> dict[str, Any]:
        """The schema or grammar as llama.cpp takes it, tried out once.

        A grammar it cannot read it would print on the terminal, and a schema it
        cannot follow it would leave out without a word. So a token that no JSON
        begins with is made the likeliest by far: it comes only where nothing forbids it.
        """
        if request.schema is not None:
            check_schema(request.schema)
            constraint: dict[str, Any] = {"json_schema": {**request.schema, "x-guidance": _LAYOUT}}
        elif request.grammar is not None:
            constraint = {"grammar": request.grammar}
        else:
            return {}
        key = digest(json.dumps(constraint))
        if key not in self._tried:
            *_, never = self.writer.text_tokens(_NO_JSON)
            body = {
                "id_slot": _ALONE,
                "cache_prompt": False,
                "prompt": [never],
                "n_predict": 1,
                "temperature": 0.0,
                "n_probs": 1,
                "logit_bias": [[never, _FAR]],
            }
            with quiet_stderr():
                try:
                    written = self._server.post("/completion", body | constraint)
                except RefusedError:
                    raise EngineError(_UNREADABLE.format(what=next(iter(constraint)))) from None
            if request.schema is not None and written["completion_probabilities"][0]["id"] == never:
                raise EngineError(_UNREADABLE.format(what="json_schema"))
            self._tried.add(key)
        return constraint
