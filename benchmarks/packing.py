"""Whether packing would train faster than batches of like length: forward and backward over the same short examples.

    python benchmarks/packing.py

Packing lays several examples end to end in one row, each with positions from zero and a mask that keeps it from seeing
its neighbours, so the losses are the same (checked) and nothing is padded. Batches of like length pad a little, and
need no mask. Short examples of uneven length are where packing should win most.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

from foretune.models import locate
from foretune.plan.config import TuningSettings
from foretune.tuning.base import load_base
from foretune.tuning.chat import load_chat_tokenizer
from foretune.tuning.gradients import head_loss
from foretune.tuning.runtime import choose_attention, choose_device, choose_dtype, torch
from foretune.tuning.schedule import batches
from foretune.tuning.tokenize import IGNORED, Encoded
from foretune.tuning.train import attach_adapter, labelled_loss
from tuning import uneven_examples  # type: ignore[import-not-found]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="smollm2-135m", help="a packaged model or a GGUF file (smollm2-135m)")
    parser.add_argument("--examples", type=int, default=32, help="how many (32)")
    parser.add_argument(
        "--batch-size", type=int, default=8, help="examples a batch, and about as many tokens a row (8)"
    )
    parser.add_argument("--rounds", type=int, default=3, help="how often; the median counts (3)")
    options = parser.parse_args()
    base, settings = locate(options.model), TuningSettings()
    device = choose_device()
    dtype = choose_dtype(settings.precision, device)
    encoded = uneven_examples(load_chat_tokenizer(base.weights), options.examples)
    order = batches([len(item.ids) for item in encoded], options.batch_size, seed=0, epoch=0)
    alike = [[encoded[index] for index in batch] for batch in order]
    tokens = sum(len(item.ids) for item in encoded)
    rows = packed(encoded, tokens // len(alike))
    padded = sum(len(batch) * max(len(item.ids) for item in batch) for batch in alike)
    print(f"{len(encoded)} examples of {min(len(e.ids) for e in encoded)} to {max(len(e.ids) for e in encoded)} tokens")
    print(f"{len(alike)} batches, {padded / tokens - 1:.1%} padding; {len(rows)} packed rows without any")
    longest = max(len(item.ids) for item in encoded)
    ways: dict[str, tuple[str, Callable[[Any, list[Encoded]], Any], list[list[Encoded]]]] = {
        "like length": (choose_attention(device, dtype, longest), labelled_loss, alike),
        "packed, sdpa": ("sdpa", packed_loss, rows),
        "packed, eager": ("eager", packed_loss, rows),
    }
    models = {
        attention: attach_adapter(load_base(base.weights, dtype=dtype, device=device, attention=attention), settings)
        for attention in {way[0] for way in ways.values()}
    }
    busy: dict[str, list[float]] = {name: [] for name in ways}
    losses: dict[str, float] = {}
    for _ in range(options.rounds):
        for name, (attention, loss_of, groups) in ways.items():
            started, losses[name] = time.process_time(), 0.0
            for group in groups:
                loss = loss_of(models[attention], group)
                loss.backward()
                losses[name] += float(loss.item())
            busy[name].append(time.process_time() - started)
    print(f"{'':<16}{'tokens/CPU-s':>14}{'loss':>12}")
    for name, times in busy.items():
        print(f"{name:<16}{tokens / median(times):>14.0f}{losses[name]:>12.2f}")
    best = min(median(times) for name, times in busy.items() if name.startswith("packed"))
    print(f"packing is {median(busy['like length']) / best:.2f} times as fast as batches of like length")


def packed(examples: Sequence[Encoded], size: int) -> list[list[Encoded]]:
    """Rows of up to ``size`` tokens: the longest first, each into the first row with room (first-fit decreasing)."""
    rows: list[list[Encoded]] = []
    for item in sorted(examples, key=lambda item: -len(item.ids)):
        room = (row for row in rows if sum(len(each.ids) for each in row) + len(item.ids) <= size)
        row = next(room, None)
        if row is None:
            rows.append([item])
        else:
            row.append(item)
    return rows


def packed_loss(model: Any, row: Sequence[Encoded]) -> torch.Tensor:
    """As :func:`foretune.tuning.train.labelled_loss`, of examples laid end to end."""
    ids = torch.tensor([[token for item in row for token in item.ids]], device=model.device)
    positions = torch.cat([torch.arange(len(item.ids)) for item in row])[None].to(model.device)
    owner = torch.repeat_interleave(torch.arange(len(row)), torch.tensor([len(item.ids) for item in row]))
    seen = (owner[:, None] == owner[None, :]).tril()
    # The first token of an example is not predicted from the last of its neighbour.
    labels = torch.tensor([label for item in row for label in (IGNORED, *item.labels[1:])], device=model.device)[1:]
    core = model.get_base_model()
    mask = torch.zeros(seen.shape, dtype=core.dtype).masked_fill(~seen, torch.finfo(core.dtype).min)[None, None]
    with torch.autocast(model.device.type, torch.bfloat16, enabled=core.dtype == torch.bfloat16):
        decoder = core.get_decoder()
        hidden = decoder(
            input_ids=ids, position_ids=positions, attention_mask=mask.to(model.device), use_cache=False
        ).last_hidden_state[0, :-1]
        learnt = labels != IGNORED
        return head_loss(hidden[learnt], core.get_output_embeddings().weight, labels[learnt])


if __name__ == "__main__":
    main()
