"""A folder with seq.in, seq.out and label: a sentence, its tags and its label on the same line of three files."""

import hashlib
import os

from elman.data.encoding import decode
from elman.data.files import read_stored, unpack
from elman.data.sentences import Sentences
from elman.errors import DataError

WORDS, TAGS, LABELS = "seq.in", "seq.out", "label"


def is_slot_folder(path: str) -> bool:
    """Whether a folder holds seq.in, plain or gzipped."""
    return os.path.isdir(path) and _file(path, WORDS) is not None


def read_slot_folder(path: str, encoding: str | None = None, *, need_tags: bool = True) -> tuple[Sentences, str]:
    """Read seq.in, seq.out and label of a folder, each plain or gzipped; the label is optional.

    Args:
        path: the folder.
        encoding: of the three files; None: UTF-8, or UTF-16 where recognised.
        need_tags: whether seq.out must be there.

    Returns:
        The sentences, and the SHA-256 of all that was read.

    Raises:
        DataError: a file is missing or empty, the files have different numbers of lines, or a line different numbers
            of words and tags.
    """
    digest, notes = hashlib.sha256(), []
    texts: dict[str, list[str]] = {}
    for name in (WORDS, TAGS, LABELS):
        file = _file(path, name)
        if file is None:
            if name == WORDS or (name == TAGS and need_tags):
                raise DataError(f"there is no {name}", _holds(path), path=path)
            continue
        stored = read_stored(file)
        digest.update(name.encode() + hashlib.sha256(stored).digest())
        decoded = decode(unpack(stored, file), file, encoding)
        if not decoded.text.strip():
            raise DataError("the file is empty", "one sentence per line", path=file)
        notes += decoded.notes
        texts[name] = [line.removesuffix("\r") for line in decoded.text.removesuffix("\n").split("\n")]
    for name, lines in texts.items():
        if len(lines) != len(texts[WORDS]):
            raise DataError(
                f"{name} has {len(lines):,} lines and {WORDS} {len(texts[WORDS]):,}", "the same number", path=path
            )
    words = [line.split() for line in texts[WORDS]]
    tags = [line.split() for line in texts[TAGS]] if TAGS in texts else None
    for i, (own, given) in enumerate(zip(words, tags or words, strict=True)):
        if len(own) != len(given):
            found = f"{len(given)} tags for the {len(own)} words on the same line of {WORDS}"
            raise DataError(found, "one tag for each word", path=_file(path, TAGS), line=i + 1)
    numbers = range(1, len(words) + 1)
    found = Sentences(
        words=words,
        tags=tags,
        labels=[line.strip() for line in texts[LABELS]] if LABELS in texts else None,
        begins=list(numbers),
        lines=[[number] * len(own) for number, own in zip(numbers, words, strict=True)],
        columns={role: name for role, name in (("word", WORDS), ("tag", TAGS), ("label", LABELS)) if name in texts},
        notes=notes,
    )
    return found, digest.hexdigest()


def _file(folder: str, name: str) -> str | None:
    """The file of this name, plain or gzipped."""
    paths = [os.path.join(folder, name + end) for end in ("", ".gz")]
    return next((path for path in paths if os.path.isfile(path)), None)


def _holds(folder: str) -> str:
    """What to give instead: the folders inside that are such folders."""
    inside = sorted(name for name in os.listdir(folder) if is_slot_folder(os.path.join(folder, name)))
    if inside:
        return f"a folder with {WORDS}, {TAGS} and label, such as {', '.join(os.path.join(folder, n) for n in inside)}"
    return f"a folder with {WORDS} and {TAGS}"
