"""From dialogues to a trained chatbot in its run folder."""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from elman.data.dialogue_options import DialogueDataOptions
from elman.data.dialogues import Dialogues, read_dialogues
from elman.data.options import check
from elman.data.symbols import Symbols
from elman.errors import DataError
from elman.learn.loop import fit
from elman.learn.models import record_of, trained
from elman.learn.pair_options import check_pairs
from elman.learn.pairs import EncodedPairs, make_network, pair_problem, short_enough
from elman.learn.problem import History
from elman.learn.report import Report, Silent
from elman.learn.threads import use_threads
from elman.learn.weights import count_weights, seeded
from elman.tasks.chat.chatbot import Chatbot
from elman.tasks.chat.contexts import SYMBOLS, encoded
from elman.tasks.chat.options import ChatOptions
from elman.tasks.chat.storage import finish, from_run


@dataclass(frozen=True)
class Parts:
    """The dialogues of a training.

    Args:
        train: to learn from.
        validation: to choose the epoch by.
        test: to measure once at the end, if there are any.
        hashes: "train", "validation", "test" → SHA-256 of the file each was read from.
    """

    train: Dialogues
    validation: Dialogues
    test: Dialogues | None
    hashes: dict[str, str]


def train_chatbot(
    source: str | Path | Dialogues,
    options: ChatOptions | None = None,
    out: str | Path | None = None,
    report: Report | None = None,
) -> Chatbot:
    """Train a chatbot.

    Args:
        source: a file of dialogues, or the dialogues themselves.
        options: everything that can be chosen.
        out: the run folder; an interrupted training in it is continued, a finished one is read. None writes nothing.
        report: told what is decided, how it goes and what came of it; None for silence.

    Raises:
        DataError, ConfigError, RunError, TrainingError, StorageError, Interrupted: see `elman.errors`.

    Example:
        >>> from elman.data.dialogues import dialogues_of
        >>> from elman.learn.pair_options import EncoderDecoderOptions, PairTraining
        >>> from elman.tasks.chat.options import ChatSymbolOptions
        >>> said = {"hello": "good day", "how are you": "fine", "who is there": "me", "where is it": "here"}
        >>> chats = [[a, said[a], b, said[b]] for a in said for b in said] * 4
        >>> options = ChatOptions(
        ...     symbols=ChatSymbolOptions(tokens="word"),
        ...     model=EncoderDecoderOptions(embedding=16, hidden=16, dropout=0.0, word_dropout=0.0),
        ...     training=PairTraining(epochs=12, batch_size=8, learning_rate=0.02, threads=1))
        >>> model = train_chatbot(dialogues_of(chats), options)
        >>> model.reply(["hello"], temperature=0), model.reply(["hello", "good day", "where is it"], temperature=0)
        ('good day', 'here')
    """
    options, report = options or ChatOptions(), report or Silent()
    check(options)
    check_pairs(options.symbols, options.model)
    parts = prepare(
        source if isinstance(source, Dialogues) else str(source), options.data, options.training.seed, report
    )
    train = partial(_train, parts, options, report)
    return trained(out, options, parts.hashes, report, train, finish, from_run)


def prepare(source: str | Dialogues, options: DialogueDataOptions, seed: int, report: Report) -> Parts:
    """Read everything that the options name, and take a share for validation where no file is given.

    Raises:
        DataError: what is wrong in a file, with its line.
        StorageError: a file cannot be read.
    """
    whole = source if isinstance(source, Dialogues) else read_dialogues(source, options)
    hashes, others = {"train": whole.sha256}, dict[str, Dialogues]()
    for name, path in (("validation", options.validation), ("test", options.test)):
        if path is not None:
            others[name] = read_dialogues(path, replace(options, dialogue=None, header=None))
            hashes[name] = others[name].sha256
    for part in (whole, *others.values()):
        report.say(f"{part.path}: {len(part):,} dialogues, {sum(map(len, part.turns)):,} turns")
        for note in part.notes:
            report.say(f"  note: {note}")
    train, validation = whole, others.get("validation")
    if validation is None:
        train, validation = _split(whole, options.validation_share, seed)
    seen = {tuple(own) for own in train.turns}
    for name, part in {**others, "validation": validation}.items():
        if both := sum(tuple(own) in seen for own in part.turns):
            report.say(f"  note: {both:,} of the {name} dialogues are also among the training dialogues")
    return Parts(train, validation, others.get("test"), hashes)


def _split(whole: Dialogues, share: float, seed: int) -> tuple[Dialogues, Dialogues]:
    """Training and validation dialogues; the same dialogue is never on both sides."""
    groups: dict[tuple[str, ...], list[int]] = {}
    for row, own in enumerate(whole.turns):
        groups.setdefault(tuple(own), []).append(row)
    answered = [rows for own, rows in groups.items() if len(own) > 1]
    if len(answered) < 2:
        found = "there is 1 different dialogue with an answer" if answered else "there is no dialogue with an answer"
        raise DataError(found, expected="at least 2: some to learn from, others to measure", path=whole.path)
    order = np.random.Generator(np.random.PCG64(seed)).permutation(len(answered))
    kept = sorted(row for i in order[: max(1, round(share * len(answered)))] for row in answered[i])
    taken = set(kept)
    return whole.take([row for row in range(len(whole)) if row not in taken]), whole.take(kept)


def _train(parts: Parts, options: ChatOptions, report: Report, folder: Path | None) -> Chatbot:
    every = [turn for own in parts.train.turns for turn in own]
    symbols = Symbols.learn(every, options.symbols.of_texts(), SYMBOLS)
    turns = options.symbols.context_turns
    rows, train = _short_enough(encoded(symbols, parts.train, turns), options, "training answer", report)
    _, validation = _short_enough(encoded(symbols, parts.validation, turns), options, "validation answer", report)
    report.say(f"{len(train):,} answers for training, {len(validation):,} for validation")
    with seeded(options.training.seed):
        network = make_network(symbols.size, options.model)
    weights = count_weights(network)
    report.say(f"{symbols.size:,} symbols ({options.symbols.tokens}), {weights:,} weights")
    owner = np.repeat(np.arange(len(parts.train)), [max(0, len(own) - 1) for own in parts.train.turns])[rows]
    problem = pair_problem(network, train, validation, options.training, lambda row: parts.train.place(int(owner[row])))
    history = fit(problem, options.training, folder, report)
    model = Chatbot(network, symbols, options, record=_record(parts, history))
    with use_threads(options.training.threads):
        measured = {"validation": parts.validation, "test": parts.test}
        model.record["results"] = {name: model.evaluate(part) for name, part in measured.items() if part is not None}
    return model


def _short_enough(
    pairs: EncodedPairs, options: ChatOptions, name: str, report: Report
) -> tuple[np.ndarray, EncodedPairs]:
    """The pairs whose answers hold something and are not cut, and their numbers; what is read may be an end."""
    rows = short_enough([pairs.targets.lengths], options.symbols.max_length, name, report)
    return rows, pairs.take(rows)


def _record(parts: Parts, history: History) -> dict[str, Any]:
    """What run.json tells about a training beside its results."""
    rows = {"train": parts.train, "validation": parts.validation, "test": parts.test}
    return record_of(rows, parts.hashes, history)
