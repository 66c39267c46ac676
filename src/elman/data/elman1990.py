"""The four kinds of sequences of Elman (1990): bits, letters of syllables, letters of words, and words of sentences.

Each is a pure function of a seed. What the paper does not say is said here, where it is chosen.

Source: J. L. Elman, "Finding structure in time", Cognitive Science 14 (1990), 179-211.
"""

import random
import string
from collections.abc import Sequence

import numpy as np

from elman.errors import ArgumentError

FEATURES = ("consonant", "vowel", "interrupted", "high", "back", "voiced")
LETTERS = {"b": "101001", "d": "101101", "g": "101011", "a": "010011", "i": "010101", "u": "010111"}
SYLLABLES = {"b": "ba", "d": "dii", "g": "guuu"}

# The paper has 15 words too, and its stream begins with the first of these, but it does not list them all.
WORDS = (
    "many", "years", "ago", "a", "boy", "and", "girl", "lived", "by", "the", "sea", "they", "played",
    "happily", "child",
)  # fmt: skip
ALPHABET = string.ascii_lowercase
BITS = 5  # a letter is its number in the alphabet, a = 00001, written with so many bits

_HUMANS, _ANIMALS = ("man", "woman", "boy", "girl"), ("cat", "dog", "mouse")
_AGGRESSORS, _THINGS = ("dragon", "monster", "lion"), ("book", "rock", "car")
_FRAGILE, _FOOD = ("glass", "plate"), ("cookie", "bread", "sandwich")
CLASSES = {
    "NOUN-HUM": _HUMANS,
    "NOUN-ANIM": (*_ANIMALS, *_HUMANS, *_AGGRESSORS),
    "NOUN-INANIM": (*_THINGS, *_FRAGILE, *_FOOD),
    "NOUN-AGRESS": _AGGRESSORS,
    "NOUN-FRAG": _FRAGILE,
    "NOUN-FOOD": _FOOD,
    "VERB-INTRAN": ("think", "sleep", "exist"),
    "VERB-TRAN": ("see", "chase", "like"),
    "VERB-AGPAT": ("move", "break"),
    "VERB-PERCEPT": ("smell", "see"),
    "VERB-DESTROY": ("break", "smash"),
    "VERB-EAT": ("eat",),
}
TEMPLATES = tuple(
    tuple(f"{'VERB' if place == 1 else 'NOUN'}-{name}" for place, name in enumerate(line.split()))
    for line in (
        "HUM EAT FOOD", "HUM PERCEPT INANIM", "HUM DESTROY FRAG", "HUM INTRAN", "HUM TRAN HUM", "HUM AGPAT INANIM",
        "HUM AGPAT", "ANIM EAT FOOD", "ANIM TRAN ANIM", "ANIM AGPAT INANIM", "ANIM AGPAT", "INANIM AGPAT",
        "AGRESS DESTROY FRAG", "AGRESS EAT HUM", "AGRESS EAT ANIM", "AGRESS EAT FOOD",
    )
)  # fmt: skip
LEXICON = tuple(dict.fromkeys(word for words in CLASSES.values() for word in words))  # 29 words


def xor_bits(triples: int = 1000, seed: int = 0) -> np.ndarray:
    """A stream of bits: two drawn at random, then 1 if they differ, and so on.

        x_{3k+2} = x_{3k} ⊕ x_{3k+1}

    Args:
        triples: how many threes.
        seed: the same seed gives the same bits.

    Returns:
        0 and 1 (3 triples).

    Example:
        >>> xor_bits(4).tolist()
        [1, 1, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0]
    """
    pairs = np.random.default_rng(seed).integers(0, 2, size=(_count("triples", triples), 2))
    return np.column_stack([pairs, pairs[:, 0] ^ pairs[:, 1]]).ravel()


def syllables(consonants: int = 1000, seed: int = 0) -> str:
    """The letters of syllables ba, dii and guuu, as often as their consonants are drawn.

    Args:
        consonants: how many; each is b, d or g with equal probability.
        seed: the same seed gives the same letters.

    Example:
        >>> syllables(5)
        'diidiibadiiguuu'
    """
    chance = random.Random(seed)
    return "".join(SYLLABLES[chance.choice("bdg")] for _ in range(_count("consonants", consonants)))


def features(letters: str) -> np.ndarray:
    """The six features of each letter of syllables, 0 or 1 (T, 6), as `FEATURES` names them.

    Example:
        >>> features("di").astype(int).tolist()
        [[1, 0, 1, 1, 0, 1], [0, 1, 0, 1, 0, 1]]
    """
    return np.array([[float(bit) for bit in LETTERS[letter]] for letter in letters]).reshape(-1, len(FEATURES))


def words(sentences: int = 200, seed: int = 0) -> list[str]:
    """The words of sentences of four to nine words, to be written without anything between them.

    Lengths and words are drawn with equal probability, each for itself; the paper makes its sentences by templates
    that it does not list.

    Args:
        sentences: how many.
        seed: the same seed gives the same words.

    Example:
        >>> " ".join(words(1, seed=3))
        'the by ago and child'
    """
    chance = random.Random(seed)
    lengths = (chance.randint(4, 9) for _ in range(_count("sentences", sentences)))
    return [chance.choice(WORDS) for length in lengths for _ in range(length)]


def letter_bits(letters: str) -> np.ndarray:
    """The number in the alphabet of each letter a to z as five bits, 0 or 1 (T, 5), the highest first.

    Example:
        >>> letter_bits("ay").astype(int).tolist()
        [[0, 0, 0, 0, 1], [1, 1, 0, 0, 1]]
    """
    numbers = np.array([ord(letter) - ord("a") + 1 for letter in letters], dtype=np.int64)
    return (numbers[:, None] >> np.arange(BITS)[::-1] & 1).astype(np.float64)


def sentences(n: int = 10_000, seed: int = 0) -> list[tuple[str, ...]]:
    """Sentences of two and three words out of 29.

    Each of the 16 templates is equally likely, and so is each word of a class. The paper's table gives two words of
    each class and does not say whether one lies within another; here humans and aggressors are animate too, food and
    fragile things inanimate too. (Otherwise nothing tells "bread" from "sleep": the next sentence follows both.)

    Args:
        n: how many.
        seed: the same seed gives the same sentences.

    Example:
        >>> sentences(3)
        [('monster', 'break', 'plate'), ('monster', 'eat', 'bread'), ('glass', 'move')]
    """
    chance = random.Random(seed)
    drawn = (chance.choice(TEMPLATES) for _ in range(_count("n", n)))
    return [tuple(chance.choice(CLASSES[name]) for name in template) for template in drawn]


def next_words(stream: Sequence[str]) -> np.ndarray:
    """The exact probability of each word of the lexicon, after each word of a stream of sentences without stops.

        b_t(s) ∝ P(w_t | s) Σ_r b_{t-1}(r) P(s | r)        P(w_{t+1} = w) = Σ_s P(w | s) Σ_r b_t(r) P(s | r)

    A state s is a place in a template. Whether "man move" has come to its end is known only from what follows, and
    the probabilities b of the states say so.

    Args:
        stream: words; the first one begins a sentence.

    Returns:
        probabilities (T, 29), in the order of `LEXICON`.

    Raises:
        ArgumentError: a word that cannot come there.

    Example:
        >>> after = next_words(["man", "eat"])[-1]
        >>> {word: round(p, 3) for word, p in zip(LEXICON, after.tolist(), strict=True) if p}
        {'cookie': 0.333, 'bread': 0.333, 'sandwich': 0.333}
    """
    chances = {name: {word: 1 / len(words) for word in words} for name, words in CLASSES.items()}
    return _next([[chances[name] for name in template] for template in TEMPLATES], LEXICON, stream)


def next_letters(letters: str) -> np.ndarray:
    """The exact probability of each letter after each letter of a stream of `words`, whose ends nothing marks.

    Args:
        letters: the first one begins a word.

    Returns:
        probabilities (T, 26), a to z.

    Raises:
        ArgumentError: a letter that cannot come there.

    Example:
        >>> int(next_letters("ye")[-1].argmax())        # 0, a: no other word than years begins so
        0
    """
    return _next([[{letter: 1.0} for letter in word] for word in WORDS], ALPHABET, letters)


def _next(kinds: Sequence[Sequence[dict[str, float]]], symbols: Sequence[str], stream: Sequence[str]) -> np.ndarray:
    """P(next symbol) after each symbol (T, symbols) of a stream of pieces, each of a kind drawn with equal probability.

    Args:
        kinds: for each place of each kind, the probability of each symbol that may stand there.
    """
    places = [place for kind in kinds for place in kind]
    first = np.cumsum([0, *map(len, kinds[:-1])])
    start = np.zeros(len(places))
    start[first] = 1 / len(kinds)
    move = np.eye(len(places), k=1)  # to the next place of the same kind …
    move[[*(first[1:] - 1), -1]] = start  # … or, from the last one, to the first place of any kind
    emit = np.array([[place.get(symbol, 0.0) for symbol in symbols] for place in places])
    index = {symbol: number for number, symbol in enumerate(symbols)}
    belief, after = start, np.zeros((len(stream), len(symbols)))
    for t, symbol in enumerate(stream):
        belief = belief * emit[:, index[symbol]] if symbol in index else np.zeros(1)
        if not belief.any():
            raise ArgumentError(f"{symbol!r} cannot come after {' '.join(stream[max(0, t - 3) : t])!r}")
        belief = belief / belief.sum() @ move
        after[t] = belief @ emit
    return after


def _count(name: str, value: int) -> int:
    if value < 0:
        raise ArgumentError(f"{name} is {value}", expected="a number, 0 or more")
    return value
