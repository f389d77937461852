"""Where the work of an inspection is done: on this machine, or on the machines of a Ray cluster.

A runner gets units and gives back what a worker makes of each, in the order of the
units, so that what is found does not depend on it. Each is registered by name.
"""

from __future__ import annotations

from foretune.governance.inspect.runners.registry import Make, Runner, Worker, runner, started

# Registers the runners.
from foretune.governance.inspect.runners import local, ray  # isort: skip

__all__ = ["Make", "Runner", "Worker", "local", "ray", "runner", "started"]
