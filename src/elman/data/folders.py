"""A folder of folders: each is a class, each file in it is a text."""

import hashlib
import os
from typing import NamedTuple

from elman.data.encoding import decode
from elman.data.files import read_stored, storage_error, unpack
from elman.errors import DataError


class Folder(NamedTuple):
    """What is in a folder per class, files in order of class and name."""

    texts: list[str]
    labels: list[str]
    files: list[str]
    notes: list[str]
    sha256: str
    encodings: list[str]


def read_folder(path: str, encoding: str | None = None) -> Folder:
    """Read every file of every folder in a folder; names that begin with a dot are passed over.

    Raises:
        DataError: no folders in it, a folder without files or with folders inside, a file that is not text.
        StorageError: something in it cannot be read.
    """
    folders, loose = _contents(path)
    if not folders:
        held = f": it holds {', '.join(loose[:5])}{' …' if len(loose) > 5 else ''}" if loose else ""
        fix = f"Name one of the files, such as {os.path.join(path, loose[0])}." if loose else ""
        raise DataError(
            f"no folders in this folder{held}", "one folder per class, with one text per file", fix, path=path
        )
    texts: list[str] = []
    labels: list[str] = []
    files: list[str] = []
    encodings: list[str] = []
    notes: list[str] = []
    digest = hashlib.sha256()
    for label in folders:
        for name in _texts_of(os.path.join(path, label)):
            file = os.path.join(path, label, name)
            stored = read_stored(file)
            digest.update(f"{label}/{name}\0{hashlib.sha256(stored).hexdigest()}\n".encode())
            decoded = decode(unpack(stored, file), file, encoding)
            texts.append(decoded.text)
            labels.append(label)
            files.append(file)
            notes += decoded.notes
            if decoded.encoding not in encodings:
                encodings.append(decoded.encoding)
    if len(notes) > 3:
        notes = [*notes[:2], f"… and {len(notes) - 2} more files with such a mark"]
    if loose:
        notes.append(f"passed over in {path}, not in a folder of a class: {', '.join(loose[:5])}")
    return Folder(texts, labels, files, notes, digest.hexdigest(), encodings)


def _contents(path: str) -> tuple[list[str], list[str]]:
    """The names of the folders and of the files in a folder, in order."""
    try:
        names = sorted(name for name in os.listdir(path) if not name.startswith("."))
    except FileNotFoundError:
        raise DataError(f"there is no folder {path!r}") from None
    except NotADirectoryError:
        raise DataError("this is a file", "a folder with one folder per class", path=path) from None
    except OSError as error:
        raise storage_error(error, path, "read") from error
    folders = [name for name in names if os.path.isdir(os.path.join(path, name))]
    return folders, [name for name in names if name not in set(folders)]


def _texts_of(folder: str) -> list[str]:
    folders, names = _contents(folder)
    if folders:
        raise DataError(
            f"folders inside the folder of a class: {', '.join(folders[:5])}",
            expected="one folder per class, with one text per file",
            fix=f"Name the folder above the classes: is it {folder}?",
            path=folder,
        )
    if not names:
        raise DataError("the folder of this class is empty", "one text per file", path=folder)
    return names
