"""Whether the engine writes, word for word, what torch writes: base and adapter merged, 100 prompts, greedy.

    python benchmarks/tuning_parity.py             trains a pilot on the handbook first (a minute or two)
    python benchmarks/tuning_parity.py --peft DIR  with an adapter that is there

Both read the same merged GGUF file, float32 and float16; torch computes in float32. What differs is the order of
sums and the engine's float16 cache, so answers may part where two tokens are almost equally likely. At least 95 of
100 are to be the same to the last token. The same on a random model is tested in tests/tuning/test_merge.py.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from foretune.engines import open_engine
from foretune.models import locate
from foretune.plan.config import TuningSettings
from foretune.tuning.base import load_base
from foretune.tuning.chat import load_chat_tokenizer
from foretune.tuning.merge import write_merged
from foretune.tuning.recipes import pilot
from foretune.tuning.runtime import torch
from foretune.types import Message
from tuning import handbook_examples  # type: ignore[import-not-found]

SYSTEM = Message("system", "Answer in one sentence.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="smollm2-135m", help="a packaged model or a GGUF file (smollm2-135m)")
    parser.add_argument("--prompts", type=int, default=100, help="how many (100)")
    parser.add_argument("--tokens", type=int, default=24, help="of each answer, at most (24)")
    parser.add_argument("--peft", type=Path, help="PEFT folder of an adapter for the model")
    options = parser.parse_args()
    base = locate(options.model)
    with tempfile.TemporaryDirectory() as folder:
        given = (
            options.peft
            or pilot(handbook_examples(), base=base, folder=Path(folder) / "adapter", settings=TuningSettings()).peft
        )
        for kind in ("F32", "F16"):
            merged = Path(folder) / f"merged-{kind}.gguf"
            write_merged(base.weights, given, merged, kind=kind)
            same = sum(
                ours == theirs
                for ours, theirs in zip(
                    torch_answers(merged, prompts(options.prompts), options.tokens),
                    engine_answers(merged, prompts(options.prompts), options.tokens),
                    strict=True,
                )
            )
            print(f"{kind}: {same} of {options.prompts} answers are the same to the last token (at least 95 % wanted)")
            merged.unlink()


def prompts(count: int) -> list[list[Message]]:
    """A question about a paragraph of the handbook each, and its beginning."""
    found = handbook_examples()
    step = max(1, len(found) // count)
    return [
        [SYSTEM, Message("user", f"{each.messages[0].content} {each.messages[1].content[:120]}")]
        for each in found[::step][:count]
    ]


def torch_answers(path: Path, asked: list[list[Message]], tokens: int) -> list[str]:
    model = load_base(path, dtype=torch.float32, device=torch.device("cpu")).eval()
    chat = load_chat_tokenizer(path)
    answers = []
    for messages in asked:
        ids = torch.tensor([chat.encode(chat.render(messages, add_generation_prompt=True))])
        with torch.inference_mode():
            written = model.generate(
                ids,
                attention_mask=torch.ones_like(ids),
                max_new_tokens=tokens,
                do_sample=False,
                use_cache=True,
                eos_token_id=sorted(chat.end_tokens),
                pad_token_id=0,
            )[0, ids.shape[1] :].tolist()
        kept = [token for token in written if token not in chat.end_tokens]
        answers.append(chat.decode(kept))
    return answers


def engine_answers(path: Path, asked: list[list[Message]], tokens: int) -> list[str]:
    with open_engine("llama", model=str(path), context=2048) as engine:
        return [engine.complete(messages, max_tokens=tokens).text for messages in asked]


if __name__ == "__main__":
    main()
