"""The four experiments of Elman (1990), each with the sizes, the number of passes and the squared error of the paper.

    h_t = σ(x_t U + h_{t-1} W + b)        o_t = σ(h_t V + c)        o_t is compared with x_{t+1}

What differs: Adam instead of plain gradient descent, and the gradient goes back some steps (`Learning.steps`), where
the paper cuts it after each.

Source: J. L. Elman, "Finding structure in time", Cognitive Science 14 (1990), 179-211.
"""

from dataclasses import dataclass

import numpy as np
from torch import nn

from elman.cells import Elman
from elman.data import elman1990 as data
from elman.learn.report import Report
from elman.learn.weights import seeded
from elman.tasks.papers.clustering import average_linkage, clusters
from elman.tasks.papers.measures import (
    Likeness,
    Segmentation,
    likeness,
    mean_states,
    peaks,
    rms_by_position,
    segmentation,
)
from elman.tasks.papers.network import Learning, Predictor, learn

XOR = Learning(passes=600, rows=10, steps=30, rate=1e-2)
LETTERS = Learning(passes=200, steps=30, rate=3e-3)
WORDS = Learning(passes=10, steps=5, rate=1e-2)
# At a higher rate predictions are nearer to the exact ones, and the tree shows less of the words themselves.
CLASSES = Learning(passes=6, steps=10, rate=3e-4)
OTHER = 1_000_003  # added to the seed of what is learned from, for what is tested on
SPARE = 2  # input and output units without a word; the first is that of "zog"


def network(inputs: int, hidden: int, seed: int) -> Predictor:
    """An Elman network of logistic units with as many outputs as inputs."""
    with seeded(seed):
        return Predictor(Elman(inputs, hidden, "sigmoid"), nn.Linear(hidden, inputs))


@dataclass(frozen=True)
class Xor:
    """What a network does after a stream of bits, every third of which follows from the two before.

    Args:
        by_position: RMS error at twelve positions (12): of the first bit of a three, of the second, of the third, …
        starts: the same at the first three positions, for all networks that were trained (starts, 3).
    """

    by_position: np.ndarray
    starts: np.ndarray


def temporal_xor(
    seed: int = 0, learning: Learning = XOR, triples: int = 1000, starts: int = 5, report: Report | None = None
) -> Xor:
    """Predict the next bit (1 input, 2 hidden units, 1 output).

    With two hidden units much depends on the first weights; of several networks the one that has learned the stream
    best counts.

    Args:
        seed: of the bits; the first network's weights are drawn with it, too.
        learning: passes over the bits, and the rest.
        triples: threes of bits in the stream.
        starts: networks.
        report: told how it goes.
    """
    stream = data.xor_bits(triples, seed)[:, None].astype(float)
    # 1,200 cycles of twelve bits, as in the paper, after a first three.
    test = data.xor_bits(1 + 4 * 1200, seed + OTHER)[:, None].astype(float)
    found: list[tuple[float, np.ndarray]] = []
    for start in range(starts):
        one = network(1, 2, seed + start)
        loss = learn(one, [stream], learning, report)
        errors = one.read(test)[0][:-1] - test[1:]
        found.append((loss, rms_by_position(errors[2:, 0], 12)))
    best = min(found, key=lambda pair: pair[0])[1]
    return Xor(best, np.stack([positions[:3] for _, positions in found]))


@dataclass(frozen=True)
class Letters:
    """What a network does after ba, dii and guuu.

    Args:
        letters: the test stream, from its second letter on.
        errors: y - x at each letter for each feature (T, 6).
    """

    letters: str
    errors: np.ndarray

    @property
    def consonant(self) -> np.ndarray:
        """Where a consonant stands, booleans (T)."""
        return np.isin(list(self.letters), list(data.SYLLABLES))


def letters(
    seed: int = 0, learning: Learning = LETTERS, consonants: int = 1000, report: Report | None = None
) -> Letters:
    """Predict the features of the next letter (6 inputs, 20 hidden units, 6 outputs)."""
    one = network(len(data.FEATURES), 20, seed)
    learn(one, [data.features(data.syllables(consonants, seed))], learning, report)
    test = data.syllables(consonants, seed + OTHER)
    x = data.features(test)
    return Letters(test[1:], one.read(x)[0][:-1] - x[1:])


@dataclass(frozen=True)
class Words:
    """What a network does after words with nothing between them.

    Args:
        letters: the test stream, from its second letter on.
        begins: where a word begins, booleans (T).
        errors: RMS error at each letter over its five bits (T).
        level: the mean of such errors on the stream that was learned.
        possible: the errors (T) of the exact probabilities of the next letter.
    """

    letters: str
    begins: np.ndarray
    errors: np.ndarray
    level: float
    possible: np.ndarray

    def by_peaks(self) -> Segmentation:
        """Words begin where the error is higher than before and after."""
        return segmentation(peaks(self.errors), self.begins)

    def by_level(self) -> Segmentation:
        """Words begin where the error is higher than its mean on what was learned."""
        return segmentation(self.errors > self.level, self.begins)

    def by_high_peaks(self) -> Segmentation:
        """Words begin where both is so."""
        return segmentation(peaks(self.errors) & (self.errors > self.level), self.begins)


def words(seed: int = 0, learning: Learning = WORDS, sentences: int = 200, report: Report | None = None) -> Words:
    """Predict the bits of the next letter (5 inputs, 20 hidden units, 5 outputs), and see where the error rises."""
    one = network(data.BITS, 20, seed)
    stream = data.letter_bits("".join(data.words(sentences, seed)))
    learn(one, [stream], learning, report)
    test = data.words(sentences, seed + OTHER)
    text = "".join(test)
    x = data.letter_bits(text)
    begins = np.zeros(len(text), dtype=bool)
    begins[np.cumsum([0, *map(len, test[:-1])])] = True
    exact = data.next_letters(text) @ data.letter_bits(data.ALPHABET)
    return Words(
        letters=text[1:],
        begins=begins[1:],
        errors=_per_step(one.read(x)[0][:-1] - x[1:]),
        level=float(_per_step(one.read(stream)[0][:-1] - stream[1:]).mean()),
        possible=_per_step(exact[:-1] - x[1:]),
    )


@dataclass(frozen=True)
class WordClasses:
    """What a network knows of 29 words after 10,000 sentences.

    Args:
        count: words in the stream.
        loss: the mean squared error per word in the last pass, summed over the outputs.
        near: its predictions beside the exact probabilities.
        chance: the same for the frequencies of the words, always predicted.
        names: the words, in the order of the rows of `means`.
        means: mean hidden state after each word (29, 150).
        with_zog: the same with "zog" in the place of "man", in a stream in which it takes the place of "man".
    """

    count: int
    loss: float
    near: Likeness
    chance: Likeness
    names: tuple[str, ...]
    means: np.ndarray
    with_zog: np.ndarray

    def halves(self) -> list[list[str]]:
        """The words on either side of the tree's first fork."""
        return [[self.names[i] for i in group] for group in clusters(average_linkage(self.means), 2)]

    def nearest(self) -> list[str]:
        """The words whose mean states are nearest to that of "zog", the nearest first."""
        zog = self.names.index("man")
        apart = np.linalg.norm(self.with_zog - self.with_zog[zog], axis=1)
        return [self.names[i] for i in apart.argsort() if i != zog]


def word_classes(
    seed: int = 0, learning: Learning = CLASSES, sentences: int = 10_000, report: Report | None = None
) -> WordClasses:
    """Predict the next word (31 inputs, 150 hidden units, 31 outputs), and look at the hidden states."""
    count = len(data.LEXICON)
    stream = [word for sentence in data.sentences(sentences, seed) for word in sentence]
    numbers = np.array([data.LEXICON.index(word) for word in stream])
    one_hot = np.eye(count + SPARE)
    one = network(count + SPARE, 150, seed)
    loss = learn(one, [one_hot[numbers]], learning, report)
    y, states = one.read(one_hot[numbers])
    exact = np.pad(data.next_words(stream), ((0, 0), (0, SPARE)))
    frequencies = np.broadcast_to(one_hot[numbers].mean(axis=0), exact.shape)
    man = data.LEXICON.index("man")
    _, zog_states = one.read(one_hot[np.where(numbers == man, count, numbers)])
    return WordClasses(
        count=len(stream),
        loss=loss,
        near=likeness(y, exact),
        chance=likeness(frequencies, exact),
        names=data.LEXICON,
        means=mean_states(states, numbers, count),
        with_zog=mean_states(zog_states, numbers, count),
    )


def _per_step(errors: np.ndarray) -> np.ndarray:
    """RMS over the outputs at each step: errors (T, o) → (T)."""
    return np.sqrt((errors**2).mean(axis=1))
