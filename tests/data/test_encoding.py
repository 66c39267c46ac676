"""UTF-8 and UTF-16 are read, other encodings are named with byte, line and a guess."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.data.encoding import decode, decode_pieces
from elman.errors import ConfigError, DataError

TEXT = "text,label\nun café très crémeux,1\nZoë's naïve façade,0\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le", "utf-16-be"])
def test_unicode_is_recognised(encoding: str) -> None:
    read = decode(TEXT.encode(encoding), "a.csv")
    assert read.text == TEXT
    assert len(read.notes) == (encoding != "utf-8")


@pytest.mark.parametrize("mark", [codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE])
def test_utf16_with_its_mark_when_named(mark: bytes) -> None:
    kind = "utf-16-le" if mark == codecs.BOM_UTF16_LE else "utf-16-be"
    assert decode(mark + TEXT.encode(kind), "a.csv", "utf-16").text == TEXT


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufeff")))
def test_every_text_survives_utf8(text: str) -> None:
    assert decode(text.encode(), "a.txt").text == text


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
def test_western_byte_is_named_with_a_guess(encoding: str) -> None:
    with pytest.raises(DataError) as caught:
        decode(TEXT.encode(encoding), "a.csv")
    message = str(caught.value)
    assert message.startswith("a.csv:2: byte 0xe9 at position 17 is not UTF-8")
    assert "--encoding cp1252" in message
    assert "un café très" in message


def test_other_encodings_are_not_taken_for_western() -> None:
    with pytest.raises(DataError, match="shift_jis"):
        decode("この映画はとても良かった\n".encode("shift_jis"), "a.txt")
    with pytest.raises(DataError, match="--encoding "):
        decode("очень хороший фильм\n".encode("koi8-r"), "a.txt")


def test_named_encoding() -> None:
    assert decode(TEXT.encode("latin-1"), "a.csv", "latin-1").text == TEXT
    with pytest.raises(ConfigError, match="there is no encoding 'latin-9000'"):
        decode(b"", "a.csv", "latin-9000")
    with pytest.raises(ConfigError):
        decode(b"", "a.csv", "rot13")  # a codec, but not an encoding
    with pytest.raises(DataError, match="not ASCII"):
        decode(TEXT.encode(), "a.csv", "ascii")


def test_cut_character() -> None:
    with pytest.raises(DataError, match=r"a\.csv:3: the file ends in the middle of a character"):
        decode("one\ntwo\ncafé".encode()[:-1], "a.csv")


def test_nul_is_named_with_its_line() -> None:
    with pytest.raises(DataError, match=r"a\.csv:2: a NUL character at position 5"):
        decode(b"one\nt\0wo\nthree, four, five\n", "a.csv")


def test_nul_is_named_with_its_place_wherever_the_pieces_end() -> None:
    for cut in (3, 5, 6):
        raw = "öne\nt\0wo\n".encode()
        with pytest.raises(DataError, match=r"a\.csv:2: a NUL character at position 5"):
            list(decode_pieces([raw[:cut], raw[cut:]], "a.csv"))


@pytest.mark.parametrize("raw", [b"PK\x03\x04..", b"%PDF-1.4", b"\x89PNG\r\n", b"\xfd7zXZ\x00..", b"BZh9.."])
def test_other_kinds_of_files_are_called_by_name(raw: bytes) -> None:
    with pytest.raises(DataError, match=r"this is (a |packed)"):
        decode(raw, "a.csv")
