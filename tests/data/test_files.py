"""Files are read with suggestions, and written whole or not at all."""

import gzip
import hashlib
import io
import os
import resource
import signal
import stat
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from elman.data.files import TEMPORARY, read_bytes, remove_temporaries, sha256_of, write_whole
from elman.errors import DataError, StorageError


def test_gzip_is_known_by_content_not_by_name(tmp_path: Path) -> None:
    for name in ("a.gz", "a.csv"):
        (tmp_path / name).write_bytes(gzip.compress(b"text"))
        assert read_bytes(tmp_path / name) == b"text"
    (tmp_path / "plain.gz").write_bytes(b"text")
    assert read_bytes(tmp_path / "plain.gz") == b"text"


@pytest.mark.parametrize("cut", [3, 12, -9, -1])
def test_cut_gzip_is_refused(tmp_path: Path, cut: int) -> None:
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"text" * 100)[:cut])
    with pytest.raises(DataError, match=r"a\.gz: the gzip file is cut short"):
        read_bytes(tmp_path / "a.gz")


@pytest.mark.parametrize("at", [15, -6, -2])
def test_flipped_bit_in_gzip_is_refused(tmp_path: Path, at: int) -> None:
    packed = bytearray(gzip.compress(os.urandom(1000), mtime=0))
    packed[at] ^= 1
    (tmp_path / "a.gz").write_bytes(packed)
    with pytest.raises(DataError, match=r"damaged|cut short"):
        read_bytes(tmp_path / "a.gz")


def test_missing_file_offers_its_neighbours(tmp_path: Path) -> None:
    (tmp_path / "reviews.csv").touch()
    with pytest.raises(DataError, match=r"there is no file .*reviws\.csv.*Did you mean 'reviews\.csv'\?"):
        read_bytes(tmp_path / "reviws.csv")
    with pytest.raises(DataError, match="There is no folder"):
        read_bytes(tmp_path / "nowhere" / "reviews.csv")


def test_folders_and_devices_are_refused(tmp_path: Path) -> None:
    (tmp_path / "train.csv").touch()
    with pytest.raises(DataError, match=r"this is a folder.*It holds train\.csv"):
        read_bytes(tmp_path)
    with pytest.raises(DataError, match="device"):
        read_bytes("/dev/zero")


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"one\ntwo")))
    assert read_bytes("-") == b"one\ntwo"


def test_sum_is_that_of_the_stored_file(tmp_path: Path) -> None:
    stored = gzip.compress(b"text")
    (tmp_path / "a.gz").write_bytes(stored)
    assert sha256_of(tmp_path / "a.gz") == hashlib.sha256(stored).hexdigest()


def test_new_file_has_the_usual_mode_and_an_old_one_keeps_its_own(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_whole(tmp_path / "new", b"1")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640
    os.chmod(tmp_path / "new", 0o604)
    write_whole(tmp_path / "new", b"2")
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o604
    assert (tmp_path / "new").read_bytes() == b"2"


def test_symbolic_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "file").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real/file")
    write_whole(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real" / "file").read_bytes() == b"new"


@pytest.mark.parametrize("path", ["/dev/null", "."])
def test_only_regular_files_are_written(path: str) -> None:
    with pytest.raises(StorageError, match="is there"):
        write_whole(path, b"x")


def test_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="its folder does not exist") as caught:
        write_whole(tmp_path / "nowhere" / "file", b"x")
    assert caught.value.exit_code == 3


@pytest.fixture
def as_nobody() -> Iterator[None]:
    """Root may write anywhere: become somebody who may not."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    yield
    os.seteuid(user)


def test_without_permission(as_nobody: None) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "kept").write_bytes(b"old")
        (folder / "kept").chmod(0o444)
        with pytest.raises(StorageError, match="permission"):  # a rename would have replaced it
            write_whole(folder / "kept", b"x")
        (folder / "kept").chmod(0o000)
        with pytest.raises(StorageError, match=r"cannot read .*permission"):
            read_bytes(folder / "kept")
        folder.chmod(0o500)
        with pytest.raises(StorageError, match="permission") as caught:
            write_whole(folder / "file", b"x")
        assert caught.value.exit_code == 3
        folder.chmod(0o700)


def test_when_nothing_fits_the_old_file_is_untouched(tmp_path: Path) -> None:
    """A real refusal of the system in the middle of writing: the largest size of a file."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(StorageError, match="larger than the system allows") as caught:
            write_whole(path, b"x" * 1_000_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    assert caught.value.exit_code == 3
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_full_disk_and_failing_writers_leave_nothing(tmp_path: Path) -> None:
    def full(file: BinaryIO) -> None:
        file.write(b"half")
        raise OSError(28, "No space left on device")

    def broken(file: BinaryIO) -> None:
        raise KeyboardInterrupt

    with pytest.raises(StorageError, match="no space is left"):
        write_whole(tmp_path / "file", full)
    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "file", broken)
    assert os.listdir(tmp_path) == []


def test_killed_writer_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    """Kill a process that writes in a loop, at several moments: the file is always one of the two, and whole."""
    program = textwrap.dedent("""
        import sys
        from elman.data.files import write_whole
        print("ready", flush=True)
        while True:
            for letter in (b"a", b"b"):
                write_whole(sys.argv[1], letter * 200_000)
    """)
    path = tmp_path / "file"
    orphans = 0
    for delay in (0.0, 0.011, 0.023, 0.037):
        with subprocess.Popen([sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(delay)
            process.kill()
        if path.exists():
            assert path.read_bytes() in (b"a" * 200_000, b"b" * 200_000)
        orphans += len(remove_temporaries(tmp_path))
        assert not list(tmp_path.glob(f".*{TEMPORARY}"))
    assert orphans <= 4
