"""From tagged sentences to a trained tagger in its run folder."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from elman.data.batches import length_batches
from elman.data.options import check
from elman.data.ragged import Ragged
from elman.data.sentences import Tagged
from elman.learn.loop import fit
from elman.learn.models import beside, record_of, trained
from elman.learn.problem import History, Problem
from elman.learn.report import Report, Silent
from elman.learn.spans import entity_scores
from elman.learn.threads import use_threads
from elman.learn.weights import count_weights, seeded
from elman.tasks.tag.contrasts import MostFrequent
from elman.tasks.tag.lexicon import Lexicon
from elman.tasks.tag.network import Network
from elman.tasks.tag.options import TagOptions
from elman.tasks.tag.preparation import Parts, prepare
from elman.tasks.tag.storage import finish, from_run
from elman.tasks.tag.tagger import Tagger, in_batches

NONE = -1  # in the place of a tag or label that the training does not have


def train_tagger(
    source: str | Path | Tagged,
    options: TagOptions | None = None,
    out: str | Path | None = None,
    report: Report | None = None,
    *,
    contrasts: bool = True,
) -> Tagger:
    """Train a tagger, and compare it with the most frequent tag of each word.

    Args:
        source: a file or folder of tagged sentences, or the sentences themselves.
        options: everything that can be chosen.
        out: the run folder; an interrupted training in it is continued, a finished one is read. None writes nothing.
        report: told what is decided, how it goes and what came of it; None for silence.
        contrasts: whether the simple model is fit.

    Raises:
        DataError, ConfigError, RunError, TrainingError, StorageError, Interrupted: see `elman.errors`.

    Example:
        >>> from elman.data.sentences import from_sentences
        >>> from elman.tasks.tag.options import TagTraining
        >>> words = [["dogs", "bark"], ["a", "dog", "barks"], ["a", "cat"], ["cats", "sleep"]] * 10
        >>> tags = [["N", "V"], ["D", "N", "V"], ["D", "N"], ["N", "V"]] * 10
        >>> options = TagOptions(training=TagTraining(epochs=20, batch_size=4, threads=1))
        >>> train_tagger(from_sentences(words, tags), options).predict([["a", "dog", "sleeps"]])
        [['D', 'N', 'V']]
    """
    options, report = options or TagOptions(), report or Silent()
    check(options)
    source = source if isinstance(source, Tagged) else str(source)
    parts = prepare(source, options.data, options.training.seed, report)
    train = partial(_train, parts, options, report, contrasts)
    return trained(out, options, parts.hashes, report, train, finish, from_run)


def _train(parts: Parts, options: TagOptions, report: Report, contrasts: bool, folder: Path | None) -> Tagger:
    lexicon = Lexicon.learn(parts.train.words, options.symbols)
    lengths = np.array([len(row) for row in parts.train.words])
    report.say(
        f"{len(lexicon.words):,} words, {len(lexicon.characters):,} characters, {len(lexicon.affixes):,} beginnings, "
        f"endings and shapes; a sentence has {int(np.median(lengths))} words (median), the longest {lengths.max()}"
    )
    simple = None
    if contrasts and parts.train.tags is not None:
        simple = MostFrequent.fit(parts.train.words, parts.train.tags, parts.train.labels)
    with seeded(options.training.seed):
        network = Network(lexicon, len(parts.classes), len(parts.labels), options.model)
    report.say(f"{count_weights(network):,} weights")
    model = Tagger(
        network, lexicon, parts.classes, options, labels=parts.labels, scheme=parts.scheme, most_frequent=simple
    )
    history = fit(_problem(parts, model), options.training, folder, report)
    model.record = _record(parts, history)
    with use_threads(options.training.threads):
        model.record["results"] = _results(model, parts)
    return model


def _problem(parts: Parts, model: Tagger) -> Problem:
    """What the loop needs: batches of like lengths, the loss of some sentences, the numbers of the validation ones."""
    network, training = model.network, model.options.training
    train, (tags, labels) = model.lexicon.encode(parts.train.words), _targets(parts.train, parts)
    lengths = train.lengths

    def loss(own: nn.Module, rows: np.ndarray) -> Tensor:
        device = network.readout.c.device
        y, _ = tags.batch(rows)
        z = None if labels is None else labels[rows].to(device)
        return own(train.batch(rows).to(device), y.to(device), z)

    return Problem(
        model=network,
        batches=lambda epoch: length_batches(lengths, training.batch_size, training.seed, epoch),
        loss=loss,
        validate=lambda: _validate(model, parts),
        place=parts.train.place,
        unit="words",
        size=lambda rows: int(lengths[rows].sum()),
        chosen_by="error",
    )


def _validate(model: Tagger, parts: Parts) -> dict[str, float]:
    """Loss of the sentences whose tags and label the training has; accuracy, F1 of entities, and error, of all."""
    data = parts.validation
    assert data.tags is not None
    encoded, (tags, labels) = model.lexicon.encode(data.words), _targets(data, parts)
    device = model.network.readout.c.device
    total = words = 0.0
    familiar = np.array([NONE not in tags.row(i) for i in range(len(data))], dtype=bool)
    if labels is not None:
        familiar &= labels.numpy() != NONE
    for rows in in_batches(encoded.lengths):
        rows = rows[familiar[rows]]
        count = int(encoded.lengths[rows].sum())
        if count:
            y, _ = tags.batch(rows)
            z = None if labels is None else labels[rows].to(device)
            total += float(model.network(encoded.batch(rows).to(device), y.to(device), z)) * count
            words += count
    predicted = model.predict(data.words)
    pairs = [(a, b) for own, given in zip(data.tags, predicted, strict=True) for a, b in zip(own, given, strict=True)]
    numbers = {"loss": total / max(1.0, words), "accuracy": sum(a == b for a, b in pairs) / max(1, len(pairs))}
    if parts.scheme:
        numbers["F1"] = entity_scores(data.tags, predicted)["f1"]
    # The loss rises again, by few words that are wrong for sure, while accuracy and F1 still get better. Where F1 is
    # the same, as before the first entity is found, the accuracy tells which epoch is better, by too little to be seen.
    error = 1 - numbers["accuracy"]
    return {**numbers, "error": 1 - numbers["F1"] + 1e-6 * error if parts.scheme else error}


def _targets(data: Tagged, parts: Parts) -> tuple[Ragged, Tensor | None]:
    """The tags of each sentence as numbers, and the labels (n); −1 for what the training does not have."""
    assert data.tags is not None
    place = {name: k for k, name in enumerate(parts.classes)}
    tags = Ragged.of([[place.get(tag, NONE) for tag in row] for row in data.tags])
    if not parts.labels or data.labels is None:
        return tags, None
    where = {name: k for k, name in enumerate(parts.labels)}
    return tags, torch.tensor([where.get(label, NONE) for label in data.labels], dtype=torch.int64)


def _record(parts: Parts, history: History) -> dict[str, Any]:
    """What run.json tells about a training beside its results."""
    rows = {"train": parts.train, "validation": parts.validation, "test": parts.test}
    words = {name: part.tokens for name, part in rows.items() if part is not None}
    return {"columns": parts.train.columns, "words": words, **record_of(rows, parts.hashes, history)}


def _results(model: Tagger, parts: Parts) -> dict[str, dict[str, dict[str, Any]]]:
    """Scores of the model and its contrast on the validation sentences, and on the test sentences if there are any."""
    measured = {"validation": parts.validation, "test": parts.test}
    return {name: beside(model.evaluate(part)) for name, part in measured.items() if part is not None}
