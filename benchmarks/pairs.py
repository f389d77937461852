"""How busy pair writing keeps the model, how many of its prompts pass, and how many pairs rules make.

    python benchmarks/pairs.py                                          the example handbook, the small model
    python benchmarks/pairs.py --folder PAGES --units 40                other pages, more of them
    python benchmarks/pairs.py --model qwen2.5-coder-1.5b --style instruction

Busy: tokens a second while pairs are written and kept in a vault, against tokens a second of the time the engine was
at work meanwhile, and against the same requests in one batch with nothing else to do, which is its own ceiling. Pairs
are written one request at a time, so that the same input gives the same pairs; what four at a time would bring is told
too. Passing: prompts that no check speaks against, after as many attempts as the plan gives, with the reasons of the
others.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import frontmatter
from sqlalchemy import insert

from foretune.engines import Completion, Engine, Request, open_engine
from foretune.pairs import choices, load_framework, stored_pairs, write_pairs
from foretune.pairs.recipes import registered
from foretune.pairs.slots import Making
from foretune.plan.config import PairsSettings, Story
from foretune.types import GovernedDocument, Use, digest
from foretune.vault import Vault
from foretune.vault import tables as t

ROOT = Path(__file__).resolve().parent.parent


class Timed:
    """Passes requests on, keeps them, and adds up the tokens and the time they took in the engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.tokens, self.seconds, self.requests = engine, 0, 0.0, list[Request]()

    def complete_many(self, requests: Sequence[Request]) -> Iterator[tuple[int, Completion]]:
        self.requests += requests
        running = self.engine.complete_many(requests)
        while True:
            began = time.perf_counter()
            found = next(running, None)
            self.seconds += time.perf_counter() - began
            if found is None:
                return
            self.tokens += found[1].tokens_in + found[1].tokens_out
            yield found

    def __getattr__(self, name: str) -> Any:
        return getattr(self.engine, name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=ROOT / "examples" / "handbook" / "documents")
    parser.add_argument("--model", default="smollm2-135m")
    parser.add_argument("--framework", default="race")
    parser.add_argument("--style", choices=("question", "instruction"), default="question")
    parser.add_argument("--units", type=int, default=24)
    parser.add_argument("--words", type=int, default=90, help="of a section, at most")
    parser.add_argument("--attempts", type=int, default=2)
    options = parser.parse_args()
    documents = list(_documents(options.folder))
    framework = load_framework(options.framework, folder=Path.cwd())
    settings = PairsSettings(limit=options.units, max_words=options.words, attempts=options.attempts)
    _by_rule(documents, Making(settings, framework, framework.question, "an author", lambda _: "train"))
    with open_engine("llama", model=options.model, context=4096) as engine:
        engine.count_tokens("Hello")
        timed = Timed(engine)
        with tempfile.TemporaryDirectory() as folder, Vault.create(Path(folder) / "vault") as vault:
            _put(vault, documents)
            began = time.perf_counter()
            write_pairs(
                vault,
                documents,
                timed,
                framework,
                settings,
                story=Story(persona="an author"),
                style_name=options.style,
                bench_questions=(),
                recipes=choices(("document", "section"), voice=False, pilot=False),
            )
            writing = time.perf_counter() - began
            pairs = stored_pairs(vault)
    alone, four = (_batched(options.model, timed.requests, parallel) for parallel in (1, 4))
    passed = sum(pair.writer == "engine" for pair in pairs)
    print(f"model {options.model}, framework {framework.name}, style {options.style}, {options.attempts} attempts")
    print(f"written while pairs are kept  {timed.tokens / writing:8.0f} tokens/s")
    print(f"the engine alone              {timed.tokens / timed.seconds:8.0f} tokens/s")
    print(f"busy                          {timed.seconds / writing:8.1%}")
    print(
        f"all requests in one batch     {alone:8.0f} tokens/s; writing has {timed.tokens / writing / alone:.1%} of it"
    )
    print(f"four at a time                {four:8.0f} tokens/s, {four / alone:.2f} times one at a time")
    print(f"prompts that pass             {passed} of {len(pairs)}")
    for reason, count in Counter(_fault(pair.reason) for pair in pairs if pair.writer == "template").most_common(8):
        print(f"  {count:3} x {reason}")


def _batched(model: str, requests: Sequence[Request], parallel: int) -> float:
    """Tokens a second of an engine that has nothing else to do."""
    with open_engine("llama", model=model, context=4096, parallel=parallel) as engine:
        engine.count_tokens("Hello")
        began = time.perf_counter()
        tokens = sum(found.tokens_in + found.tokens_out for _, found in engine.complete_many(requests))
        return tokens / (time.perf_counter() - began)


def _by_rule(documents: Sequence[GovernedDocument], making: Making) -> None:
    began = time.process_time()
    counts = {
        name: sum(1 for _ in registered(name).make(documents, making)) for name in ("question_answer", "paraphrases")
    }
    seconds = time.process_time() - began
    made = ", ".join(f"{count:,} {name}" for name, count in counts.items())
    print(f"by rule from {len(documents)} pages      {made} in {seconds:.1f} CPU-s")


def _fault(reason: str) -> str:
    """Without the figures and words that differ from pair to pair."""
    return reason.partition("because ")[2].partition(" (")[0].split(";")[0].lstrip("0123456789 ")


def _documents(folder: Path) -> Iterator[GovernedDocument]:
    for path in sorted(folder.rglob("*.md")):
        parsed = frontmatter.loads(path.read_text(encoding="utf-8"))
        name, title = path.relative_to(folder).as_posix(), str(parsed.metadata.get("title") or "")
        yield GovernedDocument(digest(name)[:16], name, parsed.content, Use.BOTH, digest(parsed.content), title=title)


def _put(vault: Vault, documents: Sequence[GovernedDocument]) -> None:
    rest = {"source_id": "s", "content_hash": "", "size": 0, "mtime_ns": 0, "added_at": "", "changed_at": ""}
    source = {"id": "s", "location": "/", "kind": "folder", "label": "public", "added_at": ""}
    rows = [
        {"id": d.id, "path": d.path, "media_type": d.media_type, "label": "public", "text": d.text, **rest}
        for d in documents
    ]
    with vault.writing() as connection:
        connection.execute(insert(t.source).values(source))
        connection.execute(insert(t.document), rows)


if __name__ == "__main__":
    main()
