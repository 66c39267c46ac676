"""The network of Elman (1991): sentences of growing complexity, and what its hidden units make of them.

    z_t = σ(x_t A + a)        h_t = σ(z_t U + h_{t-1} W + b)        o_t = σ(h_t V + c) P + p

Layers of 26, 10, 70, 10 and 26 units, as in the paper. Two networks are trained: one of logistic output units with the
squared error, as in the paper, and one with softmax and cross-entropy. What differs besides: Adam instead of plain
gradient descent, and the gradient goes back some steps, where the paper cuts it after each.

Source: J. L. Elman, "Distributed representations, simple recurrent networks, and grammatical structure", Machine
Learning 7 (1991), 195-225.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from elman.cells import Cell
from elman.data.elman1991 import Grammar
from elman.data.grammar import LEXICON, NAMES, NOUNS, STOP, VERBS, WHO
from elman.learn.report import Report
from elman.learn.weights import seeded
from elman.tasks.papers.measures import Likeness, likeness
from elman.tasks.papers.network import Learning, Predictor, learn

PHASES = (0.0, 0.25, 0.5, 0.75)  # the share of complex sentences, 10,000 sentences each
LEARNING = Learning(passes=5, rows=10, steps=10, rate=5e-3)
UNITS = len(LEXICON) + 2  # two units stand for no word
VERB_FORMS = {
    "singular": tuple(f"{verb}s" for verbs in VERBS.values() for verb in verbs),
    "plural": tuple(verb for verbs in VERBS.values() for verb in verbs),
}
_OBJECTS = {"always": "with object", "sometimes": "with or without", "never": "without object"}
WORD_CLASSES = {
    "nouns, singular": NOUNS["singular"],
    "nouns, plural": NOUNS["plural"],
    "names": NAMES,
    **{f"verbs, singular, {_OBJECTS[kind]}": tuple(f"{verb}s" for verb in verbs) for kind, verbs in VERBS.items()},
    **{f"verbs, plural, {_OBJECTS[kind]}": verbs for kind, verbs in VERBS.items()},
    "who": (WHO,),
    "stop": (STOP,),
}
BEFORE = "boys walk . Mary chases cats . dogs see John ."
OTHER = 1_000_003  # added to the seed of what is learned from, for what is tested on


class Squeezed(Cell):
    """An Elman cell that reads x through a narrow layer: z_t = σ(x_t A + a), h_t = σ(z_t U + h_{t-1} W + b).

    Args:
        input_size: d, width of x_t.
        inner: width of z_t.
        hidden_size: h, width of the state and of the output.

    Example:
        >>> Squeezed(26, 10, 70).initial_state(1)["h"].shape
        torch.Size([1, 70])
    """

    def __init__(self, input_size: int, inner: int, hidden_size: int) -> None:
        super().__init__(input_size=input_size, output_size=hidden_size, states={"h": hidden_size})
        self.inner = nn.Linear(input_size, inner)
        self.U = nn.Parameter(torch.empty(inner, hidden_size))
        self.W = nn.Parameter(torch.empty(hidden_size, hidden_size))
        self.b = nn.Parameter(torch.zeros(hidden_size))
        nn.init.xavier_uniform_(self.U)
        nn.init.orthogonal_(self.W)

    def step(self, x: Tensor, *, h: Tensor) -> tuple[Tensor, dict[str, Tensor]]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """One step; z waits for no other step, and is computed for all of them at once."""
        z = torch.sigmoid(self.inner(x))
        h = torch.sigmoid(z @ self.U + h @ self.W + self.b)
        return h, {"h": h}


def network(seed: int, loss: str = "entropy") -> Predictor:
    """26 → 10 → 70 → 10 → 26."""
    output = lambda: nn.Sequential(nn.Linear(70, 10), nn.Sigmoid(), nn.Linear(10, UNITS))  # noqa: E731
    with seeded(seed):
        return Predictor(Squeezed(UNITS, 10, 70), output(), loss)


def one_hot(words: Sequence[str]) -> np.ndarray:
    """Words as input units (T, 26)."""
    return np.eye(UNITS)[[LEXICON.index(word) for word in words]]


@dataclass(frozen=True)
class Reading:
    """What a network does after each word of the test sentences.

    Args:
        near: its predictions beside the exact probabilities.
        beside: how often a verb that follows its noun at once is expected in the right number.
        beyond: the same for a verb with a clause between; both NaN where there is none.
    """

    near: Likeness
    beside: float
    beyond: float


@dataclass(frozen=True)
class Grammatical:
    """What was learned.

    Args:
        words: words in the four streams (4).
        readings: what → how it predicts the words of the test sentences; the last one is the network below.
        network: the one that was trained with the cross-entropy.
        squared: the one that was trained with the squared error.
        states: hidden states of `network` in the test sentences (T, 70).
    """

    words: tuple[int, ...]
    readings: dict[str, Reading]
    network: Predictor
    squared: Predictor
    states: np.ndarray


def learn_grammar(
    seed: int = 0,
    learning: Learning = LEARNING,
    phases: Sequence[float] = PHASES,
    sentences: int = 10_000,
    test: int = 5_000,
    report: Report | None = None,
) -> Grammatical:
    """Train on sentences of growing complexity, and compare predictions with the exact probabilities.

    Args:
        seed: of the sentences and of the first weights.
        learning: passes over the sentences of each phase, and the rest.
        phases: the share of complex sentences in each.
        sentences: of each phase.
        test: sentences to be tested on, as complex as those of the last phase.
        report: told how it goes.
    """
    grammars = [Grammar(share) for share in phases]
    drawn = [grammar.sentences(sentences, seed + number) for number, grammar in enumerate(grammars)]
    streams = [one_hot(_words(these)) for these in drawn]
    words = _words(grammars[-1].sentences(test, seed + OTHER))
    x, exact = one_hot(words), expected(grammars[-1], words)
    frequencies = np.broadcast_to(streams[-1].mean(axis=0), exact.shape)
    untrained = network(seed, "squared").read(x)[0]
    readings = {"untrained": reading(words, untrained, exact), "frequencies": reading(words, frequencies, exact)}
    trained: list[Predictor] = []
    states = np.zeros((0, 0))
    for loss in ("squared", "entropy"):
        trained.append(network(seed, loss))
        learn(trained[-1], streams, learning, report)
        y, states = trained[-1].read(x)
        readings[loss] = reading(words, y, exact)
    return Grammatical(tuple(map(len, streams)), readings, trained[1], trained[0], states)


def expected(grammar: Grammar, words: Sequence[str]) -> np.ndarray:
    """The exact probabilities as output units (T, 26)."""
    return np.pad(grammar.next_words(words), ((0, 0), (0, UNITS - len(LEXICON))))


def by_class(probabilities: np.ndarray) -> np.ndarray:
    """Probabilities of words (…, 26) added up by class, in the order of `WORD_CLASSES` (…, classes)."""
    columns = [[LEXICON.index(word) for word in words] for words in WORD_CLASSES.values()]
    return np.stack([probabilities[..., column].sum(axis=-1) for column in columns], axis=-1)


def read_sentence(one: Predictor, words: str) -> tuple[np.ndarray, np.ndarray]:
    """Read a sentence, or its beginning, within a stream: what is expected after each word (T, 26), and states (T, 70).

    Other sentences are read before it, since the zero state with which a stream begins never comes again.
    """
    before = BEFORE.split()
    y, states = one.read(one_hot([*before, *words.split()]))
    return y[len(before) :], states[len(before) :]


def _words(sentences: Sequence[Sequence[str]]) -> list[str]:
    return [word for sentence in sentences for word in sentence]


def reading(words: Sequence[str], predicted: np.ndarray, exact: np.ndarray) -> Reading:
    """Compare predictions (T, 26) with exact ones; agreement counts where a verb may come, of one number only."""
    verbs = {number: [LEXICON.index(form) for form in forms] for number, forms in VERB_FORMS.items()}
    may = {number: exact[:, columns].any(axis=1) for number, columns in verbs.items()}
    mass = {number: predicted[:, columns].sum(axis=1) for number, columns in verbs.items()}
    decided = may["singular"] != may["plural"]
    agrees = (mass["singular"] > mass["plural"]) == may["singular"]
    after_verb = np.isin(words, [form for forms in VERB_FORMS.values() for form in forms])
    beside = decided & ~after_verb & ~np.isin(words, [WHO])
    where = beside, decided & after_verb
    return Reading(
        likeness(predicted, exact), *(float(agrees[at].mean()) if at.any() else float("nan") for at in where)
    )
