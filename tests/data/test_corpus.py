"""Texts read in pieces, their symbols, and the streams of chunks: against the text itself, and by hand."""

import gzip
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.data import plain_text
from elman.data.corpus import LONGEST, Corpus, Streams
from elman.data.corpus_options import CorpusOptions, CorpusSymbolOptions
from elman.data.plain_text import PlainText, read_text
from elman.data.vocabulary import Vocabulary
from elman.errors import ArgumentError, ConfigError, DataError

PLAY = "First Citizen:\nBefore we proceed any further, hear me speak.\n\nAll:\nSpeak, speak — ça va? 𝄞\n"


def in_memory(text: str) -> PlainText:
    return PlainText("memory", CorpusOptions(), given=text)


def learned(text: str, tokens: str, size: int = 1000, *, lowercase: bool = False) -> Vocabulary:
    return Vocabulary.learn(in_memory(text).pieces(), CorpusSymbolOptions(tokens, size, lowercase))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("most", [1, 7, 1 << 20])
def test_a_file_in_pieces_is_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str, packed: bool, most: int
) -> None:
    monkeypatch.setattr(plain_text, "MOST", most)
    monkeypatch.setattr("elman.data.files._CHUNK", 64)  # bytes: characters are cut apart
    text = PLAY.replace("𝄞", "é").replace("—", "-") if encoding == "latin-1" else PLAY
    raw = text.replace("\n", "\r\n").encode(encoding)
    path = tmp_path / "play"
    path.write_bytes(gzip.compress(raw) if packed else raw)
    given = CorpusOptions(encoding=encoding if encoding == "latin-1" else None)
    whole = read_text(path, given)
    pieces = list(whole.pieces())
    assert "".join(pieces) == text
    assert max(map(len, pieces)) <= max(most, 64)
    assert whole.count() == len(text)
    assert "".join(whole.part(3, 40).pieces()) == text[3:40]
    assert whole.line_end(15) == text.index("\n", 15) + 1


def test_what_is_wrong_with_a_file_is_named_with_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("elman.data.files._CHUNK", 16)
    path = tmp_path / "bad.txt"
    for raw, words in (
        (b"one line\ntwo lines\nthree \xff lines\n", r"bad.txt:3: byte 0xff at position 25 is not UTF-8"),
        (b"one line\ntwo lines\nthree\0lines\n", r"bad.txt:3: a NUL character"),
        (b"one line\ntwo lines\nth\xc3", r"bad.txt:3: the file ends in the middle of a character \(byte 21\)"),
        (b"%PDF-1.4\n", r"bad.txt: this is a PDF"),
        (gzip.compress(b"abc" * 1000)[:-9], r"bad.txt: the gzip file is cut short"),
    ):
        path.write_bytes(raw)
        with pytest.raises(DataError, match=words):
            list(read_text(path).pieces())
    with pytest.raises(DataError, match=r"Did you mean 'bad\.txt'"):
        read_text(tmp_path / "bda.txt").sha256()
    with pytest.raises(DataError, match="only once"):
        read_text("-")


def test_a_table_is_the_texts_of_its_column(tmp_path: Path) -> None:
    path = tmp_path / "reviews.csv"
    path.write_text('text,label\n"a fine, long film",1\ndull,0\n')
    assert "".join(read_text(path).pieces()) == "a fine, long film\ndull\n"


@pytest.mark.parametrize("tokens", ["character", "bpe"])
def test_nothing_is_lost(tokens: str) -> None:
    vocabulary = learned(PLAY, tokens)
    assert vocabulary.decode(vocabulary.encode(PLAY)) == PLAY
    assert vocabulary.names[vocabulary.start_id] in ("\n", "Ċ")
    other = "zürich 東京\n"
    if tokens == "bpe":
        assert vocabulary.decode(vocabulary.encode(other)) == other
        assert vocabulary.unseen(other) == []
    else:
        assert vocabulary.unseen(other) == ["ü", "東", "京"]
        assert vocabulary.decode(vocabulary.encode("東A")) == "<unk>A"


def test_characters_are_sorted_by_frequency() -> None:
    vocabulary = learned("aaabbc\n", "character", size=4)
    assert vocabulary.names == ["<unk>", "a", "b", "\n"]  # "\n" before "c": as frequent, and first in the alphabet
    assert vocabulary.encode("abcd\U0010ffff\n").tolist() == [1, 2, 0, 0, 0, 3]


def test_words_between_spaces_are_those_of_the_penn_treebank() -> None:
    lines = " the <unk> of n years \n the n \n"
    vocabulary = learned(lines, "space")
    assert vocabulary.names == ["<unk>", "<eol>", "n", "the", "of", "years"]
    assert vocabulary.encode(lines).tolist() == [3, 0, 4, 2, 5, 1, 3, 2, 1]
    assert vocabulary.encode("the n").tolist() == [3, 2]  # no line has ended
    assert vocabulary.start_id == 1
    assert vocabulary.decode([3, 0, 1, 1, 2]) == "the <unk>\n\nn"
    prices = "$ n , ( n % )\n"  # here a mark is a symbol as any other: what is written reads as the same symbols
    assert (of := learned(prices, "space")).decode(of.encode(prices)) == prices


def test_words_and_marks_are_those_that_classifiers_read() -> None:
    text = "Don’t<br />go (there), STOP!\n"
    vocabulary = learned(text, "word", lowercase=True)
    assert vocabulary.decode(vocabulary.encode(text)) == "don't go (there), stop!\n"
    assert learned(text, "word").unseen("Don't stop") == ["stop"]


def test_a_word_of_ten_megabytes_is_unknown() -> None:
    text = "a b " + "x" * 10_000_000 + " a\n"
    for tokens in ("space", "word"):
        vocabulary = learned(text, tokens)
        assert vocabulary.names == ["<unk>", "<eol>", "a", "b"]
        ids = np.concatenate([vocabulary.encode(piece) for piece in in_memory(text).pieces()]).tolist()
        assert ids[:2] + ids[-2:] == [2, 3, 2, 1]
        assert set(ids[2:-2]) == {0}  # cut where pieces end
    assert Corpus.write(in_memory(text), learned(text, "character")).characters == 10_000_007


@given(st.text(max_size=60), st.integers(1, 9))
def test_ids_do_not_depend_on_the_pieces(text: str, most: int) -> None:
    text = text.replace("\r", "") + "\n"
    for tokens in ("character", "space", "word"):
        vocabulary = learned(text, tokens)
        lines = [line + "\n" for line in text.split("\n")[:-1]]
        assert np.concatenate([vocabulary.encode(line) for line in lines]).tolist() == vocabulary.encode(text).tolist()


@pytest.mark.parametrize("tokens", ["character", "word", "space", "bpe"])
def test_a_vocabulary_comes_back_from_json(tokens: str) -> None:
    vocabulary = learned(PLAY, tokens)
    again = Vocabulary.from_json(vocabulary.to_json(), vocabulary.options)
    assert again.names == vocabulary.names
    assert again.encode(PLAY).tolist() == vocabulary.encode(PLAY).tolist()
    for text in ("{}", "no json", '{"tokens": "none", "symbols": [], "tokenizer": null}'):
        with pytest.raises(ArgumentError, match="not the JSON of a vocabulary"):
            Vocabulary.from_json(text, vocabulary.options)


def test_byte_pairs_need_room_for_all_bytes() -> None:
    with pytest.raises(ConfigError, match="at least 257"):
        learned(PLAY, "bpe", size=256)


@pytest.mark.parametrize("tokens", ["character", "word", "space", "bpe"])
def test_half_a_surrogate_pair_is_read(tokens: str) -> None:
    """A prompt with a byte that is no UTF-8 comes from the shell so; what stands beside it is read as ever."""
    vocabulary = learned("a b\n" * 5 + "\udce9", tokens)
    ids = vocabulary.encode("a b \udce9").tolist()
    assert ids[: len(vocabulary.encode("a b"))] == vocabulary.encode("a b").tolist()


def test_bytes_are_held_back_until_they_are_characters() -> None:
    vocabulary = learned("a", "bpe", size=257)
    say = vocabulary.speaker()
    said = [say(int(i)) for i in vocabulary.encode("a𝄞b")]
    assert said == ["a", "", "", "", "𝄞", "b"]


def test_no_text_is_taken_for_the_unknown_symbol() -> None:
    vocabulary = learned("a <unk> b\n" * 9, "bpe", size=259)
    ids = vocabulary.encode("a <unk> b")
    assert vocabulary.unknown_id not in ids
    assert vocabulary.decode(ids) == "a <unk> b"
    assert vocabulary.size == 259
    assert vocabulary.names[0] == "<unk>"


def test_symbols_as_text() -> None:
    vocabulary = learned("a fine day\n" * 9 + "é", "bpe", size=290)
    assert "".join(vocabulary.texts[i] for i in vocabulary.encode("a fine day\n")) == "a fine day\n"
    assert [vocabulary.texts[i] for i in vocabulary.encode("中")] == ["ä", "¸", "Ń"]  # parts of a character
    words = learned("a fine day\n", "word")
    assert [words.texts[i] for i in words.encode("a day\n")] == ["a", "day", "<eol>"]


def test_no_second_space_behind_one() -> None:
    vocabulary = learned("a b c\n", "space")
    before, *ids = vocabulary.encode("a b c").tolist()
    for spaced, text in [(False, " b c"), (True, "b c")]:
        say = vocabulary.speaker(None if spaced else before)
        assert "".join(map(say, ids)) == text


def test_a_pipe_is_refused_before_it_is_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match="only once"):
        read_text(tmp_path / "pipe")


def test_long_chunks_are_whole() -> None:
    tokens = 1_400_000
    streams = Streams(Corpus(np.zeros(tokens + 1, np.uint16), tokens, 0, "x"), 1, LONGEST // 4, vary=True, seed=0)
    assert sum(streams.length(batch) for batch in streams.batches(0)) == tokens
    with pytest.raises(ArgumentError, match="262,144"):
        Streams(streams.corpus, 1, LONGEST // 4 + 1, vary=False, seed=0)


def test_a_corpus_on_disk(tmp_path: Path) -> None:
    vocabulary = learned(PLAY, "space", size=6)
    corpus = Corpus.write(in_memory(PLAY), vocabulary, tmp_path)
    assert list(tmp_path.iterdir()) == []  # a file without a name
    assert isinstance(corpus.ids, np.memmap)
    assert corpus.ids.dtype == np.uint16
    ids = vocabulary.encode(PLAY)
    assert corpus.ids.tolist() == [vocabulary.start_id, *ids]
    assert (len(corpus), corpus.characters, corpus.unknown) == (len(ids), len(PLAY), int((ids == 0).sum()))
    assert corpus.counts(6).tolist() == np.bincount(ids, minlength=6).tolist()
    read, next_ = zip(*corpus.chunks(5), strict=True)
    assert [i for part in read for i in part[0].tolist()] == corpus.ids[:-1].tolist()
    assert [i for part in next_ for i in part[0].tolist()] == ids.tolist()


@pytest.mark.parametrize("tokens", [1, 2, 3, 35, 36, 1000, 1001])
@pytest.mark.parametrize("vary", [False, True])
@pytest.mark.parametrize("columns", [1, 3, 32])
def test_every_column_is_read_once_and_in_order(tokens: int, vary: bool, columns: int) -> None:
    streams = Streams(Corpus(np.arange(tokens + 1), tokens, 0, "x"), columns, 12, vary, seed=3)
    height = tokens // streams.columns
    assert streams.columns == min(columns, tokens)
    for epoch in (0, 1):
        batches = streams.batches(epoch)
        assert len(batches) == len(streams.batches(0))
        seen = [[] for _ in range(streams.columns)]
        for batch in batches:
            read, following = streams.read(batch)
            assert (following == read + 1).all()
            assert read.shape == (streams.columns, streams.length(batch))
            for column, row in zip(seen, read.tolist(), strict=True):
                column += row
        assert seen == [list(range(i * height, (i + 1) * height)) for i in range(streams.columns)]


def test_chunks_vary_from_epoch_to_epoch_as_they_should() -> None:
    streams = Streams(Corpus(np.zeros(200_001), 200_000, 0, "x"), 1, 70, vary=True, seed=0)
    lengths = np.array([streams.length(b) for b in streams.batches(0)])
    assert [streams.length(b) for b in streams.batches(0)] == lengths.tolist()
    assert [streams.length(b) for b in streams.batches(1)] != lengths.tolist()
    # 2,930 chunks, 5 % of them around 35: 146 on average, with a spread of √(2,930 × 0.05 × 0.95) = 12.
    assert 146 - 48 <= (lengths < 52).sum() <= 146 + 48
    long = lengths[lengths >= 52]
    assert abs(long.mean() - 70) < 1.5
    assert 4.5 < long.std() < 5.5
    same = Streams(streams.corpus, 1, 70, vary=False, seed=0)
    assert {same.length(b) for b in same.batches(0)} == {70, 71}  # 2,857 of them


def test_refusals_of_streams() -> None:
    with pytest.raises(ArgumentError, match="empty"):
        Streams(Corpus(np.zeros(1), 0, 0, "x"), 1, 5, vary=False, seed=0)
    with pytest.raises(ArgumentError, match="chunks of 0"):
        Streams(Corpus(np.zeros(9), 8, 0, "x"), 1, 0, vary=False, seed=0)
    assert Streams(Corpus(np.zeros(9), 8, 0, "a/x.txt"), 2, 3, vary=False, seed=0).place(4 * LONGEST + 3) == (
        "x.txt, symbol 5"
    )
