"""Well-known data sets, fetched from their authors' sites, checked, and written as tables."""

import csv
import hashlib
import http.client
import io
import os
import re
import tarfile
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from elman.data.encoding import decode
from elman.data.files import did_you_mean, storage_error, write_whole
from elman.errors import ArgumentError, DataError, StorageError

Progress = Callable[[str, int, int], None]
_CHUNK = 1 << 18
_LARGEST_TEXT = 1 << 20
_TIMEOUT = 60


@dataclass(frozen=True)
class Archive:
    """A data set as its authors keep it: one tar file with a text per member.

    Args:
        url: where it is.
        size: in bytes.
        md5, sha1: checksums of the whole archive.
        member: pattern of the names to read, with the groups split, label and id.
        labels: the label in a name → the label in the table, in the order in which they are written.
        rows: texts of each label in each split.
    """

    url: str
    size: int
    md5: str
    sha1: str
    member: str
    labels: dict[str, str]
    rows: int

    @property
    def name(self) -> str:
        """The file's name."""
        return self.url.rsplit("/", 1)[-1]


ARCHIVES = {
    # Maas et al., "Learning word vectors for sentiment analysis", ACL 2011.
    "imdb": Archive(
        url="https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz",
        size=84_125_825,
        md5="7c2ac02c03563afcf9b574c7e56c153a",
        sha1="01ada507287d82875905620988597833ad4e0903",
        member=r"aclImdb/(?P<split>train|test)/(?P<label>neg|pos)/(?P<id>\d+)_\d+\.txt",
        labels={"neg": "0", "pos": "1"},
        rows=12_500,
    )
}


def fetch(
    name: str,
    folder: str | os.PathLike[str],
    source: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
    archive: Archive | None = None,
) -> list[Path]:
    """Fetch a data set and write it as train.csv and test.csv, columns text and label, sorted by label and number.

    The archive is kept in the folder; one that is there already is not fetched again. Nothing is unpacked to the disk:
    only members whose names fit the data set are read.

    Args:
        name: "imdb", the movie reviews of Maas et al. (2011).
        folder: where to; it is made if it is not there.
        source: a copy of the archive that is here already.
        progress: called with what is being done, the bytes done, and those in all.
        archive: another place, with its own checksums, of an archive of the same kind.

    Returns:
        The files written.

    Raises:
        ArgumentError: no such data set.
        StorageError: it cannot be fetched (the message says where to put the file), or not be written.
        DataError: the archive is not the one that its authors published.

    Example:
        >>> sorted(ARCHIVES)
        ['imdb']
    """
    if archive is None:
        if name not in ARCHIVES:
            raise ArgumentError(f"no data set {name!r}", f"one of {', '.join(ARCHIVES)}", did_you_mean(name, ARCHIVES))
        archive = ARCHIVES[name]
    report = progress or (lambda what, done, total: None)
    place = Path(folder)
    try:
        place.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise StorageError(f"{place} is a file, not a folder", fix="Name another folder.") from None
    except OSError as error:
        raise storage_error(error, place) from error
    packed = Path(source) if source is not None else place / archive.name
    if source is None and not packed.exists():
        _download(archive, packed, report)
    _verify(archive, packed, report, fetched=source is None)
    written: list[Path] = []
    for split, rows in _texts(archive, packed, report).items():
        table = io.StringIO(newline="")
        writer = csv.writer(table, lineterminator="\n")
        writer.writerow(("text", "label"))
        for label, shown in archive.labels.items():
            writer.writerows((text, shown) for _, text in sorted(rows[label].items()))
        written.append(place / f"{split}.csv")
        write_whole(written[-1], table.getvalue().encode())
    return written


def _download(archive: Archive, to: Path, progress: Progress) -> None:
    """Fetch the archive, whole or not at all."""
    try:
        answer = urllib.request.urlopen(archive.url, timeout=_TIMEOUT)  # a fixed https address
    except (OSError, http.client.HTTPException) as error:
        raise _unreachable(archive, to, error) from None
    with answer:

        def copy(file: BinaryIO) -> None:
            done = 0
            while chunk := _receive(answer, archive, to):
                file.write(chunk)
                done += len(chunk)
                if done > archive.size:
                    break
                progress("fetching", done, archive.size)
            if done != archive.size:
                raise StorageError(
                    f"{archive.url} sent {'more than ' if done > archive.size else ''}{done:,} bytes",
                    expected=f"{archive.size:,}",
                    fix=_by_hand(archive, to),
                )

        write_whole(to, copy)


def _receive(answer: http.client.HTTPResponse, archive: Archive, to: Path) -> bytes:
    try:
        return answer.read(_CHUNK)
    except (OSError, http.client.HTTPException) as error:
        raise _unreachable(archive, to, error) from None


def _unreachable(archive: Archive, to: Path, error: Exception) -> StorageError:
    reason = error.reason if type(error) is urllib.error.URLError else error
    return StorageError(f"cannot fetch {archive.url} ({reason})", fix=_by_hand(archive, to))


def _by_hand(archive: Archive, to: Path) -> str:
    return (
        f"Try again, or fetch it elsewhere and put it at {to} ({archive.size:,} bytes, md5 {archive.md5}); "
        "then run the same command again."
    )


def _verify(archive: Archive, path: Path, progress: Progress, fetched: bool) -> None:
    """Compare size and checksums with the published ones."""
    md5, sha1 = hashlib.md5(usedforsecurity=False), hashlib.sha1(usedforsecurity=False)
    done = 0
    try:
        with open(path, "rb") as file:
            while chunk := file.read(_CHUNK):
                md5.update(chunk)
                sha1.update(chunk)
                done += len(chunk)
                progress("checking", done, archive.size)
    except FileNotFoundError:
        raise DataError(f"there is no file '{path}'", fix=f"Expected a copy of {archive.name}.") from None
    except IsADirectoryError:
        raise DataError("this is a folder", f"the file {archive.name}", path=path) from None
    except OSError as error:
        raise storage_error(error, path, "read") from error
    again = f"Delete {path} and run the same command again." if fetched else f"Fetch it again from {archive.url}."
    if done != archive.size:
        raise DataError(f"the archive has {done:,} bytes", f"{archive.size:,}", again, path=path)
    if (md5.hexdigest(), sha1.hexdigest()) != (archive.md5, archive.sha1):
        raise DataError(f"the archive's md5 is {md5.hexdigest()}", archive.md5, again, path=path)


def _texts(archive: Archive, path: Path, progress: Progress) -> dict[str, dict[str, dict[int, str]]]:
    """Split → label → number → text, of the members whose whole name fits; all others are passed over unread."""
    pattern = re.compile(archive.member)
    found: dict[str, dict[str, dict[int, str]]] = {}
    try:
        with open(path, "rb") as file, tarfile.open(fileobj=file, mode="r|gz") as tar:
            for member in tar:
                fits = pattern.fullmatch(member.name)
                if fits is None or not member.isfile():
                    continue
                content = tar.extractfile(member)
                if content is None or member.size > _LARGEST_TEXT:
                    raise DataError(f"{member.name} has {member.size:,} bytes", "a text", path=path)
                split = found.setdefault(fits["split"], {label: {} for label in archive.labels})
                name = f"{path}, {member.name}"
                split[fits["label"]][int(fits["id"])] = decode(content.read(), name, "utf-8").text
                progress("reading", file.tell(), archive.size)
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise DataError(f"the archive is damaged ({error})", fix=f"Fetch it again: {archive.url}", path=path) from None
    except OSError as error:
        raise storage_error(error, path, "read") from error
    if not found:
        raise DataError("no texts in the archive", f"names such as {archive.member}", path=path)
    for split, labels in found.items():
        for label, texts in labels.items():
            if len(texts) != archive.rows:
                raise DataError(f"{len(texts):,} texts in {split}/{label}", f"{archive.rows:,}", path=path)
    return dict(sorted(found.items(), reverse=True))  # train before test
