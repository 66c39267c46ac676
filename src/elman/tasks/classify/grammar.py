"""The demonstration: can a network learn from examples which sentences are grammatical?

The number of the subject has to be kept while a clause of any length goes by, so order and length matter: three
contrasts that lack one of them (a bag of words, a window of fixed width, the majority class) show how much.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from elman.data.batches import length_batches
from elman.data.grammar import Sentence, generate
from elman.data.labelled import from_lists
from elman.data.options import DataOptions, SymbolOptions
from elman.data.symbols import Symbols
from elman.learn.loop import fit
from elman.learn.problem import Problem
from elman.learn.report import Report, Silent
from elman.learn.threads import use_threads
from elman.learn.weights import seeded
from elman.tasks.classify.classifier import TextClassifier
from elman.tasks.classify.contrasts import Window
from elman.tasks.classify.inference import logits_of
from elman.tasks.classify.options import ClassifyOptions, ClassifyTraining, ModelOptions
from elman.tasks.classify.training import as_targets, make_loss, train_classifier

CLASSES = ("grammatical", "ungrammatical")
WINDOW = 8  # words that the feedforward network sees: more than most sentences have
OPTIONS = ClassifyOptions(
    data=DataOptions(validation_share=0.04),
    symbols=SymbolOptions(max_length=0),
    model=ModelOptions(
        cell="elman",
        pairs=0,
        bidirectional=False,
        embedding=16,
        hidden=48,
        pooling="last",
        word_dropout=0.0,
        embedding_dropout=0.0,
        dropout=0.0,
    ),
    training=ClassifyTraining(epochs=10, batch_size=128, learning_rate=8e-3, patience=0, threads=1),
)  # one thread: products as small as these are done before a second one wakes up

Judge = Callable[[Sequence[Sentence]], np.ndarray]  # which of n sentences a model judges correctly (n, booleans)


@dataclass(frozen=True)
class Accuracy:
    """The accuracy of every model on one group of test sentences.

    Args:
        group: which sentences, such as "5-6" (words).
        rows: how many.
        model, window, bag_of_words, majority: shares of them judged correctly.
    """

    group: str
    rows: int
    model: float
    window: float
    bag_of_words: float
    majority: float


def sentences(train: int, test: int, seed: int = 0) -> tuple[list[Sentence], list[Sentence]]:
    """Sentences to learn from, as often as the grammar makes them, and different ones that are not among those.

    Args:
        train: sentences to learn from.
        test: sentences to be tested on, each once, every second one grammatical.
        seed: the same seed gives the same sentences.

    Example:
        >>> learn, held_out = sentences(500, 50)
        >>> len(learn), len(held_out), {s.words for s in learn} & {s.words for s in held_out}
        (500, 50, set())
    """
    learn = generate(train, seed=seed)
    seen = {sentence.words for sentence in learn}
    kinds: dict[bool, list[Sentence]] = {True: [], False: []}
    draw = seed
    while min(map(len, kinds.values())) < -(-test // 2):
        draw += 1_000_003  # far from any seed that a user gives
        for sentence in generate(4 * test, seed=draw):
            if sentence.words not in seen:
                seen.add(sentence.words)
                kinds[sentence.grammatical].append(sentence)
    pairs = zip(*kinds.values(), strict=False)  # the longer rest is left out
    return learn, [sentence for pair in pairs for sentence in pair][:test]


def learn_grammar(
    learn: Sequence[Sentence],
    out: str | Path | None = None,
    *,
    options: ClassifyOptions | None = None,
    seed: int = 0,
    report: Report | None = None,
) -> TextClassifier:
    """Train an Elman network to tell grammatical sentences from others.

    Args:
        learn: sentences of both kinds.
        out: the run folder; None writes nothing.
        options: everything that can be chosen; `OPTIONS` if not given.
        seed: replaces the seed in the options.
        report: told how it goes.
    """
    options = options or OPTIONS
    options = replace(options, training=replace(options.training, seed=seed))
    data = replace(from_lists(texts(learn), labels(learn)), path="the generated sentences")
    return train_classifier(data, options, out, report)


def learn_window(learn: Sequence[Sentence], symbols: Symbols, *, epochs: int = 12, seed: int = 0) -> Judge:
    """Train a feedforward network on the first few words of the same sentences.

    Args:
        learn: sentences of both kinds.
        symbols: the vocabulary of the network it is compared with.
        epochs: passes over the sentences; the best one on sentences kept aside counts.
        seed: of the first weights and the order of the sentences.

    Returns:
        what says of each sentence whether the window network judges it correctly.
    """
    kept = max(1, round(OPTIONS.data.validation_share * len(learn)))
    training = replace(OPTIONS.training, epochs=epochs, batch_size=256, learning_rate=5e-3, seed=seed)
    aside, learn = learn[:kept], learn[kept:]
    encoded, targets = symbols.encode(texts(learn)), _targets(learn)
    encoded_aside, targets_aside = symbols.encode(texts(aside)), _targets(aside)
    criterion = make_loss(None, multi=False)
    with seeded(seed):
        network = Window(symbols.size, len(CLASSES), width=WINDOW, hidden=96)

    def loss(model: nn.Module, rows: np.ndarray) -> Tensor:
        ids, lengths = encoded.batch(rows)
        device = network.readout.c.device
        return criterion(model(ids.to(device), lengths), targets[rows].to(device))

    problem = Problem(
        model=network,
        batches=lambda epoch: length_batches(encoded.lengths, training.batch_size, seed, epoch),
        loss=loss,
        validate=lambda: {"loss": criterion(torch.from_numpy(logits_of(network, encoded_aside)), targets_aside).item()},
    )
    fit(problem, training, None, Silent())
    return lambda these: logits_of(network, symbols.encode(texts(these))).argmax(1) == _targets(these).numpy()


def compare(model: TextClassifier, window: Judge, test: Sequence[Sentence]) -> dict[str, list[Accuracy]]:
    """The accuracy of all models by the number of words, by the number of attractors, and on all sentences.

    Returns:
        "words", "attractors" and "all" → one `Accuracy` per group of sentences that occurs.
    """
    by_words = _groups(test, [length(s) for s in test], ((2, 4), (5, 6), (7, 8), (9, 10), (11, 12), (13, None)))
    by_attractors = _groups(test, [s.attractors for s in test], ((0, 0), (1, 1), (2, 2), (3, None)))
    parts = {"words": by_words, "attractors": by_attractors, "all": {"all": list(test)}}
    with use_threads(1):
        return {
            part: [_accuracy(name, model, window, these) for name, these in groups.items()]
            for part, groups in parts.items()
        }


def hidden_states(model: TextClassifier, texts: Sequence[str]) -> list[np.ndarray]:
    """The hidden state after each word of each text, (T, h) for a text of T words."""
    ids, lengths = model.symbols.encode(texts).batch(np.arange(len(texts)))
    with torch.no_grad():
        vectors = model.network.embedding(ids.to(model.network.embedding.weight.device))
        y, _ = model.network.recurrent(vectors, lengths)
    return [states[:steps] for states, steps in zip(y.cpu().numpy(), lengths.tolist(), strict=True)]


def texts(these: Sequence[Sentence]) -> list[str]:
    """The sentences as texts, words divided by spaces."""
    return [" ".join(sentence.words) for sentence in these]


def labels(these: Sequence[Sentence]) -> list[str]:
    """The class of each sentence."""
    return [CLASSES[0] if sentence.grammatical else CLASSES[1] for sentence in these]


def length(sentence: Sentence) -> int:
    """The number of words, the stop not counted."""
    return len(sentence.words) - 1


def _targets(these: Sequence[Sentence]) -> Tensor:
    return as_targets([(label,) for label in labels(these)], CLASSES, multi=False)


def _groups(
    these: Sequence[Sentence], values: Sequence[int], bounds: Sequence[tuple[int, int | None]]
) -> dict[str, list[Sentence]]:
    """Name of a range of values → the sentences in it, ranges without any left out."""
    groups: dict[str, list[Sentence]] = {}
    for low, high in bounds:
        name = f"{low} or more" if high is None else str(low) if low == high else f"{low}-{high}"
        inside = [
            s for s, value in zip(these, values, strict=True) if low <= value <= (value if high is None else high)
        ]
        if inside:
            groups[name] = inside
    return groups


def _accuracy(
    name: str,
    model: TextClassifier,
    window: Judge,
    these: Sequence[Sentence],
) -> Accuracy:
    scores = model.evaluate(texts(these), labels(these))
    contrasts = scores["contrasts"]
    return Accuracy(
        group=name,
        rows=len(these),
        model=scores["accuracy"],
        window=float(window(these).mean()),
        bag_of_words=contrasts["bag_of_words"]["accuracy"],
        majority=contrasts["majority"]["accuracy"],
    )
