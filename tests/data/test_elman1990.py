"""The sequences of Elman (1990) obey their laws; the exact probabilities are those of a count over all ways to divide
a stream, and those of the streams that are drawn."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import product

import numpy as np
import pytest

from elman.data import elman1990 as data
from elman.errors import ArgumentError


def test_every_third_bit_is_the_xor_of_the_two_before():
    bits = data.xor_bits(4000, seed=2).reshape(-1, 3)
    assert bits.shape == (4000, 3)
    assert ((bits[:, 0] + bits[:, 1]) % 2 == bits[:, 2]).all()
    pairs = Counter(map(tuple, bits[:, :2].tolist()))
    assert len(pairs) == 4
    assert all(abs(count - 1000) < 5 * np.sqrt(4000 * 3 / 16) for count in pairs.values())  # binomial, 5 σ


def test_each_consonant_brings_its_vowels():
    letters = data.syllables(3000, seed=1)
    assert re.fullmatch(r"(ba|dii|guuu)*", letters)
    found = Counter(letter for letter in letters if letter in "bdg")
    assert sum(found.values()) == 3000
    assert all(abs(count - 1000) < 5 * np.sqrt(3000 * 2 / 9) for count in found.values())


def test_features_are_those_of_the_table():
    x = data.features("bdgaiu")
    assert x.shape == (6, 6)
    assert x[:, data.FEATURES.index("consonant")].tolist() == [1, 1, 1, 0, 0, 0]
    assert x[:, data.FEATURES.index("vowel")].tolist() == [0, 0, 0, 1, 1, 1]
    assert x[:, data.FEATURES.index("high")].tolist() == [0, 1, 0, 0, 1, 1]
    assert x[:, data.FEATURES.index("back")].tolist() == [0, 0, 1, 1, 0, 1]
    assert data.features("").shape == (0, 6)


def test_words_are_fifteen_in_sentences_of_four_to_nine():
    assert len(set(data.WORDS)) == 15
    drawn = data.words(2000, seed=1)
    # 4 to 9 words a sentence: mean 6.5, variance 35/12.
    assert abs(len(drawn) - 2000 * 6.5) < 5 * np.sqrt(2000 * 35 / 12)
    found = Counter(drawn)
    share = 1 / 15
    assert set(found) == set(data.WORDS)
    assert all(abs(n - len(drawn) * share) < 5 * np.sqrt(len(drawn) * share * (1 - share)) for n in found.values())


def test_bits_of_a_letter_are_its_number():
    bits = data.letter_bits(data.ALPHABET).astype(int)
    assert [int("".join(map(str, row)), 2) for row in bits] == list(range(1, 27))
    assert data.letter_bits("").shape == (0, 5)


def test_lexicon_and_templates_are_of_the_sizes_of_the_paper():
    assert len(data.LEXICON) == 29
    assert len(data.CLASSES) == 12
    assert Counter(map(len, data.TEMPLATES)) == {3: 12, 2: 4}
    assert len(set(data.TEMPLATES)) == 16
    assert {name for template in data.TEMPLATES for name in template} == set(data.CLASSES)


def test_sentences_fill_templates():
    drawn = data.sentences(8000, seed=4)
    possible = pieces_of_sentences()
    assert all(sentence in possible for sentence in drawn)
    short = sum(len(sentence) == 2 for sentence in drawn)
    assert abs(short - 2000) < 5 * np.sqrt(8000 * 3 / 16)


@pytest.mark.parametrize("make", [data.xor_bits, data.syllables, data.words, data.sentences])
def test_a_seed_is_all_there_is(make):
    assert list(make(50, seed=3)) == list(make(50, seed=3))
    assert list(make(50, seed=3)) != list(make(50, seed=4))
    assert len(make(0)) == 0
    with pytest.raises(ArgumentError, match="-1"):
        make(-1)


Pieces = Mapping[tuple[str, ...], float]  # every sentence, or word, and its probability


@cache
def pieces_of_sentences() -> Pieces:
    found: Counter[tuple[str, ...]] = Counter()
    for template in data.TEMPLATES:
        kinds = [data.CLASSES[name] for name in template]
        for sentence in product(*kinds):
            found[sentence] += 1 / 16 / np.prod([len(kind) for kind in kinds])  # pyright: ignore[reportArgumentType]
    return found


def begins(stream: Sequence[str], pieces: Pieces) -> float:
    """The probability that a stream of pieces begins so: over all ways to divide it into pieces and a begun one."""
    whole = [1.0] + [0.0] * len(stream)  # that the first t symbols are whole pieces
    for t in range(1, len(stream) + 1):
        whole[t] = sum(whole[s] * pieces.get(tuple(stream[s:t]), 0.0) for s in range(t))
    total = whole[-1]
    for t in range(len(stream)):
        rest = tuple(stream[t:])
        total += whole[t] * sum(p for piece, p in pieces.items() if piece[: len(rest)] == rest != piece)
    return total


@pytest.mark.parametrize("text", ["man move rock move", "lion eat dog man break rock", "boy think boy see girl"])
def test_next_words_are_those_of_a_count_over_all_divisions(text: str):
    stream, pieces = text.split(), pieces_of_sentences()
    found = data.next_words(stream)
    for t in range(1, len(stream) + 1):
        before = begins(stream[:t], pieces)
        exact = [begins([*stream[:t], word], pieces) / before for word in data.LEXICON]
        assert np.allclose(found[t - 1], exact, rtol=0, atol=1e-12)  # a few products of numbers below 1
        assert sum(exact) == pytest.approx(1)


@pytest.mark.parametrize("stream", ["agoagirl", "boybythe", "theyears", "aaandago"])
def test_next_letters_are_those_of_a_count_over_all_divisions(stream: str):
    pieces = {tuple(word): 1 / 15 for word in data.WORDS}
    found = data.next_letters(stream)
    for t in range(1, len(stream) + 1):
        before = begins(stream[:t], pieces)
        exact = [begins([*stream[:t], letter], pieces) / before for letter in data.ALPHABET]
        assert np.allclose(found[t - 1], exact, rtol=0, atol=1e-12)


def test_what_is_drawn_follows_the_probabilities():
    """Σ_t (1[w_{t+1} = w] - p_t(w)) has mean 0 and variance Σ_t p_t(w) (1 - p_t(w)) for each word."""
    stream = [word for sentence in data.sentences(4000, seed=9) for word in sentence]
    p = data.next_words(stream)[:-1]
    came = np.array([[word == other for other in data.LEXICON] for word in stream[1:]])
    assert (p[came] > 0).all()
    assert (abs((came - p).sum(axis=0)) < 5 * np.sqrt((p * (1 - p)).sum(axis=0))).all()


def test_what_cannot_come_is_refused():
    with pytest.raises(ArgumentError, match="'bread' cannot come after 'man'"):
        data.next_words(["man", "bread"])
    with pytest.raises(ArgumentError, match="zebra"):
        data.next_words(["zebra"])
    with pytest.raises(ArgumentError, match="'x'"):
        data.next_letters("bx")
    assert data.next_words([]).shape == (0, 29)
