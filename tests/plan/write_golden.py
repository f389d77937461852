"""Write the golden file anew, after settings were changed on purpose: ``python -m tests.plan.write_golden``."""

from pathlib import Path

from foretune.plan import Config, write

if __name__ == "__main__":
    write(Path(__file__).parent / "golden" / "foretune.toml", Config())
