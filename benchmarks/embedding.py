"""How fast the embedder is, what it was compared with, and whether search suffers where something is faster.

    python benchmarks/embedding.py              the table, the latency of a query, the opening time
    python benchmarks/embedding.py --quick      without the columns on search, which embed every passage anew

Data: the handbook in ``examples/``, cut into passages of at most 160 words under
their headings, and its questions. Every way of running is measured in every
round, so that what else the machine does falls on all alike: compare ratios.
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file

from foretune.bench.questions import read_questions
from foretune.embedding import open_embedder
from foretune.embedding.bert_graph import bert_graph, read_shape
from foretune.embedding.minilm import MAX_TOKENS, NAME, MiniLM, plan_runs
from foretune.models import locate

ROOT = Path(__file__).resolve().parent.parent
HANDBOOK = ROOT / "examples" / "handbook"
FUSED = "com.microsoft"
BASIC = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
ALL = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
Ids = list[list[int]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--passages", type=int, default=120, help="how many to time (120)")
    parser.add_argument("--rounds", type=int, default=3, help="how often; the best counts (3)")
    parser.add_argument("--cores", type=int, default=2, help="cores to use (2)")
    parser.add_argument("--quick", action="store_true", help="no search columns")
    options = parser.parse_args()

    embedder = MiniLM(locate(NAME), threads=options.cores)
    paths, passages = zip(*split_handbook(), strict=True)
    chosen = np.random.default_rng(0).permutation(len(passages))
    ids = token_ids(embedder, [passages[i] for i in chosen[: options.passages]])
    calibration = token_ids(embedder, [passages[i] for i in chosen[-60:]])
    ways = list(all_ways(options.cores, calibration))

    best = [(np.inf, np.inf)] * len(ways)
    for _ in range(options.rounds):
        for i, way in enumerate(ways):
            wall, cpu = timed(partial(way.embed, ids))
            best[i] = min(best[i][0], wall), min(best[i][1], cpu)
    exact = ways[0].embed(ids)
    everything = token_ids(embedder, list(passages))
    print("| way | CPU ms a passage | relative | passages/s | lowest cosine | questions 1st, in 5 | paraphrases |")
    print("|---|---|---|---|---|---|---|")
    for way, (wall, cpu) in zip(ways, best, strict=True):
        cosine = float((way.embed(ids) * exact).sum(axis=1).min())
        row = [way.name, f"{1000 * cpu / len(ids):.1f}", f"{best[0][1] / cpu:.2f}", f"{len(ids) / wall:.0f}"]
        found = search_quality(way, embedder, paths, everything) if not options.quick and way.judged else ["", ""]
        print(f"| {' | '.join([*row, f'{cosine:.5f}', *found])} |", flush=True)
    tokens = sum(map(len, ids)) / len(ids)
    print(f"\n{len(ids)} passages of {tokens:.0f} tokens on average, {options.cores} cores, best of {options.rounds}.")
    print_short_texts(embedder, ways, passages)
    print_latency()


@dataclass(frozen=True)
class Way:
    """A graph and how texts go through it."""

    name: str
    session: Any
    runs: Callable[[Sequence[int]], list[list[int]]]
    """Lengths to groups of indices."""
    workers: int
    masked: bool = False
    judged: bool = False
    """Vectors differ enough for search to be looked at."""

    def embed(self, ids: Ids) -> Any:
        vectors = np.empty((len(ids), 384), dtype=np.float32)
        runs = self.runs([len(row) for row in ids])
        with ThreadPoolExecutor(self.workers) as pool:
            for run, result in zip(runs, pool.map(lambda run: self._run([ids[i] for i in run]), runs), strict=True):
                vectors[run] = result
        return vectors

    def _run(self, rows: Ids) -> Any:
        longest = max(map(len, rows))
        feed = {"ids": np.array([row + [0] * (longest - len(row)) for row in rows], dtype=np.int64)}
        if self.masked:
            feed["mask"] = np.array([[1] * len(row) + [0] * (longest - len(row)) for row in rows], dtype=np.int32)
        return self.session.run(None, feed)[0]


def all_ways(cores: int, calibration: Ids) -> Iterator[Way]:
    yield Way("**equal lengths together, one run a core**", session(graph()), plan_runs, cores, judged=True)
    yield Way("one text a run, one run a core", session(graph()), groups(1), cores)
    yield Way("one text a run, all cores inside it", session(graph(), threads=cores), groups(1), 1)
    yield Way("padded to 8, one run a core", session(masked(graph())), groups(8), cores, masked=True)
    yield Way("padded to 32, all cores inside it", session(masked(graph()), threads=cores), groups(32), 1, masked=True)
    yield Way("onnxruntime's fusions on top", session(graph(), level=ALL), plan_runs, cores)
    yield Way("plain operators", session(plain(graph())), plan_runs, cores)
    yield Way("plain operators, onnxruntime's fusions", session(plain(graph()), level=ALL), plan_runs, cores)
    peaks = input_peaks(calibration)
    for name, bits, scales in (
        ("int8, weights of 7 bits", 7, {}),
        ("int8, 7 bits, outlier channels scaled", 7, peaks),
        ("int8, 8 bits, outlier channels scaled", 8, peaks),
    ):
        # Activations are quantised over a whole run: only one text a run keeps vectors apart.
        yield Way(name, session(int8(graph(), bits, scales)), groups(1), cores, judged=True)


def groups(size: int) -> Callable[[Sequence[int]], list[list[int]]]:
    """Runs of ``size`` texts, longest first."""

    def runs(lengths: Sequence[int]) -> list[list[int]]:
        order = sorted(range(len(lengths)), key=lambda i: -lengths[i])
        return [order[start : start + size] for start in range(0, len(order), size)]

    return runs


# ── graphs ────────────────────────────────────────────────────────────────────


def graph() -> Any:
    """The one Foretune uses."""
    files = locate(NAME)
    return onnx.load_from_string(bert_graph(files.weights, read_shape(files.files["config.json"])))


def session(model: Any, *, threads: int = 1, level: Any = BASIC) -> Any:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.graph_optimization_level = level
    options.log_severity_level = 3
    folder = str(locate(NAME).weights.parent)
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", folder)
    return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def rewritten(model: Any, rules: dict[str, Callable[[Any], list[Any]]]) -> Any:
    """Replace nodes by operator."""
    nodes = [new for node in model.graph.node for new in rules.get(node.op_type, lambda node: [node])(node)]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model


def constant(model: Any, name: str, values: Any) -> str:
    model.graph.initializer.append(numpy_helper.from_array(np.asarray(values), name))
    return name


def masked(model: Any) -> Any:
    """With an input ``mask`` that says which tokens are padding."""
    model.graph.input.append(helper.make_tensor_value_info("mask", TensorProto.INT32, ["texts", "tokens"]))
    constant(model, "between", np.array([1]))

    def attention(node: Any) -> list[Any]:
        node.input.extend(["", "mask"])
        return [node]

    def ones(node: Any) -> list[Any]:
        cast = helper.make_node("Cast", ["mask"], ["float mask"], to=TensorProto.FLOAT)
        return [cast, helper.make_node("Unsqueeze", ["float mask", "between"], node.output)]

    return rewritten(model, {"MultiHeadAttention": attention, "ConstantOfShape": ones})


def plain(model: Any) -> Any:
    """Attention and GELU in the operators of the ONNX standard."""
    constant(model, "heads", np.array([0, 0, 12, 32]))
    constant(model, "joined", np.array([0, 0, 384]))
    constant(model, "scale", np.float32(32**-0.5))
    constant(model, "root2", np.float32(2**0.5))
    constant(model, "unit", np.float32(1))
    constant(model, "half", np.float32(0.5))

    def chain(node: Any, steps: list[tuple[str, list[str], dict[str, Any]]]) -> list[Any]:
        """Nodes named after ``node``; ``$n`` is the output of step n, the last one's is the node's own."""
        names = [f"{node.output[0]} {n}" for n in range(len(steps) - 1)] + [node.output[0]]
        return [
            helper.make_node(op, [names[int(i[1:])] if i[0] == "$" else i for i in inputs], [name], **attributes)
            for name, (op, inputs, attributes) in zip(names, steps, strict=True)
        ]

    def attention(node: Any) -> list[Any]:
        q, k, v = node.input[:3]
        return chain(
            node,
            [
                ("Reshape", [q, "heads"], {}),
                ("Transpose", ["$0"], {"perm": [0, 2, 1, 3]}),
                ("Reshape", [k, "heads"], {}),
                ("Transpose", ["$2"], {"perm": [0, 2, 3, 1]}),
                ("Reshape", [v, "heads"], {}),
                ("Transpose", ["$4"], {"perm": [0, 2, 1, 3]}),
                ("MatMul", ["$1", "$3"], {}),
                ("Mul", ["$6", "scale"], {}),
                ("Softmax", ["$7"], {"axis": -1}),
                ("MatMul", ["$8", "$5"], {}),
                ("Transpose", ["$9"], {"perm": [0, 2, 1, 3]}),
                ("Reshape", ["$10", "joined"], {}),
            ],
        )

    def gelu(node: Any) -> list[Any]:
        x = node.input[0]
        steps: list[tuple[str, list[str], dict[str, Any]]] = [("Div", [x, "root2"], {}), ("Erf", ["$0"], {})]
        steps += [("Add", ["$1", "unit"], {}), ("Mul", [x, "$2"], {}), ("Mul", ["$3", "half"], {})]
        return chain(node, steps)

    return rewritten(model, {"MultiHeadAttention": attention, "Gelu": gelu})


def int8(model: Any, bits: int, peaks: dict[str, Any]) -> Any:
    """Linear layers with symmetric int8 weights a channel and activations quantised a run.

    Eight bits overflow the 16-bit sums of CPUs without VNNI, seven never do.
    Where ``peaks`` are given, channels whose activations stand out beyond the
    usual are scaled down and their weights up (SmoothQuant, arXiv 2211.10438).
    """
    weights = load_file(locate(NAME).weights)
    largest = 2 ** (bits - 1) - 1

    def linear(node: Any) -> list[Any]:
        x, weight_name, bias = node.input
        matrix, nodes = weights[weight_name].T, []
        if peaks:
            stretch = np.maximum(1, peaks[x] / np.percentile(peaks[x], 90)).astype(np.float32)
            matrix = matrix * stretch[:, None]
            shrink = constant(model, f"{weight_name} shrink", 1 / stretch)
            nodes.append(helper.make_node("Mul", [x, shrink], [f"{weight_name} shrunk"]))
            x = f"{weight_name} shrunk"
        scale = np.abs(matrix).max(axis=0) / largest
        quantised = np.rint(matrix / scale).astype(np.int8)
        inputs = [
            x,
            constant(model, f"{weight_name} int8", quantised),
            constant(model, f"{weight_name} scale", scale),
            constant(model, f"{weight_name} zero", np.zeros(len(scale), np.int8)),
            bias,
        ]
        return [*nodes, helper.make_node("DynamicQuantizeMatMul", inputs, node.output, domain=FUSED)]

    return rewritten(model, {"Gemm": linear})


def input_peaks(ids: Ids) -> dict[str, Any]:
    """The largest absolute value of every channel that goes into a linear layer."""
    model = graph()
    names = sorted({node.input[0] for node in model.graph.node if node.op_type == "Gemm"})
    model.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names)
    observed = session(model)
    peaks = [[np.abs(x).max(axis=0) for x in observed.run(names, {"ids": np.array([row])})] for row in ids]
    return {name: np.max(values, axis=0) for name, values in zip(names, zip(*peaks, strict=True), strict=True)}


# ── what is measured ──────────────────────────────────────────────────────────


def split_handbook(words: int = 160) -> list[tuple[str, str]]:
    """(path, passage) of every piece, headed by the page's title and its own heading."""
    pieces = []
    folder = HANDBOOK / "documents"
    for page in sorted(folder.rglob("*.md")):
        text = page.read_text(encoding="utf-8")
        front = re.match(r"---\n.*?\n---\n", text, re.DOTALL)
        title = re.search(r"^title:\s*(.*)$", text, re.MULTILINE)
        for section in re.split(r"\n(?=#)", text[front.end() if front else 0 :]):
            body = section.split()
            heading = section.strip().splitlines()[0] if section.strip().startswith("#") else ""
            for start in range(0, len(body), words):
                above = [title[1].strip("\"' ") if title else "", heading if start else ""]
                head = "".join(f"{line}. " for line in above if line)
                pieces.append((page.relative_to(folder).as_posix(), head + " ".join(body[start : start + words])))
    return pieces


def token_ids(embedder: MiniLM, texts: list[str]) -> Ids:
    rows = [encoding.ids for encoding in embedder._tokenizer.encode_batch_fast(texts)]
    return [row if len(row) <= MAX_TOKENS else [*row[: MAX_TOKENS - 1], row[-1]] for row in rows]


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds of the clock and of the CPU."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def search_quality(way: Way, embedder: MiniLM, paths: Sequence[str], passages: Ids) -> list[str]:
    """Right page first and among five, for the questions and for their paraphrases."""
    questions = [q for q in read_questions(HANDBOOK / "questions.csv") if q.source]
    vectors, cells = way.embed(passages), []
    for texts in ([q.question for q in questions], [q.paraphrase for q in questions]):
        order = np.argsort(-way.embed(token_ids(embedder, texts)) @ vectors.T, axis=1, kind="stable")
        pages = [list(dict.fromkeys(paths[i] for i in row)) for row in order]
        places = [ranked.index(q.source) for ranked, q in zip(pages, questions, strict=True)]
        cells.append(f"{sum(p < 1 for p in places)}, {sum(p < 5 for p in places)} of {len(places)}")
    return cells


def print_short_texts(embedder: MiniLM, ways: list[Way], passages: Sequence[str]) -> None:
    """What sharing runs gains where texts are sentences."""
    sentences = [s for passage in passages for s in re.split(r"(?<=[.!?])\s", passage) if 4 <= len(s.split()) <= 30]
    ids = token_ids(embedder, sentences[:400])
    rounds = [[timed(partial(way.embed, ids))[1] for way in ways[:2]] for _ in range(3)]
    together, alone = (min(times) * 1000 / len(ids) for times in zip(*rounds, strict=True))
    tokens = sum(map(len, ids)) / len(ids)
    print(f"Sentences of {tokens:.0f} tokens: {together:.1f} ms of CPU each, {alone:.1f} ms where each is a run.")


def print_latency() -> None:
    wall, cpu = timed(lambda: open_embedder(NAME))
    print(f"Opening: {wall:.2f} s ({cpu:.2f} s of CPU).")
    embedder = open_embedder(NAME)
    questions = [q.question for q in read_questions(HANDBOOK / "questions.csv")] * 3
    embedder.embed(questions[:3])
    times = np.array([timed(partial(embedder.embed, [q])) for q in questions]) * 1000
    for name, column in (("clock", times[:, 0]), ("CPU", times[:, 1])):
        p50, p95 = np.percentile(column, [50, 95])
        print(f"A question, by the {name}: {p50:.1f} ms in the median, {p95:.1f} ms at the 95th percentile.")


if __name__ == "__main__":
    main()
