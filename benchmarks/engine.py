"""How fast the model on this machine reads and writes.

    python benchmarks/engine.py                               the small packaged model
    python benchmarks/engine.py --model qwen2.5-coder-1.5b    another one
    python benchmarks/engine.py --threads 2                   with two writing threads

Prompts are this project's own documentation. Every figure is the median of a few
rounds; compare them with each other rather than with another machine's.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from pathlib import Path

from foretune.engines import Completion, Engine, Request, open_engine
from foretune.types import Message

ROOT = Path(__file__).resolve().parent.parent
_WRITTEN = 32
"""Tokens written a request."""
_INSTRUCTION = Message("system", "You write the question that a text answers: one sentence, no preamble. " * 16)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="smollm2-135m")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--characters", type=int, default=1600, help="length of a prompt's text")
    options = parser.parse_args()
    texts = _texts(options.rounds, options.characters)

    def opened(parallel: int) -> Engine:
        return open_engine("llama", model=options.model, context=2048, threads=options.threads, parallel=parallel)

    with opened(1) as engine:
        began = time.perf_counter()
        engine.count_tokens("Hello")
        loaded = time.perf_counter() - began
        reading, writing = _speeds(engine, texts)
        cold, kept = _beginnings(engine, texts)
        one_by_one, alone = _many(engine, texts)
    print(f"model {options.model}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}")
    print(f"loading                     {loaded:8.2f} s")
    print(f"reading a prompt            {reading:8.0f} tokens/s")
    print(f"writing                     {writing:8.1f} tokens/s")
    print(f"prompt with new beginning   {cold:8.2f} s")
    print(f"prompt with kept beginning  {kept:8.2f} s   ({cold / kept:.2f} times as fast)")
    print(f"{len(alone)} requests one by one      {one_by_one:8.2f} s")
    for parallel in (2, 4):
        with opened(parallel) as engine:
            engine.count_tokens("Hello")
            seconds, answers = _many(engine, texts)
        same = sum(answers[n] == alone[n] for n in alone)
        print(
            f"{len(alone)} requests, {parallel} in parallel   {seconds:8.2f} s   "
            f"({one_by_one / seconds:.2f} times as fast, {same} of {len(alone)} texts the same)"
        )


def _texts(count: int, characters: int) -> list[str]:
    whole = "\n".join(path.read_text("utf-8") for path in sorted(ROOT.glob("docs/*.md")))
    return [whole[start : start + characters] for start in range(0, count * characters, characters)]


def _speeds(engine: Engine, texts: list[str]) -> tuple[float, float]:
    """Tokens a second, reading and writing, each prompt new to the model."""
    reading, writing = [], []
    for text in texts:
        began = time.perf_counter()
        times = [began]
        # The grammar keeps the model from ending early.
        for piece in engine.stream([Message("user", text)], max_tokens=_WRITTEN, grammar="root ::= [ -~]*"):
            times.append(time.perf_counter())
            if isinstance(piece, Completion):
                reading.append(piece.tokens_in / (times[1] - began))
                writing.append((piece.tokens_out - 1) / (times[-1] - times[1]))
    return statistics.median(reading), statistics.median(writing)


def _beginnings(engine: Engine, texts: list[str]) -> tuple[float, float]:
    """Seconds to the first token, where the instruction is new and where it is not."""
    cold, kept = [], []
    for number, text in enumerate(texts):
        new = Message("system", f"{number}. {_INSTRUCTION.content}")
        cold.append(engine.complete([new, Message("user", text[:400])], max_tokens=1).seconds)
        kept.append(engine.complete([new, Message("user", text[400:800])], max_tokens=1).seconds)
    return statistics.median(cold), statistics.median(kept)


def _many(engine: Engine, texts: list[str]) -> tuple[float, dict[int, str]]:
    """Seconds for eight requests of the usual kind, and what was answered."""
    pieces = [text[start : start + 600] for text in texts for start in (0, 600)][:8]
    requests = [Request((_INSTRUCTION, Message("user", piece)), _WRITTEN) for piece in pieces]
    began = time.perf_counter()
    answers = {number: completion.text for number, completion in engine.complete_many(requests)}
    return time.perf_counter() - began, answers


if __name__ == "__main__":
    main()
