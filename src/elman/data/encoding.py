"""From bytes to text: UTF-8 and UTF-16 are recognised, anything else is named with a guess."""

import codecs
import contextlib
import io
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import NamedTuple

from elman.data.files import shown
from elman.errors import ConfigError, DataError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: its mark begins with the same two bytes
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_BINARY = (
    (b"PK\x03\x04", "a zip archive (an .xlsx table is one, too)"),
    (b"BZh", "packed with bzip2"),
    (b"\xfd7zXZ\x00", "packed with xz"),
    (b"\x28\xb5\x2f\xfd", "packed with zstd"),
    (b"PAR1", "a Parquet file"),
    (b"ARROW1", "an Arrow file"),
    (b"\xd0\xcf\x11\xe0", "an old Office file"),
    (b"%PDF", "a PDF"),
    (b"\x89PNG", "a PNG picture"),
    (b"SQLite format 3\x00", "an SQLite database"),
)
_READABLE = "text in UTF-8 or UTF-16, plain or gzipped"


class Decoded(NamedTuple):
    """A text, what was noticed while reading it, and the encoding it was in."""

    text: str
    notes: list[str]
    encoding: str


def decode(raw: bytes, path: object, encoding: str | None = None) -> Decoded:
    """The text in some bytes, without its byte-order mark.

    Args:
        raw: the bytes, unpacked.
        path: the file they are from, for messages.
        encoding: a name that Python knows, such as "latin-1"; None: UTF-8, or UTF-16 and UTF-32 where recognised.

    Raises:
        DataError: a byte is wrong in this encoding (it is named with its line and a guess), a NUL, or no text at all.
        ConfigError: there is no encoding of that name.

    Example:
        >>> decode("café".encode("utf-16"), "menu.txt").text
        'café'
    """
    name = shown(str(path))
    raw, chosen, notes = _recognised(raw, name, encoding)
    try:
        text = raw.decode(chosen)
    except UnicodeDecodeError as error:
        raise _wrong_byte(raw, error, name, chosen) from None
    _refuse_nul(text, name)
    return Decoded(text, notes, chosen)


def decode_pieces(
    pieces: Iterable[bytes], path: object, encoding: str | None = None, note: Callable[[str], None] | None = None
) -> Iterator[str]:
    """The text in some bytes that come piece after piece, every line end as one \\n; never the whole text at once.

    Args:
        pieces: the bytes, unpacked, the first piece with enough of them to know the encoding from.
        path, encoding: as for `decode`.
        note: told what was noticed.

    Yields:
        Pieces of the text, some of them empty.

    Raises:
        DataError, ConfigError: as `decode`.

    Example:
        >>> "".join(decode_pieces(["caf\\u00e9\\r\\nbar".encode()[:4], b"\\xa9\\r", b"\\nbar"], "menu.txt"))
        'café\\nbar'
    """
    name, source = shown(str(path)), iter(pieces)
    head = next(source, b"")
    first, chosen, notes = _recognised(head, name, encoding)
    for words in notes if note else ():
        note(words)  # pyright: ignore[reportOptionalCall]
    decoder = codecs.getincrementaldecoder(chosen)()
    newlines = io.IncrementalNewlineDecoder(None, translate=True)
    done, lines = len(head) - len(first), 0  # bytes and lines before those that are decoded now
    read = 0  # characters before them
    held = b""  # what the decoder has kept of the piece before
    for piece in chain([first], source, [None]):
        whole = held + (piece or b"")
        try:
            text = decoder.decode(piece or b"", final=piece is None)
        except UnicodeDecodeError as error:
            raise _wrong_byte(whole, error, name, chosen, done, lines) from None
        _refuse_nul(text, name, lines, read)
        held = decoder.getstate()[0]
        done, lines, read = done + len(whole) - len(held), lines + text.count("\n"), read + len(text)
        yield newlines.decode(text, final=piece is None)


def _recognised(raw: bytes, name: str, encoding: str | None) -> tuple[bytes, str, list[str]]:
    """The bytes without their byte-order mark, their encoding, and what was noticed."""
    if encoding is not None:
        encoding = _known(encoding)
    notes: list[str] = []
    chosen = encoding or "utf-8"
    mark = next(((mark, kind) for mark, kind in _MARKS if raw.startswith(mark)), None)
    if mark is not None and encoding in (None, mark[1], mark[1].rsplit("-", 1)[0]):
        raw, chosen = raw[len(mark[0]) :], mark[1]
        notes.append(f"{name} begins with a byte-order mark: read as {chosen.upper()}")
    elif encoding is None and (guess := _utf16_without_mark(raw)):
        chosen = guess
        notes.append(f"{name} looks like UTF-16 without a byte-order mark: read as {chosen.upper()}")
    if encoding is None:
        _refuse_binary(raw, name)
    return raw, chosen, notes


def _refuse_nul(text: str, name: str, lines: int = 0, before: int = 0) -> None:
    """Refuse a text with a NUL, which stands behind so many lines and characters."""
    if "\0" in text:
        at = text.index("\0")
        raise DataError(
            f"a NUL character at position {before + at}: the file is damaged or not a text",
            expected=_READABLE,
            path=name,
            line=lines + text.count("\n", 0, at) + 1,
        )


def _known(encoding: str) -> str:
    try:
        with contextlib.suppress(UnicodeDecodeError):
            b"a".decode(encoding)  # refused by codecs that are not encodings of text, such as rot13
        return codecs.lookup(encoding).name
    except (LookupError, ValueError):
        raise ConfigError(
            f"there is no encoding {encoding!r}", "a name such as utf-8, latin-1, cp1252, utf-16 or shift_jis"
        ) from None


def _utf16_without_mark(raw: bytes) -> str | None:
    """Western text in UTF-16 has a zero in every second byte, and hardly any elsewhere."""
    head = raw[: 2 * (min(len(raw), 4096) // 2)]
    even, odd = head[::2], head[1::2]
    if len(head) >= 4 and len(raw) % 2 == 0:
        if odd.count(0) > 0.6 * len(odd) and even.count(0) == 0:
            return "utf-16-le"
        if even.count(0) > 0.6 * len(even) and odd.count(0) == 0:
            return "utf-16-be"
    return None


def _refuse_binary(raw: bytes, name: str) -> None:
    for magic, kind in _BINARY:
        if raw.startswith(magic):
            raise DataError(f"this is {kind}", expected=_READABLE, path=name)


def _wrong_byte(
    raw: bytes, error: UnicodeDecodeError, name: str, encoding: str, before: int = 0, lines: int = 0
) -> DataError:
    """The error of a byte, in bytes that stand behind others and behind so many lines."""
    line = lines + raw.count(b"\n", 0, error.start) + 1
    if error.reason == "unexpected end of data" and error.end >= len(raw) - 1 and encoding.startswith("utf"):
        return DataError(
            f"the file ends in the middle of a character (byte {before + error.start})",
            expected=f"whole characters in {encoding.upper()}",
            fix="It seems to be cut short: fetch it again.",
            path=name,
            line=line,
        )
    found = f"byte 0x{raw[error.start]:02x} at position {before + error.start} is not {encoding.upper()}"
    if not encoding.startswith("utf-8"):
        return DataError(found, fix="Try another --encoding, or none.", path=name, line=line)
    around = raw[max(0, error.start - 60) : error.start + 60]
    guess = _guess(raw[max(0, error.start - 2000) : error.start + 2000])
    # Only the few words around the byte, in the guessed encoding: a person sees at once whether it is right.
    words = re.search(r"[^\r\n]{0,16}$", around[: min(60, error.start)].decode(guess, "replace"))
    after = re.match(r"[^\r\n]{0,16}", raw[error.start : error.start + 60].decode(guess, "replace"))
    reading = (words.group() if words else "") + (after.group() if after else "")
    return DataError(
        found,
        expected="UTF-8 or UTF-16",
        fix=f"It looks like {guess}, where it reads {reading!r}: if that is right, add --encoding {guess}.",
        path=name,
        line=line,
    )


def _guess(sample: bytes) -> str:
    """A likely encoding of bytes that are not UTF-8: Western where such bytes are few, else by what decodes."""
    high = sum(byte >= 0x80 for byte in sample)
    letters = sum(chr(byte).isalpha() for byte in sample if byte < 0x80)
    candidates = ("cp1252", "latin-1") if high <= letters else ("shift_jis", "gb18030", "cp1251", "latin-1")
    for candidate in candidates:
        try:
            sample.decode(candidate)
        except UnicodeDecodeError:
            continue
        return candidate
    return "latin-1"
