from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from tests.corpus.files import unprivileged, write

from foretune.corpus import Unreadable
from foretune.corpus.walk import Filter, entry_for, read_bytes, walk


def found(folder: Path, *exclude: str, start: str = "") -> dict[str, str]:
    return {entry.path: entry.refusal for entry in walk(os.fspath(folder), Filter(exclude), start=start)}


def test_files_come_in_a_fixed_order_and_hidden_ones_not_at_all(tmp_path: Path) -> None:
    write(tmp_path, dict.fromkeys(("b.md", "a/z.md", "a/b/c.md", ".git/config", "a/.hidden", "C.md"), "x"))
    assert list(found(tmp_path)) == ["C.md", "b.md", "a/z.md", "a/b/c.md"]
    assert list(found(tmp_path, start="a")) == ["a/z.md", "a/b/c.md"]


def test_patterns_mean_what_they_mean_to_git(tmp_path: Path) -> None:
    write(tmp_path, dict.fromkeys(("a.tmp", "deep/b.tmp", "drafts/x.md", "deep/drafts/y.md", "keep.md"), "x"))
    assert set(found(tmp_path, "*.tmp")) == {"drafts/x.md", "deep/drafts/y.md", "keep.md"}
    assert set(found(tmp_path, "drafts/**")) == {"a.tmp", "deep/b.tmp", "deep/drafts/y.md", "keep.md"}
    assert set(found(tmp_path, "drafts/")) == {"a.tmp", "deep/b.tmp", "keep.md"}


def test_pipes_and_sockets_are_named_and_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.md")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.fspath(tmp_path / "s"))
        assert found(tmp_path) == dict.fromkeys(["pipe.md", "s"], "a pipe, socket or device, not a file")
    with pytest.raises(Unreadable, match="pipe"):
        read_bytes(os.fspath(tmp_path / "pipe.md"), 1)


def test_links_are_followed_only_to_what_is_inside_and_not_reached_otherwise(tmp_path: Path) -> None:
    outside = write(tmp_path / "outside", {"secret.md": "secret"})
    folder = write(tmp_path / "folder", {"real.md": "x", "sub/b.md": "x", ".data/c.md": "x"})
    (folder / "again.md").symlink_to("real.md")
    (folder / "secret.md").symlink_to(outside / "secret.md")
    (folder / "out").symlink_to(outside)
    (folder / "sub2").symlink_to("sub")
    (folder / "up").symlink_to("..")
    (folder / "c.md").symlink_to(".data/c.md")
    (folder / "gone.md").symlink_to("nowhere.md")
    (folder / "loop.md").symlink_to("loop.md")
    assert found(folder) == {
        "again.md": "a link to real.md, which is read where it lies",
        "c.md": "",
        "gone.md": "a link to something that does not exist",
        "loop.md": "a link that leads back to itself",
        "out": "a link to something outside the folder: add what it points to",
        "real.md": "",
        "secret.md": "a link to something outside the folder: add what it points to",
        "sub2": "a link to sub, which is read where it lies",
        "up": "a link to something outside the folder: add what it points to",
        "sub/b.md": "",
    }


def test_a_folder_or_file_without_permission_is_named(tmp_path: Path) -> None:
    write(tmp_path, {"open.md": "x", "closed/a.md": "x", "secret.md": "x"})
    (tmp_path / "closed").chmod(0)
    (tmp_path / "secret.md").chmod(0)
    for folder in (tmp_path, *tmp_path.parents[:3]):
        if folder.stat().st_uid == os.getuid():
            folder.chmod(folder.stat().st_mode | 0o055)
    try:
        with unprivileged():
            assert found(tmp_path) == {
                "open.md": "",
                "secret.md": "",
                "closed": "the folder cannot be opened: no permission",
            }
            with pytest.raises(Unreadable, match="no permission"):
                read_bytes(os.fspath(tmp_path / "secret.md"), 1)
    finally:
        (tmp_path / "closed").chmod(0o755)


def test_a_large_file_is_not_read_at_all(tmp_path: Path) -> None:
    with (tmp_path / "huge.txt").open("wb") as file:
        file.truncate(200_000_000_000)
    with pytest.raises(Unreadable, match="larger than 50 MB"):
        read_bytes(os.fspath(tmp_path / "huge.txt"), 50)


def test_names_that_are_no_utf8_are_written_out(tmp_path: Path) -> None:
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.md"))).write_text("x")
    assert list(found(tmp_path)) == ["caf\\xe9.md"]


def test_what_is_not_there_is_nothing(tmp_path: Path) -> None:
    assert entry_for(os.fspath(tmp_path), "a/b.md") is None
