"""The same recipe on a Ray cluster: one worker a process, which train one adapter together.

The folder and the model file must lead to the same files on every machine. Examples, and the key that weights are
sealed with, travel encrypted, with a key that only this process and the workers hold, in memory: Ray may write what
it carries to disk.
"""

from __future__ import annotations

import os
import pickle
import socket
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foretune.errors import ForetuneError, InputError
from foretune.models import ModelFiles, locate
from foretune.plan.config import TuningSettings
from foretune.progress import Progress, silent
from foretune.tuning.types import AdapterResult, Example
from foretune.tuning.weights import PLAIN, WeightFiles

if TYPE_CHECKING:
    from foretune.tuning.dev import DevQuestion

__all__ = ["tune_on_ray"]

_NONCE_BYTES = 12
"""As NIST SP 800-38D recommends for AES-GCM."""


def tune_on_ray(
    examples: Sequence[Example],
    *,
    base: ModelFiles,
    folder: Path,
    settings: TuningSettings,
    evaluation: Sequence[Example] = (),
    dev: Sequence[DevQuestion] = (),
    workers: int = 2,
    recipe: str = "tune",
    progress: Progress = silent,
    files: WeightFiles = PLAIN,
) -> AdapterResult:
    """:func:`~foretune.tuning.tune` (or ``pilot``) by several workers on the cluster that ``RAY_ADDRESS`` names.

    Without an address a cluster is started on this machine. Same arguments, result and errors otherwise; the
    adapter equals that of one process up to the rounding of sums.

    Raises:
        InputError: Ray is not installed.
        ForetuneError: the cluster does not answer, or a worker ended.
    """
    try:
        import ray
    except ImportError:
        raise InputError("The runner ray needs the extra: pip install 'foretune[ray]'.") from None
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    from foretune.governance.inspect.runners.ray import connect

    started = not ray.is_initialized()
    if started:
        connect(workers)
    key, nonce = AESGCM.generate_key(256), os.urandom(_NONCE_BYTES)
    sealed = nonce + AESGCM(key).encrypt(
        nonce, pickle.dumps((list(examples), list(evaluation), list(dev), files)), None
    )
    job = {"base": base.id, "hash": base.hash, "folder": str(folder.resolve()), "settings": settings, "recipe": recipe}
    team: list[Any] = []
    try:
        with progress.step("tuning on the cluster", total=1, unit="adapters") as bar:
            team = [ray.remote(num_cpus=1, max_restarts=0)(_Worker).remote() for _ in range(workers)]
            address = ray.get(team[0].address.remote())
            running = [worker.run.remote(rank, workers, address, key, sealed, job) for rank, worker in enumerate(team)]
            first, _ = ray.wait(running)
            ray.get(first)  # raises where it failed: the others would wait for it in vain
            result: AdapterResult = ray.get(running)[0]
            bar.advance()
        return result
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, ForetuneError):
            raise error.cause from None
        raise ForetuneError(
            f"A worker of the cluster failed ({type(error.cause).__name__}): train on this machine, without --runner."
        ) from None
    except ray.exceptions.RayError:
        raise ForetuneError("A worker of the cluster ended: see `ray status`, then run the command again.") from None
    finally:
        for worker in team:
            ray.kill(worker)
        if started:
            ray.shutdown()


class _Worker:
    """One process of the team, on whatever machine Ray puts it."""

    def address(self) -> tuple[str, int]:
        """Where the others find it."""
        import ray

        with socket.socket() as listening:
            listening.bind(("", 0))
            return ray.util.get_node_ip_address(), int(listening.getsockname()[1])

    def run(
        self, rank: int, size: int, address: tuple[str, int], key: bytes, sealed: bytes, job: dict[str, Any]
    ) -> AdapterResult:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        host, port = address
        os.environ |= {"RANK": str(rank), "WORLD_SIZE": str(size), "MASTER_ADDR": host, "MASTER_PORT": str(port)}
        os.environ["LOCAL_RANK"] = "0"
        from foretune.tuning import recipes

        base = locate(job["base"])
        if base.hash != job["hash"]:
            raise InputError(
                f"The model {base.name} on {socket.gethostname()} is another one: copy the same file there."
            )
        plain = AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], None)
        examples, evaluation, dev, files = pickle.loads(plain)  # noqa: S301 - authenticated: only the caller has the key
        make = recipes.pilot if job["recipe"] == "pilot" else partial(recipes.tune, dev=dev)
        return make(
            examples,
            base=base,
            folder=Path(job["folder"]),
            settings=job["settings"],
            evaluation=evaluation,
            files=files,
        )
