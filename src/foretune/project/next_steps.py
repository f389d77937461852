"""What a person does next, from where the project stands: the report ends its summary with it."""

from __future__ import annotations

from foretune.plan.asked import whom_to_ask
from foretune.plan.config import Config
from foretune.plan.intent import intent

__all__ = ["next_steps"]


def next_steps(
    config: Config,
    *,
    included: int,
    waiting: int,
    pairs: int,
    adapter: str,
    tested: bool,
) -> list[str]:
    """Sentences in the order of work; commands stand between backticks.

    Args:
        included, waiting: documents in these states.
        pairs: kept ones.
        adapter: name of the one that answers, empty where there is none.
        tested: whether the bench was run.
    """
    asks_for = intent(config)
    voice, facts = bool(asks_for.voice), bool(asks_for.facts) or not asks_for.voice
    steps = []
    if not included and not waiting:
        return ["Add documents: `foretune add FOLDER`, then `foretune run`."]
    if waiting:
        noun = "document that nobody has" if waiting == 1 else "documents that nobody has"
        asked = whom_to_ask(config, "reviewers")
        steps.append(f"Decide about {waiting:,} {noun} let in or kept out: `foretune review`.{asked}")
    if facts and not tested:
        steps.append(
            f"Write questions whose answers you know into `{config.purpose.questions}` and run `foretune run`: "
            "without them there is no proof that it works."
        )
    if voice and pairs:
        steps.append(
            "Read the pairs, for they are what the model learns to sound like: "
            "`foretune pairs export --format xlsx` writes the spreadsheet."
        )
    if voice and adapter:
        steps.append(
            f"Read what {adapter} writes beside what the model writes without it: "
            "`foretune release create --arm tuned --promote`, then `foretune serve`, and ask for a draft; "
            "the arm `base` is the same without your texts. Whether it sounds right, people have to say."
        )
    if voice and config.tuning.run != "never" and adapter and (config.pairs.limit or config.tuning.run == "pilot"):
        steps.append(
            'Train on everything: set `pairs.limit = 0` and `tuning.run = "full"` in foretune.toml '
            "and run `foretune run`."
        )
    if facts and tested:
        steps.append("Let people ask it: `foretune release create --promote`, then `foretune serve`.")
    return steps
