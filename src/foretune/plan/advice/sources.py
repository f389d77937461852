"""What the rules rest on: published results, and measurements anyone can repeat."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "AUTHORS",
    "BALAGUER",
    "BENCH",
    "CARLINI",
    "CITATIONS",
    "DEDUPLICATION",
    "ERASURE",
    "GEKHMAN",
    "LIMA",
    "MINILM",
    "NOTHING",
    "OPENAI_EXAMPLES",
    "OPENAI_FORM",
    "OVADIA",
    "RAG",
    "REVERSIBLE",
    "TEMPORAL",
    "WHOLE_IN_PROMPT",
    "Source",
]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a rule comes from."""

    title: str
    url: str = ""
    """Empty for what needs no reference but an argument."""

    def __str__(self) -> str:
        return f"{self.title}, {self.url}" if self.url else self.title


def _arxiv(number: str, title: str) -> Source:
    return Source(f"{title} (arXiv {number})", f"https://arxiv.org/abs/{number}")


OVADIA = _arxiv("2312.05934", "Ovadia et al. 2023, Fine-Tuning or Retrieval?")
GEKHMAN = _arxiv("2405.05904", "Gekhman et al. 2024, Does Fine-Tuning on New Knowledge Encourage Hallucinations?")
BALAGUER = _arxiv("2401.08406", "Balaguer et al. 2024, RAG vs Fine-tuning")
AUTHORS = _arxiv("2510.13939", "Chakrabarty et al. 2025, Readers Prefer Outputs of AI Trained on Copyrighted Books")
LIMA = _arxiv("2305.11206", "Zhou et al. 2023, LIMA: Less Is More for Alignment")
RAG = _arxiv("2005.11401", "Lewis et al. 2020, Retrieval-Augmented Generation")
CARLINI = _arxiv("2012.07805", "Carlini et al. 2020, Extracting Training Data from Large Language Models")
DEDUPLICATION = _arxiv("2107.06499", "Lee et al. 2021, Deduplicating Training Data Makes Language Models Better")
TEMPORAL = _arxiv("2111.07408", "Luu et al. 2021, Time Waits for No One!")
CITATIONS = _arxiv("2305.14627", "Gao et al. 2023, Enabling Large Language Models to Generate Text with Citations")
OPENAI_EXAMPLES = Source(
    "OpenAI, supervised fine-tuning: at least 10 examples, improvements from 50 to 100",
    "https://platform.openai.com/docs/guides/supervised-fine-tuning",
)
OPENAI_FORM = Source(
    "OpenAI, model optimization: fine-tuning for a format, a tone, a classification",
    "https://platform.openai.com/docs/guides/model-optimization",
)
WHOLE_IN_PROMPT = Source(
    "Anthropic 2024, Contextual Retrieval: a small knowledge base goes whole into the prompt",
    "https://www.anthropic.com/news/contextual-retrieval",
)
ERASURE = Source(
    "Regulation (EU) 2016/679, article 17: the right to erasure; and Carlini et al. 2020 (arXiv 2012.07805)",
    "https://eur-lex.europa.eu/eli/reg/2016/679/oj",
)
MINILM = Source(
    "all-MiniLM-L6-v2, model card: English", "https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2"
)
BENCH = Source("this project's own bench questions")
NOTHING = Source("nothing to go by")
REVERSIBLE = Source("an index is deleted in a second, an adapter has to be trained again")
