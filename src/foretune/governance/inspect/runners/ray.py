"""Units worked on by the machines of a Ray cluster, their results in order as if by one process.

Each worker is an actor on one processor. It reads its units where it runs, so paths must
lead to the same files on every machine. Ray keeps what actors return in shared memory,
and may write that to disk; results quote documents, so they are encrypted with a key
that only this process and the actors have, in memory.

References: https://docs.ray.io/en/latest/ray-core/ray-generator.html (results one by one),
https://docs.ray.io/en/latest/ray-core/objects/object-spilling.html (what is written to disk).
"""

from __future__ import annotations

import importlib.util
import logging
import os
import pickle
import socket
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import metadata
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from foretune.corpus.records import Unit
from foretune.errors import ForetuneError, InputError
from foretune.governance.checks import notices
from foretune.governance.inspect.runners.local import cores
from foretune.governance.inspect.runners.registry import Make, Worker, answerable, runner
from foretune.governance.inspect.types import Plan

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

__all__ = ["Ray", "connect"]

Result = TypeVar("Result")

_AHEAD = 4
"""Units on their way, for each worker."""
_RESULTS_AHEAD = 4
"""Results of a unit that wait to be fetched; its worker rests meanwhile."""
_STORE_BYTES = 256 << 20
"""Shared memory of a cluster started here: several times what may be on its way."""
_START_SECONDS = 120
"""For the first worker to start; reading packages from a network drive takes a minute."""
_ANSWER_SECONDS = 5
_KEY_BITS = 256
_NONCE_BYTES = 12
"""As NIST SP 800-38D recommends for AES-GCM."""


@runner("ray")
class Ray:
    """The cluster that ``RAY_ADDRESS`` names or this process is connected to; else one on this machine, for the while.

    Args:
        processes: How many workers, at most as many as the cluster has processors, which is the default.

    Raises:
        InputError: Ray is not installed.
    """

    def __init__(self, processes: int | None) -> None:
        if importlib.util.find_spec("ray") is None:
            raise InputError("The runner ray needs the extra: pip install 'foretune[ray]'.")
        self._processes = processes
        self._connected = False
        self._actors: list[Any] = []

    def results(self, make: Make[Result], plan: Plan, units: Iterator[Unit]) -> Iterator[tuple[Unit, Result]]:
        """What workers make of all units, in order.

        Raises:
            ForetuneError: no cluster, a worker that ends or differs from this process or lacks a file, or what a
                worker raised.
        """
        first = next(units, None)
        if first is None:
            return
        with _in_sentences():
            if not self._actors:
                self._start()
            yield from self._shared_out(make, plan, chain([first], units))

    def _start(self) -> None:
        import ray

        if not ray.is_initialized():
            connect(self._processes)
            self._connected = True
        there = int(ray.cluster_resources().get("CPU", 0))
        actor = ray.remote(num_cpus=1, max_restarts=0)(_Reader)
        self._actors = [actor.remote(str(Path.cwd())) for _ in range(max(1, min(self._processes or there, there)))]

    def _shared_out(self, make: Make[Result], plan: Plan, units: Iterator[Unit]) -> Iterator[tuple[Unit, Result]]:
        import ray
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        key = AESGCM.generate_key(_KEY_BITS)
        cipher = AESGCM(key)
        # By call, not when they are made: the cluster keeps a record of what actors are made with.
        starting = {actor.start.remote(key, make, plan): actor for actor in self._actors}
        working = dict(starting)
        idle: list[Any] = []
        streams: deque[tuple[Unit, Any]] = deque()
        exhausted = False
        while True:
            while idle and not exhausted and len(streams) < _AHEAD * len(self._actors):
                unit = next(units, None)
                if unit is None:
                    exhausted = True
                    break
                actor = idle.pop()
                stream = actor.run.options(
                    num_returns="streaming", _generator_backpressure_num_objects=_RESULTS_AHEAD
                ).remote(unit)
                working[stream.completed()] = actor
                streams.append((unit, stream))
            if exhausted and not streams:
                return
            head = [streams[0][1]] if streams else []
            none_started = len(starting) == len(self._actors)
            ready, _ = ray.wait([*working, *head], num_returns=1, timeout=_START_SECONDS if none_started else None)
            if not ready:
                raise ForetuneError(
                    "No worker of the Ray cluster has started within two minutes: "
                    "wait until it has a free processor (see `ray status`), then run the command again."
                )
            if ready[0] in working:
                told = ray.get(ready[0])
                actor = working.pop(ready[0])
                if starting.pop(ready[0], None) is not None:
                    _check_alike(told, _Installation.of(plan))
                idle.append(actor)
                continue
            unit, stream = streams[0]
            try:
                sealed = next(stream)
            except StopIteration:
                streams.popleft()
                continue
            result = _opened(cipher, ray.get(sealed))
            if isinstance(result, _Missing):
                _check_gone(result)
            elif isinstance(result, BaseException):
                raise result
            else:
                yield unit, result

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._actors or self._connected:
            import ray

            for actor in self._actors:
                ray.kill(actor)
            if self._connected:
                ray.shutdown()


def connect(processes: int | None) -> None:
    """To the cluster that RAY_ADDRESS names, or to a new one on this machine."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # read when Ray is imported
    import ray

    logging.getLogger("ray").setLevel(logging.ERROR)
    quiet = {"log_to_driver": False, "configure_logging": False}
    address = os.environ.get("RAY_ADDRESS", "")
    if not address or address == "local":
        ray.init(
            address="local",
            num_cpus=processes or cores(),
            include_dashboard=False,
            object_store_memory=_STORE_BYTES,
            _system_config={"automatic_object_spilling_enabled": False},
            **quiet,
        )
        return
    if address.startswith("ray://"):
        raise InputError(
            f"RAY_ADDRESS={address} is that of Ray's client: "
            "run the command on a machine of the cluster, with RAY_ADDRESS=auto."
        )
    try:
        _knock(address)
        ray.init(address=address, **quiet)
    except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        why = "has another version of Ray or Python" if "ersion mismatch" in str(error) else "does not answer"
        raise ForetuneError(
            f"The Ray cluster at RAY_ADDRESS={address} {why}: see `ray status`, "
            "or unset RAY_ADDRESS to work on this machine only."
        ) from None


def _knock(address: str) -> None:
    """Raise OSError where nothing listens: Ray itself tries for ten minutes."""
    host, _, port = address.rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host, int(port)), timeout=_ANSWER_SECONDS).close()


@contextmanager
def _in_sentences() -> Iterator[None]:
    """What Ray raises, as a sentence; its own messages can hold what documents say."""
    from ray import exceptions

    try:
        yield
    except (exceptions.ObjectStoreFullError, exceptions.OutOfDiskError):
        raise ForetuneError("The shared memory of the Ray cluster is full: use fewer --processes.") from None
    except exceptions.RayError as error:
        if "No module named 'foretune" in str(error):
            raise ForetuneError(
                "Foretune is not installed on all machines of the Ray cluster: install the same version on each."
            ) from None
        raise ForetuneError(
            f"A worker of the Ray cluster ended ({type(error).__name__}): most likely its machine is short of memory. "
            "Use fewer --processes, or the runner local."
        ) from None


# -- what both sides know -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Installation:
    """What has to be alike on all machines, or findings differ."""

    machine: str
    version: str
    lacking: tuple[str, ...]
    """What checks say about models that are not installed."""

    @classmethod
    def of(cls, plan: Plan) -> _Installation:
        return cls(socket.gethostname(), metadata.version("foretune"), tuple(notices(plan.checks)))


@dataclass(frozen=True, slots=True)
class _Missing:
    """A worker does not see a file."""

    machine: str
    location: str
    """Absolute."""


def _check_alike(there: _Installation, here: _Installation) -> None:
    if there.version != here.version:
        raise ForetuneError(
            f"{there.machine} of the Ray cluster has Foretune {there.version}, here it is {here.version}: "
            "install the same version on each machine."
        )
    if there.lacking != here.lacking:
        raise ForetuneError(
            f"{there.machine} of the Ray cluster has other models than this machine: "
            "run `foretune models list` on both and get what one lacks."
        )


def _check_gone(missing: _Missing) -> None:
    """A file that is not there either has just been deleted, which the worker reports as it always does."""
    if Path(missing.location).exists():
        raise InputError(
            f"There is no {missing.location} on {missing.machine} of the Ray cluster: "
            "put the documents in a folder that all its machines see under the same path."
        )


def _sealed(cipher: AESGCM, result: object) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, pickle.dumps(result, pickle.HIGHEST_PROTOCOL), None)


def _opened(cipher: AESGCM, sealed: bytes) -> Any:
    # Only who has the key can have written it.
    return pickle.loads(cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], None))  # noqa: S301


# -- what runs on the cluster ---------------------------------------------------------------------------


class _Reader:
    """An actor: works on one unit after the other, as a worker of this machine does."""

    _cipher: AESGCM
    _worker: Worker[Any]

    def __init__(self, folder: str) -> None:
        self._folder = folder
        with suppress(OSError):  # then files are found missing
            os.chdir(folder)

    def start(self, key: bytes, make: Make[Any], plan: Plan) -> _Installation:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._cipher = AESGCM(key)
        self._worker = make(plan).__enter__()
        return _Installation.of(plan)

    def run(self, unit: Unit) -> Iterator[bytes]:
        for location in unit.locations:
            if not (path := Path(self._folder, location)).exists():
                yield _sealed(self._cipher, _Missing(socket.gethostname(), str(path)))
        try:
            for result in self._worker.run(unit):
                yield _sealed(self._cipher, result)
        except Exception as error:
            yield _sealed(self._cipher, answerable(error))
