"""Fetching from a server on this machine: checksums, cut transfers, and what is read from an archive."""

import hashlib
import io
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from elman.data.download import ARCHIVES, Archive, fetch
from elman.data.table import read_table
from elman.errors import ArgumentError, DataError, StorageError


def packed() -> bytes:
    """An archive of the same shape, with members that must not be read."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as tar:

        def add(name: str, text: str) -> None:
            member = tarfile.TarInfo(name)
            raw = text.encode()
            member.size = len(raw)
            tar.addfile(member, io.BytesIO(raw))

        for split in ("test", "train"):
            for label in ("pos", "neg"):
                for number in (10, 2, 1):
                    add(f"aclImdb/{split}/{label}/{number}_7.txt", f'{split} "{label}", {number}<br />\ncafé')
        add("aclImdb/train/unsup/0_0.txt", "unlabelled")
        add("../aclImdb/train/pos/3_7.txt", "outside")
        add("/aclImdb/train/pos/4_7.txt", "absolute")
        link = tarfile.TarInfo("aclImdb/train/pos/5_7.txt")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    return file.getvalue()


RAW = packed()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    site = tmp_path / "site"
    site.mkdir()
    (site / "small.tar.gz").write_bytes(RAW)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site)))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield replace(
        ARCHIVES["imdb"],
        url=f"http://127.0.0.1:{server.server_port}/small.tar.gz",
        size=len(RAW),
        md5=hashlib.md5(RAW, usedforsecurity=False).hexdigest(),
        sha1=hashlib.sha1(RAW, usedforsecurity=False).hexdigest(),
        rows=3,
    )
    server.shutdown()
    server.server_close()
    thread.join()


def test_fetched_and_written_in_order(tmp_path: Path, archive: Archive) -> None:
    seen: dict[str, tuple[int, int]] = {}
    folder = tmp_path / "new" / "imdb"
    written = fetch("imdb", folder, progress=lambda what, done, all: seen.update({what: (done, all)}), archive=archive)
    assert written == [folder / "train.csv", folder / "test.csv"]
    assert seen["fetching"] == seen["checking"] == (len(RAW), len(RAW))
    table = read_table(written[0])
    assert table.columns["label"] == ["0"] * 3 + ["1"] * 3
    assert table.columns["text"][:2] == ['train "neg", 1<br />\ncafé', 'train "neg", 2<br />\ncafé']
    assert sorted(path.name for path in folder.iterdir()) == ["small.tar.gz", "test.csv", "train.csv"]


def test_an_archive_that_is_there_needs_no_network(tmp_path: Path, archive: Archive) -> None:
    away = replace(archive, url="http://127.0.0.1:9/small.tar.gz")
    copy = tmp_path / "copy.tar.gz"
    copy.write_bytes(RAW)
    from_copy = fetch("imdb", tmp_path / "a", source=copy, archive=away)[0].read_bytes()
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "small.tar.gz").write_bytes(RAW)
    assert fetch("imdb", tmp_path / "b", archive=away)[0].read_bytes() == from_copy


def test_without_network_the_message_says_where_to_put_it(tmp_path: Path, archive: Archive) -> None:
    folder = tmp_path / "imdb"
    with pytest.raises(StorageError) as caught:
        fetch("imdb", folder, archive=replace(archive, url="http://127.0.0.1:9/small.tar.gz"))
    assert f"put it at {folder / 'small.tar.gz'}" in str(caught.value)
    assert list(folder.iterdir()) == []
    with pytest.raises(StorageError, match="404"):
        fetch("imdb", folder, archive=replace(archive, url=archive.url.replace("small", "none")))


@pytest.mark.parametrize("size", [len(RAW) - 1, len(RAW) + 1])
def test_other_sizes_are_not_kept(tmp_path: Path, archive: Archive, size: int) -> None:
    with pytest.raises(StorageError, match="bytes"):
        fetch("imdb", tmp_path / "imdb", archive=replace(archive, size=size))
    assert list((tmp_path / "imdb").iterdir()) == []


def test_other_contents_are_refused(tmp_path: Path, archive: Archive) -> None:
    flipped = bytearray(RAW)
    flipped[100] ^= 1
    (tmp_path / "copy.tar.gz").write_bytes(flipped)
    with pytest.raises(DataError, match="md5"):
        fetch("imdb", tmp_path / "imdb", source=tmp_path / "copy.tar.gz", archive=archive)
    with pytest.raises(DataError, match=r"3 texts in (train|test)/(neg|pos)\. Expected 4"):
        fetch("imdb", tmp_path / "imdb", archive=replace(archive, rows=4))
    assert not list((tmp_path / "imdb").glob("*.csv"))


def test_wrong_arguments(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"no data set 'imbd'.*Did you mean 'imdb'"):
        fetch("imbd", tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="a file, not a folder"):
        fetch("imdb", tmp_path / "file")
    with pytest.raises(DataError, match="there is no file"):
        fetch("imdb", tmp_path, source=tmp_path / "none.tar.gz")
