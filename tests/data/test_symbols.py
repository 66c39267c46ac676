"""Symbols against Python's own splitting, across processes, and on texts that are not kind."""

import json
import os
import re
import subprocess
import sys
import unicodedata
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.data.options import SymbolOptions
from elman.data.symbols import Symbols
from elman.errors import ArgumentError, ConfigError

TEXTS = [
    "I don't like it.<br /><br />It was BAD, very bad!",
    'Très bien — 10/10, the 2nd "best" film\'s end…',
    "",
    " \t\n ",
    "don’t rock 'n' roll<BR>now",
    "naïve café Ελληνικά 日本語 😀",
]
KINDS = ["word", "character", "bpe"]


def by_hand(text: str) -> list[str]:
    text = re.sub(r"<br\s*/?>", " ", text, flags=re.IGNORECASE).replace("’", "'").lower()
    return re.findall(r"\w+(?:'\w+)*|[^\w\s]", text)


def names_of(symbols: Symbols, text: str) -> list[str]:
    return [symbols.names[i] for i in symbols.encode([text]).row(0)]


def test_words_are_those_of_the_pattern() -> None:
    symbols = Symbols.learn(TEXTS, SymbolOptions())
    for text in TEXTS:
        assert names_of(symbols, text) == by_hand(text)
    assert "don't" in symbols.names


def test_the_most_frequent_are_kept_in_order() -> None:
    counts = Counter(word for text in TEXTS for word in by_hand(text))
    expected = sorted(counts, key=lambda word: (-counts[word], word))
    symbols = Symbols.learn(TEXTS, SymbolOptions())
    assert symbols.names == ["<pad>", "<unk>", *expected]
    few = Symbols.learn(TEXTS, SymbolOptions(vocabulary=6))
    assert few.names == symbols.names[:6]
    assert few.size == 6
    unknown = [i == few.unknown_id for i in few.encode(TEXTS[:1]).row(0)]
    assert unknown == [word not in few.names for word in by_hand(TEXTS[0])]


@pytest.mark.parametrize("kind", KINDS)
def test_empty_texts_have_no_symbols(kind: str) -> None:
    symbols = Symbols.learn(TEXTS, SymbolOptions(tokens=kind))
    assert symbols.encode(["", ""]).lengths.tolist() == [0, 0]
    assert len(symbols.encode([])) == 0
    nothing = Symbols.learn(["", ""], SymbolOptions(tokens=kind))
    assert nothing.size == (258 if kind == "bpe" else 2)
    assert len(nothing.encode(["new words"]).row(0)) > 0


def test_characters() -> None:
    symbols = Symbols.learn(TEXTS, SymbolOptions(tokens="character", lowercase=False))
    text = "I don't\nlike 日本 😀"
    assert names_of(symbols, text) == [c if c in symbols.names else "<unk>" for c in text]
    assert symbols.unknown_id not in symbols.encode(TEXTS[5:]).row(0)
    assert names_of(symbols, "e\u0301") == names_of(symbols, "é")  # written in two ways


@given(st.text(max_size=60))
def test_bytes_lose_nothing(text: str) -> None:
    """Byte-level BPE knows no unknown symbol: what its ids stand for is the text."""
    symbols = BPE
    ids = symbols.encode([text]).row(0)
    assert symbols.unknown_id not in ids
    from tokenizers import Tokenizer

    library = Tokenizer.from_str(symbols.to_json())
    seen = library.normalizer.normalize_str(text)
    assert library.decode(ids.tolist()) == (seen if not seen or seen.startswith(" ") else f" {seen}")


BPE = Symbols.learn(TEXTS, SymbolOptions(tokens="bpe", vocabulary=300))


def test_bpe_needs_room_for_the_bytes() -> None:
    assert BPE.size <= 300
    with pytest.raises(ConfigError, match=r"vocabulary is 257.*at least 258"):
        Symbols.learn(TEXTS, SymbolOptions(tokens="bpe", vocabulary=257))


def test_capitals_can_count() -> None:
    symbols = Symbols.learn(TEXTS, SymbolOptions(lowercase=False))
    assert {"BAD", "bad"} <= set(symbols.names)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"max_length": 3}, [["c", "d", "e"], ["a"], []]),
        ({"max_length": 3, "keep": "first"}, [["a", "b", "c"], ["a"], []]),
        ({"max_length": 0}, [["a", "b", "c", "d", "e"], ["a"], []]),
        ({"max_length": 2, "pad_to": 3}, [["d", "e", "<pad>"], ["a", "<pad>", "<pad>"], ["<pad>"] * 3]),
    ],
)
def test_length(options: dict[str, object], expected: list[list[str]]) -> None:
    symbols = Symbols.learn(["a b c d e"], SymbolOptions(**options))  # pyright: ignore[reportArgumentType]
    assert [names_of(symbols, text) for text in ["a b c d e", "a", ""]] == expected


@pytest.mark.parametrize("kind", KINDS)
def test_kept_in_json(kind: str) -> None:
    options = SymbolOptions(tokens=kind, vocabulary=290)
    symbols = Symbols.learn(TEXTS, options)
    again = Symbols(symbols.to_json(), options)
    assert again.to_json() == symbols.to_json()
    assert again.names == symbols.names
    for text in [*TEXTS, "words never seen"]:
        assert again.encode([text]).row(0).tolist() == symbols.encode([text]).row(0).tolist()
    json.loads(symbols.to_json())


@pytest.mark.parametrize("kind", KINDS)
def test_a_text_cannot_name_the_special_symbols(kind: str) -> None:
    symbols = Symbols.learn(["a <pad> of < > pad", *TEXTS], SymbolOptions(tokens=kind))
    assert 0 not in symbols.encode(["a <pad> <unk> pad"]).row(0)


@pytest.mark.parametrize("kind", KINDS)
def test_half_a_surrogate_pair_is_read_as_a_wrong_character(kind: str) -> None:
    symbols = Symbols.learn([*TEXTS, "\ufffd"], SymbolOptions(tokens=kind))
    halves, replaced = symbols.encode(["fine \ud83d film \udc00", "fine \ufffd film \ufffd"]), [0, 1]
    assert halves.row(replaced[0]).tolist() == halves.row(replaced[1]).tolist()
    assert Symbols.learn(["\ud83d a"], SymbolOptions()).size == 4


def test_a_million_words() -> None:
    symbols = Symbols.learn(TEXTS, SymbolOptions(max_length=400))
    assert symbols.encode(["bad film " * 500_000]).lengths.tolist() == [400]


@pytest.mark.parametrize("text", ["", "{}", "no json", '{"version": "1.0", "model": {"type": "WordLevel"}}'])
def test_not_a_tokenizer(text: str) -> None:
    with pytest.raises(ArgumentError, match="not the JSON of a tokenizer"):
        Symbols(text, SymbolOptions())


def test_another_tokenizer() -> None:
    from tokenizers import Tokenizer, models

    with pytest.raises(ArgumentError, match="does not begin with <pad> and <unk>"):
        Symbols(Tokenizer(models.WordLevel({"<unk>": 0}, unk_token="<unk>")).to_str(), SymbolOptions())


IN_A_PROCESS = """
import hashlib
from elman.data.options import SymbolOptions
from elman.data.symbols import Symbols
texts = [f"word{i * i % 97} w{i % 31} it's {i}" for i in range(3000)]
for kind in ("word", "character", "bpe"):
    symbols = Symbols.learn(texts, SymbolOptions(tokens=kind, vocabulary=400))
    print(hashlib.sha256(symbols.to_json().encode()).hexdigest())
"""


def test_the_same_in_every_process() -> None:
    """Equal counts abound in these texts; neither hash seeds nor threads may decide between them."""
    outputs = {
        subprocess.run(
            [sys.executable, "-c", IN_A_PROCESS],
            env={**os.environ, "PYTHONHASHSEED": seed, "RAYON_NUM_THREADS": threads},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed, threads in (("1", "1"), ("2", "2"), ("3", "4"))
    }
    assert len(outputs) == 1


FORKING = """
import os, sys
from elman.data.options import SymbolOptions
from elman.data.symbols import Symbols
texts = ["a fine film", "a dull one"] * 500
symbols = Symbols.learn(texts, SymbolOptions())
for generation in range(2):  # a child that forks again
    child = os.fork()
    if child:
        assert ("TOKENIZERS_PARALLELISM" in os.environ) == (generation > 0)  # the parent's threads stay
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    assert len(symbols.encode(texts)) == 1000
    assert os.environ["TOKENIZERS_PARALLELISM"] == "false"
os._exit(0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_fork_neither_hangs_nor_warns() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "TOKENIZERS_PARALLELISM"}
    done = subprocess.run(
        [sys.executable, "-c", FORKING], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_real_reviews(real_data: Path) -> None:
    """Vocabulary and ids of 2,000 reviews agree with Python's own splitting."""
    from elman.data.labelled import read_labelled

    texts = read_labelled(real_data / "imdb" / "test.csv.gz").texts[::12]
    counts = Counter(word for text in texts for word in by_hand(text))
    symbols = Symbols.learn(texts, SymbolOptions(vocabulary=5000, max_length=0))
    expected = sorted(counts, key=lambda word: (-counts[word], word))[:4998]
    assert symbols.names[2:] == expected
    known = {name: i for i, name in enumerate(symbols.names)}
    encoded = symbols.encode(texts)
    for row in range(0, len(texts), 50):
        assert encoded.row(row).tolist() == [known.get(word, 1) for word in by_hand(texts[row])]


SPECIAL = ("begin of text", "end of text")


@pytest.mark.parametrize("kind", KINDS)
def test_special_symbols_come_first_and_from_no_text(kind: str) -> None:
    options = SymbolOptions(tokens=kind, vocabulary=400)
    texts = [*TEXTS, *["begin of text <unk> end of text"] * 50]
    symbols = Symbols.learn(texts, options, SPECIAL)
    assert symbols.names[:4] == ["<pad>", "<unk>", *SPECIAL]
    assert [symbols.id_of(name) for name in SPECIAL] == [2, 3]
    again = Symbols(symbols.to_json(), options)
    assert again.names == symbols.names
    ids = symbols.encode(texts)
    assert not np.isin(ids.values, [2, 3]).any()
    decoded = symbols.decode([[2, *ids.row(i).tolist(), 3, 0] for i in range(len(texts))])
    assert decoded == again.decode([ids.row(i).tolist() for i in range(len(texts))])
    if kind == "word":
        assert decoded[0] == " ".join(by_hand(texts[0]))


@given(st.lists(st.text(max_size=40), max_size=5), st.integers(260, 400))
def test_decoding_inverts_the_encoding_of_bpe(texts: list[str], vocabulary: int) -> None:
    """Bytes hold any text: what comes back is the normal form of it (NFC), <br> a space, no space at the beginning."""
    options = SymbolOptions(tokens="bpe", vocabulary=vocabulary, lowercase=False, max_length=0)
    symbols = Symbols.learn([*TEXTS, "Häuser, „Straße“!", *texts], options, SPECIAL)
    ids = symbols.encode(texts)
    for i, text in enumerate(texts):
        whole = re.sub(r"<br\s*/?>", " ", unicodedata.normalize("NFC", text), flags=re.IGNORECASE)
        assert symbols.decode([ids.row(i).tolist()]) == [whole.removeprefix(" ")]


def test_cut_characters_are_shown_as_such() -> None:
    """Half of the bytes of ü are no text: no error."""
    options = SymbolOptions(tokens="bpe", vocabulary=262, lowercase=False)
    symbols = Symbols.learn(["a"], options, SPECIAL)
    ids = symbols.encode(["ü"]).row(0).tolist()
    assert symbols.decode([ids[:-1]]) == ["�"]
    with pytest.raises(ArgumentError, match="no symbol 'nothing'"):
        symbols.id_of("nothing")


def test_what_is_not_read_is_not_split() -> None:
    """The first symbols of a very long text are those of its beginning; a word of 10 MB takes no time."""
    options = SymbolOptions(tokens="bpe", vocabulary=300, lowercase=False, max_length=20, keep="first")
    symbols = Symbols.learn([*TEXTS, "aaaa bbbb " * 9], options)
    whole = Symbols(symbols.to_json(), SymbolOptions(tokens="bpe", vocabulary=300, lowercase=False, max_length=0))
    for text in ("aaaa bbbb " * 900, " " * 5000 + "a", "e\u0301" * 5000, "日本語" * 3000, "x" * 10_000_000):
        expected = whole.encode([text[:20_000]]).row(0)[:20]
        assert symbols.encode([text]).row(0).tolist() == expected.tolist()


@pytest.mark.parametrize("tokens", ["word", "character", "bpe"])
@pytest.mark.parametrize("keep", ["first", "last"])
def test_a_text_is_cut_where_it_is_longer_than_what_is_read(tokens: str, keep: str) -> None:
    text = "abab baba " * 3
    options = SymbolOptions(tokens=tokens, vocabulary=300, keep=keep)
    length = len(Symbols.learn([text], options).encode([text]).row(0))
    for most, cut in ((length - 1, [1, 3]), (length, [3]), (length + 1, [3]), (0, [])):
        symbols = Symbols.learn([text], replace(options, max_length=most))
        assert symbols.cut(["", text, "abab", text * 30]) == cut


def test_byte_pairs_from_a_word_of_two_million_letters() -> None:
    """In one piece it would take an hour."""
    letters = np.random.default_rng(0).integers(97, 123, 2_000_000).astype(np.uint8).tobytes().decode()
    symbols = Symbols.learn([letters, "a house"], SymbolOptions(tokens="bpe", vocabulary=600, max_length=0))
    assert symbols.size == 600
    assert symbols.decode([symbols.encode([letters[:99]]).row(0).tolist()]) == [letters[:99]]
