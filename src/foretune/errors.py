"""Problems a person can mend.

Every message is one sentence that says what is wrong, where, and what to do;
the command line prints it and exits with :attr:`ForetuneError.exit_code`.
Anything else that is raised is a defect of ours and keeps its traceback.
"""

from __future__ import annotations

__all__ = [
    "AuditError",
    "ConfigError",
    "EngineError",
    "ForetuneError",
    "InputError",
    "ModelError",
    "NothingToDoError",
    "Stopped",
    "ThresholdMissed",
    "VaultError",
]


class ForetuneError(Exception):
    """Base of everything a user can cause; ``str(error)`` is shown as it is."""

    exit_code: int = 2


class ConfigError(ForetuneError):
    """``foretune.toml`` is missing, unreadable or holds a value that cannot be used."""


class VaultError(ForetuneError):
    """The vault is missing, locked by another process, of a newer version, or its key is wrong."""


class ModelError(ForetuneError):
    """A model file is absent, has the wrong hash, or cannot be fetched or read."""


class EngineError(ForetuneError):
    """A language model did not start or did not answer."""


class InputError(ForetuneError):
    """A file, argument or table handed to us cannot be used."""


class NothingToDoError(ForetuneError):
    """A stage has no input: an empty corpus, everything excluded, too few pairs."""


class AuditError(ForetuneError):
    """An audit log is not what was signed."""

    exit_code = 1


class Stopped(ForetuneError):
    """Somebody pressed Ctrl-C; raised where there is more to say than that."""

    exit_code = 130
    """As shells have it: 128 and the number of the signal."""


class ThresholdMissed(ForetuneError):
    """The work is done and below what the plan asks for."""

    exit_code = 1
