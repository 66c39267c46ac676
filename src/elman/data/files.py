"""Files read and written with care: gzip unpacked, names suggested, written whole or not at all."""

import contextlib
import difflib
import errno
import gzip
import hashlib
import io
import os
import secrets
import stat
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from elman.errors import DataError, StorageError

STDIN = "-"
GZIP = b"\x1f\x8b"
TEMPORARY = ".elman-tmp"
_CHUNK = 1 << 20
_REASONS = {
    errno.ENOSPC: ("no space is left on the device", "Free some space, or write to another disk."),
    errno.EDQUOT: ("your disk quota is used up", "Free some space, or write to another disk."),
    errno.EFBIG: ("the file would be larger than the system allows", "See `ulimit -f`, or write to another disk."),
    errno.EACCES: ("permission is denied", "Change the permissions, or name another path."),
    errno.EPERM: ("the operation is not permitted", "Change the permissions, or name another path."),
    errno.EROFS: ("the file system is read-only", "Name a path on another file system."),
    errno.ENOENT: ("its folder does not exist", "Make the folder first, or name another path."),
    errno.ENOTDIR: ("a part of the path is a file, not a folder", "Name another path."),
    errno.ENAMETOOLONG: ("the name is too long", "Name a shorter path."),
    errno.EIO: ("the device reports an input/output error", "Check the disk, or use another one."),
}


def shown(path: str | os.PathLike[str]) -> str:
    """The path as messages name it."""
    return "standard input" if os.fspath(path) == STDIN else os.fspath(path)


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """A question that offers the names nearest to a mistyped one, or "".

    Example:
        >>> did_you_mean("lable", ["text", "label"])
        "Did you mean 'label'?"
    """
    by_lower = {other.lower(): other for other in names}
    near = difflib.get_close_matches(name.lower(), by_lower, n=3, cutoff=0.7)
    return f"Did you mean {' or '.join(repr(by_lower[n]) for n in near)}?" if near else ""


def storage_error(error: OSError, path: str | os.PathLike[str], doing: str = "write") -> StorageError:
    """The system's refusal to read or write as a `StorageError` that says what to do."""
    reason, fix = _REASONS.get(error.errno or 0, (error.strerror or str(error), ""))
    return StorageError(f"cannot {doing} {shown(path)}: {reason}", fix=fix)


def read_stored(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a file as they are stored; "-" is standard input.

    Raises:
        DataError: there is no such file (similar names are offered), or it is a folder or a device.
        StorageError: the system refuses to read it.
    """
    name = os.fspath(path)
    try:
        if name == STDIN:
            return sys.stdin.buffer.read()
        mode = os.stat(name).st_mode
        if stat.S_ISDIR(mode):
            raise DataError("this is a folder", "a file", _inside(name), path=name)
        if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
            raise DataError("this is a device", "a file", path=name)
        with open(name, "rb") as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        raise DataError(f"there is no file {name!r}", fix=_similar(name)) from None
    except OSError as error:
        raise storage_error(error, name, "read") from error


def unpack(stored: bytes, path: str | os.PathLike[str]) -> bytes:
    """The bytes inside gzip, which is known from its first two bytes; others are returned as they are.

    Raises:
        DataError: the packed file is cut short or damaged.
    """
    if not stored.startswith(GZIP):
        return stored
    fix = "Fetch or pack the file again."
    try:
        return gzip.decompress(stored)
    except EOFError:
        raise DataError("the gzip file is cut short", "its end-of-stream mark", fix, path=shown(path)) from None
    except (OSError, zlib.error) as error:
        raise DataError(f"the gzip file is damaged ({error})", fix=fix, path=shown(path)) from None


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a file, unpacked where it is gzipped; "-" is standard input.

    Raises:
        DataError: no such file, a folder, a device, or a damaged gzip file.
        StorageError: the system refuses to read it.

    Example:
        >>> import gzip, tempfile
        >>> path = Path(tempfile.mkdtemp(), "words.txt.gz")
        >>> write_whole(path, gzip.compress(b"a fine film"))
        >>> read_bytes(path)
        b'a fine film'
    """
    return unpack(read_stored(path), path)


def byte_pieces(path: str | os.PathLike[str]) -> Iterator[bytes]:
    """The bytes of a file, unpacked where it is gzipped, a mebibyte at a time; "-" is standard input.

    Raises:
        DataError, StorageError: as `read_bytes`.
    """
    with _unpacked(path) as source:
        while piece := source.read(_CHUNK):
            yield piece


def byte_lines(path: str | os.PathLike[str], most: int) -> Iterator[bytes]:
    """The lines of a file, unpacked where it is gzipped, each as soon as it is there; "-" is standard input.

    Args:
        path: the file.
        most: bytes of a line; of a longer one the first `most` + 1 are given.

    Raises:
        DataError, StorageError: as `read_bytes`.

    Example:
        >>> path = getfixture("tmp_path") / "a.txt"
        >>> _ = path.write_bytes(b"ab\\nabcdefgh\\nc")
        >>> list(byte_lines(path, 4))
        [b'ab\\n', b'abcde', b'c']
    """
    with _unpacked(path) as source:
        while line := source.readline(most + 1):
            yield line
            while len(line) > most and not line.endswith(b"\n"):
                line = source.readline(most + 1)


@contextlib.contextmanager
def _unpacked(path: str | os.PathLike[str]) -> Iterator[io.BufferedIOBase]:
    name = os.fspath(path)
    fix = "Fetch or pack the file again."
    try:
        with _opened(name) as file:
            packed = file.peek(2)[:2] == GZIP
            yield gzip.GzipFile(fileobj=file) if packed else file
    except (FileNotFoundError, NotADirectoryError):
        raise DataError(f"there is no file {name!r}", fix=_similar(name)) from None
    except EOFError:
        raise DataError("the gzip file is cut short", "its end-of-stream mark", fix, path=shown(path)) from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"the gzip file is damaged ({error})", fix=fix, path=shown(path)) from None
    except OSError as error:
        raise storage_error(error, name, "read") from error


@contextlib.contextmanager
def _opened(name: str) -> Iterator[io.BufferedReader]:
    if name == STDIN:
        yield sys.stdin.buffer  # pyright: ignore[reportReturnType]
        return
    mode = os.stat(name).st_mode
    if stat.S_ISDIR(mode):
        raise DataError("this is a folder", "a file", _inside(name), path=name)
    if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
        raise DataError("this is a device", "a file", path=name)
    with open(name, "rb") as file:
        yield file


def _inside(folder: str) -> str:
    with contextlib.suppress(OSError):
        names = sorted(name for name in os.listdir(folder) if not name.startswith("."))
        if names:
            more = f" and {len(names) - 5} more" if len(names) > 5 else ""
            return f"It holds {', '.join(names[:5])}{more}."
    return ""


def _similar(name: str) -> str:
    """What to try where a file is missing: the nearest names beside it, or which folder is missing."""
    folder, base = os.path.split(name)
    if folder and not os.path.isdir(folder):
        return f"There is no folder {folder!r} either."
    with contextlib.suppress(OSError):
        return did_you_mean(base, os.listdir(folder or "."))
    return ""


def sha256_of(path: str | os.PathLike[str]) -> str:
    """The SHA-256 of a file as it is stored, as `sha256sum` prints it.

    Raises:
        StorageError: the file cannot be read.
    """
    digest = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    except OSError as error:
        raise storage_error(error, path, "read") from error
    return digest.hexdigest()


def need_folder(path: str | os.PathLike[str]) -> None:
    """Refuse, before any work, the name of a file whose folder does not exist.

    Raises:
        StorageError: there is no such folder.
    """
    folder = os.path.dirname(os.fspath(path)) or "."
    if not os.path.isdir(folder):
        raise StorageError(f"cannot write {path}: there is no folder {folder}", fix="Make the folder first.")


def write_whole(path: str | os.PathLike[str], content: bytes | Callable[[BinaryIO], object]) -> None:
    """Write a file so that at every moment either the old or the whole new one is there.

    It is written under a temporary name beside it, flushed to the disk, and renamed; then the folder is flushed. The
    mode of a file that was there is kept, and a symbolic link stays one: the file that it points to is written.

    Args:
        path: where to.
        content: the bytes, or a function that writes them to an open binary file.

    Raises:
        StorageError: no space, no permission, no such folder, or something other than a regular file is there.
            What was there is untouched, and nothing is left behind.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp(), "report.txt")
        >>> write_whole(path, b"all of it")
        >>> path.read_bytes()
        b'all of it'
    """
    target = os.path.realpath(path)
    folder = os.path.dirname(target)
    temporary = os.path.join(folder, f".{secrets.token_hex(8)}{TEMPORARY}")
    try:
        mode = _mode_of_regular(target)
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
        try:
            with open(handle, "wb") as file:
                if isinstance(content, bytes):
                    file.write(content)
                else:
                    content(file)
                file.flush()
                if mode is not None:
                    os.chmod(temporary, mode)
                os.fsync(file.fileno())
            os.replace(temporary, target)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
        _flush_folder(folder)
    except OSError as error:
        raise storage_error(error, path) from error


def _mode_of_regular(target: str) -> int | None:
    """The permissions of the file that stands there, None if there is none."""
    try:
        mode = os.stat(target).st_mode
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "a device or a pipe"
        raise StorageError(f"cannot write {target}: {kind} is there", fix="Name another path.")
    # A rename would get round the file's own permissions.
    if not os.access(target, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
        raise PermissionError(errno.EACCES, "permission is denied")
    return stat.S_IMODE(mode)


def _flush_folder(folder: str) -> None:
    """Bring a rename to the disk, on systems where a folder can be flushed."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def remove_temporaries(folder: str | os.PathLike[str]) -> list[str]:
    """Delete what writers that were killed left in a folder; returns the deleted names.

    Only for folders with one writer at a time: a living writer's file looks the same.
    """
    gone: list[str] = []
    for path in Path(folder).glob(f".*{TEMPORARY}"):
        with contextlib.suppress(OSError):
            path.unlink()
            gone.append(path.name)
    return gone
