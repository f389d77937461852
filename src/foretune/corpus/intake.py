"""Which parts of the vault are brought up to date: what a person names, or what the plan declares."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from foretune.corpus.connectors import connect, source_name
from foretune.corpus.erased import Erased
from foretune.corpus.isolation import FileReader
from foretune.corpus.ledger import Ledger, Rehearsal
from foretune.corpus.origin import Disk
from foretune.corpus.source import connected_target, own_files, sources, targets
from foretune.corpus.update import AddOutcome, Update
from foretune.corpus.walk import Filter
from foretune.errors import ConfigError, InputError
from foretune.plan.config import CorpusSettings, SourceSettings
from foretune.progress import Progress, silent
from foretune.types import Label
from foretune.vault import Vault

__all__ = ["add", "declared_sources", "sync"]


def add(
    vault: Vault,
    paths: Iterable[Path],
    *,
    settings: CorpusSettings,
    base: Path,
    label: Label | None = None,
    own: Iterable[Path] = (),
    again: bool = False,
    reader: FileReader | None = None,
    scrub: bool = True,
    progress: Progress = silent,
) -> Iterator[AddOutcome]:
    """Read files and folders into the vault; every file yields one outcome, once it is committed.

    A path inside a source that is known is a part of that source, and only that part
    is brought up to date. A file that cannot be read is set aside with the reason,
    and tried again when it, or the settings, change. A removed file's document goes,
    with all that was made from it.

    Args:
        paths: Files and folders.
        base: The project's folder; its own files are never read.
        label: Of everything under ``paths``. Without it, documents keep theirs, and
            new ones get that of their source: at first ``settings.label``. A document
            may state a more sensitive label, never a less sensitive one.
        own: Further files of the project that are never read (a questions file by another
            name), relative to ``base`` or absolute.
        again: Read content that was erased before, too; otherwise it is set aside.
        reader: What reads files, where it is kept from call to call.
        scrub: Overwrite the space of what was removed; without it, the next call that scrubs does.

    Raises:
        InputError: there is nothing at a path, or it belongs to the project itself.
        VaultError: the vault cannot be written to.
    """
    ledger = Ledger(vault)
    with ExitStack() as stack:
        if reader is None:
            reader = stack.enter_context(_reader(settings))
        yield from _walked(
            vault, ledger, paths, settings=settings, base=base, label=label, own=own, again=again, reader=reader,
            may_be_empty=True, progress=progress,
        )  # fmt: skip
    if scrub:
        ledger.scrub()


def sync(
    vault: Vault,
    declared: Sequence[SourceSettings],
    *,
    settings: CorpusSettings,
    base: Path,
    own: Iterable[Path] = (),
    dry_run: bool = False,
    allow_empty: bool = False,
    progress: Progress = silent,
) -> Iterator[AddOutcome]:
    """Bring the vault up to date with the sources a plan declares, each by its connector.

    Every file, message, row or object yields one outcome, once it is committed. A source that cannot be looked into
    loses nothing, and the others are read all the same.

    Args:
        declared: Sources of the plan; paths are relative to ``base``.
        dry_run: Say what would become of each and write nothing.
        allow_empty: Believe a source that has nothing any more; else that is taken for a mistake.

    Raises:
        InputError: after all others were read: which sources could not be looked into, and why.
        VaultError: the vault cannot be written to.
    """
    ledger = Rehearsal(vault) if dry_run else Ledger(vault)
    failed: list[str] = []
    with _reader(settings) as reader:
        for one in declared:
            label = one.label or settings.label
            try:
                if one.kind == "folder":
                    folder = Path(base, Path(one.at).expanduser())
                    if not folder.is_dir():
                        raise InputError(f"There is no folder {folder}: nothing was removed.")
                    yield from _walked(
                        vault, ledger, [folder], settings=settings, base=base, label=one.label, own=own, again=False,
                        reader=reader, may_be_empty=allow_empty, progress=progress,
                    )  # fmt: skip
                    continue
                with connect(one, base=base, settings=settings) as connected:
                    target = connected_target(vault, one.kind, connected.address, connected.name, label)
                    yield from Update(
                        ledger, Erased(vault), reader, target, connected.origin, settings,
                        label=one.label, may_be_empty=allow_empty,
                    ).run(progress)  # fmt: skip
            except InputError as error:
                failed.append(str(error))
    ledger.scrub()
    if failed:
        raise InputError("\n".join(failed))


def declared_sources(sources: Sequence[SourceSettings], names: Sequence[str]) -> list[SourceSettings]:
    """The sources of a plan that ``names`` name; all where there are none.

    Raises:
        ConfigError: the plan declares none, none of a name, or two that are the same.
    """
    if not sources:
        raise ConfigError("The plan declares no sources: write [[corpus.sources]] with kind and at into foretune.toml.")
    places = [(one.kind, one.at) for one in sources]
    if twice := next((one for one in places if places.count(one) > 1), None):
        raise ConfigError(f"corpus.sources: {twice[1]} is declared twice as {twice[0]}.")
    known = {source_name(one) for one in sources}
    if unknown := next((name for name in names if name not in known), None):
        raise ConfigError(f"The plan declares no source {unknown}: it has {', '.join(sorted(known))}.")
    return [one for one in sources if not names or source_name(one) in names]


def _reader(settings: CorpusSettings) -> FileReader:
    return FileReader(max_characters=settings.max_characters, max_seconds=settings.max_seconds)


def _walked(
    vault: Vault,
    ledger: Ledger,
    paths: Iterable[Path],
    *,
    settings: CorpusSettings,
    base: Path,
    label: Label | None,
    own: Iterable[Path],
    again: bool,
    reader: FileReader,
    may_be_empty: bool,
    progress: Progress,
) -> Iterator[AddOutcome]:
    """Files and folders of this machine, each source with what its plan or person says of it."""
    never = own_files(vault, base, own)
    known = sources(vault)
    found = targets(known, paths, label=label or settings.label, own=never)
    erased = Erased(vault)
    # What the plan declares is a source of its own before it was ever read.
    declared = [Path(os.path.realpath(Path(base, Path(one.at).expanduser()))) for one in settings.sources]
    for target in found:
        others = [one.location for one in known if one.id != target.source.id]
        others += [one.source.location for one in found if one.source.id != target.source.id]
        others += [one for one in declared if one != target.source.location]
        filtered = Filter(settings.exclude, never, others)
        origin = Disk(target, filtered, max_megabytes=settings.max_megabytes)
        yield from Update(
            ledger, erased, reader, target, origin, settings, label=label, again=again, may_be_empty=may_be_empty
        ).run(progress)
