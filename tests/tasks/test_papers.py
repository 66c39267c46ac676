"""The parts of the papers' experiments by hand and by independent numbers, and each experiment on a small scale."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from elman.cells import Elman
from elman.data import elman1990 as data
from elman.data.grammar import LEXICON
from elman.errors import ArgumentError
from elman.learn.weights import seeded
from elman.tasks.papers import elman1990, elman1991, tables
from elman.tasks.papers.clustering import average_linkage, clusters
from elman.tasks.papers.measures import likeness, peaks, segmentation
from elman.tasks.papers.network import Learning, Predictor, learn


def test_clusters_are_those_of_scipy():
    """scipy 1.17.1: scipy.cluster.hierarchy.linkage(points, "average")."""
    points = np.array([[0, 0], [1, 0], [0, 2.5], [6, 1], [6.5, 1.25], [3, -4], [9, 9]], dtype=float)
    expected = [
        [3, 4, 0.55901699, 2],
        [0, 1, 1.0, 2],
        [2, 8, 2.5962912, 3],
        [5, 9, 5.54368216, 4],
        [7, 10, 6.04819581, 6],
        [6, 11, 11.14606531, 7],
    ]
    assert np.allclose(average_linkage(points), expected, rtol=0, atol=1e-8)  # they are printed with eight digits


def test_clusters_of_few_points_and_of_equal_ones():
    assert average_linkage(np.zeros((1, 3))).shape == (0, 4)
    assert clusters(average_linkage(np.zeros((1, 3))), 1) == [[0]]
    joins = average_linkage(np.zeros((3, 2)))
    assert joins[:, 2].tolist() == [0, 0]
    assert clusters(joins, 3) == [[0], [1], [2]]
    for wrong in (np.zeros((0, 2)), np.zeros(3), np.array([[np.nan]])):
        with pytest.raises(ArgumentError):
            average_linkage(wrong)
    for count in (0, 4):
        with pytest.raises(ArgumentError, match="count"):
            clusters(joins, count)


def test_measures_by_hand():
    y, p = np.array([[0.5, 0.5], [1.0, 0.0]]), np.array([[1.0, 0.0], [1.0, 0.0]])
    found = likeness(y, p)
    # √((0.25 + 0.25) / 2) = 0.5 and 0: mean 0.25, standard deviation 0.25; cosines √½ and 1.
    assert found.rms == pytest.approx(0.25)
    assert found.rms_sd == pytest.approx(0.25)
    assert found.cosine == pytest.approx((np.sqrt(0.5) + 1) / 2)
    assert found.cosine_sd == pytest.approx((1 - np.sqrt(0.5)) / 2)


def test_peaks_and_what_they_find_by_hand():
    errors = np.array([0.1, 0.5, 0.2, 0.2, 0.4, 0.4, 0.1, 0.9])
    assert np.flatnonzero(peaks(errors)).tolist() == [1, 4]  # of a plateau the first; the last has no neighbour
    begins = np.array([1, 1, 0, 0, 0, 0, 0, 1], dtype=bool)
    found = segmentation(peaks(errors), begins)
    assert (found.precision, found.recall) == (0.5, pytest.approx(1 / 3))
    assert found.f1 == pytest.approx(0.4)
    assert segmentation(np.zeros(3, dtype=bool), np.ones(3, dtype=bool)).f1 == 0
    for few in range(3):
        assert not peaks(np.arange(few)[::-1]).any()
        assert len(peaks(np.arange(few))) == few


@pytest.mark.parametrize("kind", ["squared", "entropy"])
def test_losses_are_those_of_the_equations(kind: str):
    with seeded(0):
        one = Predictor(Elman(3, 4, "sigmoid"), nn.Linear(4, 3), kind).double()
    hidden, targets = torch.rand(2, 5, 4).double(), torch.eye(3).double()[torch.randint(3, (2, 5))]
    weight, bias = (value.detach().numpy() for value in one.output.parameters())
    o = hidden.numpy() @ weight.T + bias
    if kind == "squared":
        y = 1 / (1 + np.exp(-o))
        expected = ((y - targets.numpy()) ** 2).sum(-1).mean()
    else:
        y = np.exp(o) / np.exp(o).sum(-1, keepdims=True)
        expected = -np.log((y * targets.numpy()).sum(-1)).mean()
    assert one.loss(hidden, targets).item() == pytest.approx(expected, rel=1e-12)  # float64, a few roundings
    assert np.allclose(one.predicted(hidden).detach().numpy(), y, rtol=0, atol=1e-12)


def test_the_squeezed_cell_is_its_equation():
    cell = make_squeezed()
    x, h = torch.randn(5, 4).double(), torch.randn(5, 6).double()
    a, bias, u, w, b = (p.detach().numpy() for p in (*cell.inner.parameters(), cell.U, cell.W, cell.b))

    def sigmoid(value: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-value))

    expected = sigmoid(sigmoid(x.numpy() @ a.T + bias) @ u + h.numpy() @ w + b)
    y, state = cell.step(x, h=h)
    assert np.allclose(y.detach().numpy(), expected, rtol=0, atol=1e-14)  # values below 1, sums of at most 12 of them
    assert torch.equal(y, state["h"])


def make_squeezed() -> elman1991.Squeezed:
    torch.manual_seed(0)
    cell = elman1991.Squeezed(4, 3, 6).double()
    nn.init.normal_(cell.b)
    return cell


def test_learning_goes_on_along_a_ring():
    """A stream whose order is known only from what came before: after three rounds the state tells where it stands."""
    stream = np.eye(3)[[0, 1, 0, 2] * 6]
    with seeded(0):
        one = Predictor(Elman(3, 8, "sigmoid"), nn.Linear(8, 3), "entropy")
    before = torch.get_rng_state()
    last = learn(one, [stream], Learning(passes=150, rows=2, steps=5, rate=3e-2))
    assert last < 0.02  # a third of the symbols decided by chance would cost log 2 / 2 = 0.35
    assert torch.equal(torch.get_rng_state(), before)
    y, states = one.read(stream)
    assert y.shape == (24, 3)
    assert states.shape == (24, 8)
    assert (y[4:-1].argmax(axis=1) == stream[5:].argmax(axis=1)).all()


def test_the_same_seed_learns_the_same():
    small = Learning(passes=3, steps=10)
    a, b, c = (elman1990.letters(seed, small, consonants=40).errors for seed in (1, 1, 2))
    assert np.array_equal(a, b)
    assert a.shape != c.shape or not np.allclose(a, c)


def test_xor_on_a_small_scale():
    """Only the third bit can be foreseen, so that its error falls first; nothing is better than 0.5 at the others."""
    result = elman1990.temporal_xor(0, replace(elman1990.XOR, passes=300), triples=400, starts=2)
    assert result.by_position.shape == (12,)
    assert result.starts.shape == (2, 3)
    by_kind = result.by_position.reshape(4, 3).mean(axis=0)
    assert by_kind[2] < by_kind[:2].min() - 0.05
    assert by_kind[:2].min() > 0.49  # 4,800 bits: the best possible RMS is 0.5 with a deviation of about 0.002
    assert [len(row) for row in tables.xor_table(result).rows] == [4] * 4


def test_letters_on_a_small_scale():
    result = elman1990.letters(0, replace(elman1990.LETTERS, passes=40, rate=1e-2), consonants=300)
    assert len(result.letters) == len(result.errors)
    consonants = result.errors[result.consonant]
    of = {name: np.sqrt((consonants[:, i] ** 2).mean()) for i, name in enumerate(data.FEATURES)}
    assert of["high"] > 0.4  # at best √(2/9) = 0.47 on the average
    assert of["consonant"] < 0.15
    assert abs(result.errors[~result.consonant]).mean() < 0.05
    assert tables.letters_table(result).rows[0][2] == "0.272"  # √(mean of 0, 0, 0, 2/9, 2/9, 0)


def test_words_on_a_small_scale():
    result = elman1990.words(0, replace(elman1990.WORDS, passes=6, steps=10), sentences=100)
    assert len(result.letters) == len(result.begins) == len(result.errors) == len(result.possible)
    assert result.errors[result.begins].mean() > result.errors[~result.begins].mean() + 0.1
    assert result.by_level().f1 > 2 * result.begins.mean()
    assert result.possible.mean() < result.errors.mean()
    both = peaks(result.errors) & (result.errors > result.level)
    assert result.by_high_peaks().precision == pytest.approx(result.begins[both].mean())
    assert result.by_high_peaks().recall == pytest.approx(both[result.begins].mean())


def test_word_classes_on_a_small_scale():
    result = elman1990.word_classes(0, replace(elman1990.CLASSES, passes=4, rate=5e-3), sentences=500)
    assert result.count == sum(map(len, data.sentences(500, 0)))
    assert result.near.cosine > result.chance.cosine + 0.05
    assert result.means.shape == result.with_zog.shape == (29, 150)
    assert "man" not in result.nearest()
    assert sorted(word for side in result.halves() for word in side) == sorted(data.LEXICON)
    table = tables.classes_table(result)
    assert all(len(row) == len(table.header) for row in table.rows)


def test_grammar_on_a_small_scale():
    small = Learning(passes=20, rows=3, steps=5, rate=1e-2)
    result = elman1991.learn_grammar(0, small, phases=(0.0,), sentences=300, test=150)
    assert result.readings["entropy"].near.cosine > result.readings["frequencies"].near.cosine + 0.05
    assert result.states.shape[1] == 70
    assert len(result.words) == 1
    y, states = elman1991.read_sentence(result.network, "boy walks .")
    assert y.shape == (3, 26)
    assert states.shape == (3, 70)
    table = tables.grammar_table(result)
    assert all(len(row) == len(table.header) for row in table.rows)


def test_agreement_is_read_from_the_probabilities_of_verbs():
    grammar = elman1991.Grammar(0.5)
    words = [*"boys who Mary chases feed cats .".split(), *"girl who sees dogs lives .".split()]  # noqa: SIM905
    exact = elman1991.expected(grammar, words)
    right = elman1991.reading(words, exact, exact)
    assert (right.beside, right.beyond) == (1, 1)
    assert right.near.cosine == pytest.approx(1)
    swapped = exact.copy()
    for verb in ("chase", "feed", "see", "hear", "walk", "live"):
        columns = [LEXICON.index(f"{verb}s"), LEXICON.index(verb)]
        swapped[:, columns] = exact[:, columns[::-1]]
    wrong = elman1991.reading(words, swapped, exact)
    assert (wrong.beside, wrong.beyond) == (0, 0)


def test_probabilities_add_up_by_class():
    by_class = elman1991.by_class(elman1991.expected(elman1991.Grammar(0.5), ["boys", "who"]))
    assert by_class.shape == (2, len(elman1991.WORD_CLASSES))
    assert np.allclose(by_class.sum(axis=1), 1)
    assert sorted(word for words in elman1991.WORD_CLASSES.values() for word in words) == sorted(LEXICON)
    names = [*elman1991.WORD_CLASSES]
    possible = {name for name, value in zip(names, by_class[1], strict=True) if value}
    assert possible == {name for name in names if "noun" in name or name == "names" or "plural" in name}
