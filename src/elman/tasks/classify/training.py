"""From labelled texts to a trained classifier in its run folder."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from elman.data.batches import length_batches
from elman.data.labelled import Labelled
from elman.data.options import check
from elman.data.ragged import Ragged
from elman.data.symbols import Symbols
from elman.learn.label_scores import Labels, indices, known, one_hot
from elman.learn.loop import fit
from elman.learn.models import beside, record_of, trained
from elman.learn.problem import History, Problem
from elman.learn.report import Report, Silent
from elman.learn.threads import use_threads
from elman.learn.weights import count_weights, seeded
from elman.tasks.classify.classifier import TextClassifier
from elman.tasks.classify.contrasts import Contrasts
from elman.tasks.classify.inference import logits_of
from elman.tasks.classify.network import Network
from elman.tasks.classify.options import ClassifyOptions
from elman.tasks.classify.pairs import frequent_pairs
from elman.tasks.classify.preparation import Parts, class_weights, prepare
from elman.tasks.classify.pretrained import Pretrained, read_pretrained, step_groups, step_shares
from elman.tasks.classify.storage import finish, from_run


def train_classifier(
    source: str | Path | Labelled,
    options: ClassifyOptions | None = None,
    out: str | Path | None = None,
    report: Report | None = None,
    *,
    contrasts: bool = True,
) -> TextClassifier:
    """Train a text classifier, and compare it with the majority class and a bag of words on the same rows.

    Args:
        source: a file or folder of labelled texts, or the rows themselves.
        options: everything that can be chosen.
        out: the run folder; an interrupted training in it is continued, a finished one is read. None writes nothing.
        report: told what is decided, how it goes and what came of it; None for silence.
        contrasts: whether the simple models are fit.

    Raises:
        DataError, ConfigError, RunError, TrainingError, StorageError, Interrupted: see `elman.errors`.

    Example:
        >>> from elman.data.labelled import from_lists
        >>> from elman.tasks.classify.options import ClassifyTraining
        >>> texts = ["a fine film", "how dull", "fine actors", "dull actors"]
        >>> data = from_lists(texts * 20, ["+", "-", "+", "-"] * 20)
        >>> options = ClassifyOptions(training=ClassifyTraining(epochs=30, threads=1))
        >>> train_classifier(data, options).predict(["a fine day"])
        ['+']
    """
    options, report = options or ClassifyOptions(), report or Silent()
    check(options)
    source = source if isinstance(source, Labelled) else str(source)
    parts = prepare(source, options.data, options.training.seed, report)
    origin = read_pretrained(options.training.init_from) if options.training.init_from else None
    if origin is not None:
        options = origin.adapted(options)
        parts.hashes["init_from"] = origin.sha256
    train = partial(_train, parts, options, report, contrasts, origin)
    return trained(out, options, parts.hashes, report, train, finish, from_run)


def _train(
    parts: Parts,
    options: ClassifyOptions,
    report: Report,
    contrasts: bool,
    origin: Pretrained | None,
    folder: Path | None,
) -> TextClassifier:
    assert parts.train.labels is not None
    further = origin.further() if origin else ()
    symbols = Symbols.learn(parts.train.texts, options.symbols, further=further)
    train, validation = symbols.encode(parts.train.texts), symbols.encode(parts.validation.texts)
    _tell_symbols(symbols, train, options, report)
    weights = None
    if options.training.class_weights == "balanced":
        weights = torch.from_numpy(class_weights(parts.train.labels, parts.classes, multi=parts.multi))
    simple = None
    if contrasts:
        report.say("The majority class and a bag of words are fit first, to compare with.")
        with use_threads(options.training.threads):
            simple = Contrasts.fit(
                parts.train, parts.validation, parts.classes, multi=parts.multi, class_weights=weights
            )
    least = options.model.pairs
    pairs = frequent_pairs(train, symbols.size, least) if least else None
    with seeded(options.training.seed):
        network = Network(symbols.size, len(parts.classes), options.model, pairs)
    report.say(f"{count_weights(network):,} weights")
    if origin is not None:
        report.say(f"{origin.into(network, symbols):,} of the symbols, and the layers, begin as in {origin.path}.")
    problem = _problem(parts, network, train, validation, weights, options)
    history = fit(problem, options.training, folder, report)
    model = TextClassifier(
        network, symbols, parts.classes, options, multi=parts.multi, contrasts=simple, record=_record(parts, history)
    )
    with use_threads(options.training.threads):
        model.record["results"] = _results(model, parts)
    return model


def _problem(
    parts: Parts,
    network: Network,
    train: Ragged,
    validation: Ragged,
    weights: Tensor | None,
    options: ClassifyOptions,
) -> Problem:
    """What the loop needs: batches of like lengths, the loss of some rows, the numbers of the validation rows."""
    assert parts.train.labels is not None
    assert parts.validation.labels is not None
    targets = as_targets(parts.train.labels, parts.classes, multi=parts.multi)
    truth = as_targets(parts.validation.labels, parts.classes, multi=parts.multi)
    familiar = torch.from_numpy(known(parts.validation.labels, parts.classes))
    criterion = make_loss(weights, multi=parts.multi)
    training = options.training
    groups = step_groups(network) if training.init_from else []

    def loss(model: nn.Module, rows: np.ndarray) -> Tensor:
        ids, lengths = train.batch(rows)
        device = network.readout.c.device
        return criterion(model(ids.to(device), lengths), targets[rows].to(device))

    def validate() -> dict[str, float]:
        logits = torch.from_numpy(logits_of(network, validation)).float()
        right = ((logits >= 0) == (truth > 0)).all(1) if parts.multi else logits.argmax(1) == truth
        value = criterion(logits[familiar], truth[familiar])
        accuracy = (right & familiar).double().mean().item()
        return {"loss": value.item(), "accuracy": accuracy, "error": 1 - accuracy}

    return Problem(
        model=network,
        batches=lambda epoch: length_batches(train.lengths, training.batch_size, training.seed, epoch),
        loss=loss,
        validate=validate,
        place=parts.train.place,
        chosen_by="error" if training.chosen_by == "accuracy" else "loss",
        groups=groups or None,
        shares=(lambda epoch: step_shares(len(groups), epoch, training.thaw, training.lower_rate)) if groups else None,
    )


def as_targets(labels: Labels, classes: tuple[str, ...], *, multi: bool) -> Tensor:
    """Labels as the loss takes them: the class of each row (n), or 0 and 1 for each row and class (n, classes)."""
    return torch.from_numpy(one_hot(labels, classes)).float() if multi else torch.from_numpy(indices(labels, classes))


def make_loss(weights: Tensor | None, *, multi: bool) -> Callable[[Tensor, Tensor], Tensor]:
    """Mean softmax cross-entropy, or with several labels the mean of one sigmoid cross-entropy per class."""

    def loss(logits: Tensor, targets: Tensor) -> Tensor:
        own = None if weights is None else weights.to(logits.device)
        if multi:
            return nn.functional.binary_cross_entropy_with_logits(logits, targets, pos_weight=own)
        return nn.functional.cross_entropy(logits, targets, weight=own)

    return loss


def _record(parts: Parts, history: History) -> dict[str, Any]:
    """What run.json tells about a training beside its results."""
    columns = {"text": parts.train.columns.text, "label": parts.train.columns.label}
    rows = {"train": parts.train, "validation": parts.validation, "test": parts.test}
    return {"columns": columns, **record_of(rows, parts.hashes, history)}


def _results(model: TextClassifier, parts: Parts) -> dict[str, dict[str, dict[str, Any]]]:
    """Scores of the model and its contrasts on the validation rows, and on the test rows if there are any."""
    measured = {"validation": parts.validation, "test": parts.test}
    return {name: beside(model.evaluate(part)) for name, part in measured.items() if part is not None}


def _tell_symbols(symbols: Symbols, texts: Ragged, options: ClassifyOptions, report: Report) -> None:
    lengths = texts.lengths
    median, longest = int(np.median(lengths)), int(lengths.max(initial=0))
    cut = options.symbols.max_length
    limit = f", of longer ones the {options.symbols.keep} {cut}" if cut and longest == cut else ""
    report.say(f"{symbols.size:,} symbols ({options.symbols.tokens}); a text has {median} (median){limit}")
