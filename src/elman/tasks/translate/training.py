"""From pairs of texts to a trained translator in its run folder."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from elman.data.options import check
from elman.data.parallel import Pairs
from elman.data.symbols import Symbols
from elman.learn.loop import fit
from elman.learn.models import record_of, trained
from elman.learn.pair_options import check_pairs
from elman.learn.pairs import SPECIAL, EncodedPairs, make_network, pair_problem, short_enough
from elman.learn.problem import History
from elman.learn.report import Report, Silent
from elman.learn.threads import use_threads
from elman.learn.weights import count_weights, seeded
from elman.tasks.translate.options import TranslateOptions
from elman.tasks.translate.preparation import Parts, prepare
from elman.tasks.translate.storage import finish, from_run
from elman.tasks.translate.translator import Translator


def train_translator(
    source: str | Path | Pairs,
    options: TranslateOptions | None = None,
    out: str | Path | None = None,
    report: Report | None = None,
) -> Translator:
    """Train a translator.

    Args:
        source: a file of pairs, what two files of lines are called without their ends, or the pairs themselves.
        options: everything that can be chosen.
        out: the run folder; an interrupted training in it is continued, a finished one is read. None writes nothing.
        report: told what is decided, how it goes and what came of it; None for silence.

    Raises:
        DataError, ConfigError, RunError, TrainingError, StorageError, Interrupted: see `elman.errors`.

    Example:
        >>> from elman.data.parallel import pairs_of
        >>> from elman.learn.pair_options import EncoderDecoderOptions, PairSymbolOptions, PairTraining
        >>> words = {"one": "eins", "two": "zwei", "three": "drei", "four": "vier"}
        >>> both = [(f"{a} {b}", f"{words[a]} {words[b]}") for a in words for b in words] * 4
        >>> options = TranslateOptions(
        ...     symbols=PairSymbolOptions(tokens="word"),
        ...     model=EncoderDecoderOptions(embedding=16, hidden=16, dropout=0.0, word_dropout=0.0),
        ...     training=PairTraining(epochs=12, batch_size=8, learning_rate=0.02, threads=1))
        >>> model = train_translator(pairs_of(*map(list, zip(*both))), options)
        >>> model.translate(["three one"])
        ['drei eins']
    """
    options, report = options or TranslateOptions(), report or Silent()
    check(options)
    check_pairs(options.symbols, options.model)
    parts = prepare(source if isinstance(source, Pairs) else str(source), options.data, options.training.seed, report)
    train = partial(_train, parts, options, report)
    return trained(out, options, parts.hashes, report, train, finish, from_run)


def _train(parts: Parts, options: TranslateOptions, report: Report, folder: Path | None) -> Translator:
    assert parts.train.targets is not None
    symbols = Symbols.learn([*parts.train.sources, *parts.train.targets], options.symbols.of_texts(), SPECIAL)
    train, validation = _encoded(parts.train, symbols), _encoded(parts.validation, symbols)
    _tell(train, report)
    rows, train = _short_enough(train, options, "training pair", report)
    _, validation = _short_enough(validation, options, "validation pair", report)
    with seeded(options.training.seed):
        network = make_network(symbols.size, options.model)
    weights = count_weights(network)
    report.say(f"{symbols.size:,} symbols ({options.symbols.tokens}), {weights:,} weights")
    if network.waits:
        report.say("Every step of the decoder waits for the attention of the one before: this trains slowly.")
    problem = pair_problem(network, train, validation, options.training, lambda row: parts.train.place(int(rows[row])))
    history = fit(problem, options.training, folder, report)
    model = Translator(network, symbols, options, names=parts.train.names, record=_record(parts, history))
    with use_threads(options.training.threads):
        report.say(f"The translations are searched for with a beam of {options.search.beam}.")
        measured = {"validation": parts.validation, "test": parts.test}
        model.record["results"] = {name: model.evaluate(part) for name, part in measured.items() if part is not None}
    return model


def _encoded(pairs: Pairs, symbols: Symbols) -> EncodedPairs:
    assert pairs.targets is not None
    return EncodedPairs(symbols.encode(pairs.sources), symbols.encode(pairs.targets))


def _short_enough(
    pairs: EncodedPairs, options: TranslateOptions, name: str, report: Report
) -> tuple[np.ndarray, EncodedPairs]:
    """The pairs of which neither side is cut, and their numbers."""
    rows = short_enough([pairs.sources.lengths, pairs.targets.lengths], options.symbols.max_length, name, report)
    return rows, pairs.take(rows)


def _tell(pairs: EncodedPairs, report: Report) -> None:
    sides = (pairs.sources, pairs.targets)
    medians = " and ".join(f"{np.median(side.lengths):.0f}" for side in sides)
    longest = " and ".join(f"{side.lengths.max(initial=0):,}" for side in sides)
    report.say(f"A source and a target have {medians} symbols (median), the longest {longest}.")


def _record(parts: Parts, history: History) -> dict[str, Any]:
    """What run.json tells about a training beside its results."""
    rows = {"train": parts.train, "validation": parts.validation, "test": parts.test}
    return record_of(rows, parts.hashes, history)
