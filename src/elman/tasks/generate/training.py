"""From a text to a trained language model in its run folder."""

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from elman.data.corpus import Streams
from elman.data.options import check
from elman.data.plain_text import PlainText
from elman.errors import ConfigError
from elman.learn.loop import fit
from elman.learn.models import beside, trained
from elman.learn.problem import History, Problem
from elman.learn.report import Report, Silent
from elman.learn.threads import use_threads
from elman.learn.weights import count_weights, seeded
from elman.tasks.generate.contrasts import Contrasts
from elman.tasks.generate.language_model import LanguageModel
from elman.tasks.generate.measure import mean_loss, numbers
from elman.tasks.generate.network import Network
from elman.tasks.generate.options import GenerateOptions
from elman.tasks.generate.preparation import Prepared, Texts, find_texts, prepare
from elman.tasks.generate.storage import finish, from_run


def train_language_model(
    source: str | Path | PlainText,
    options: GenerateOptions | None = None,
    out: str | Path | None = None,
    report: Report | None = None,
    *,
    contrasts: bool = True,
) -> LanguageModel:
    """Train a language model, and compare it with counted runs of symbols on the same text.

    Args:
        source: a file of text, a table with a column of texts, or a text that was read.
        options: everything that can be chosen.
        out: the run folder; an interrupted training in it is continued, a finished one is read. None writes nothing.
        report: told what is decided, how it goes and what came of it; None for silence.
        contrasts: whether the simple models are fit.

    Raises:
        DataError, ConfigError, RunError, TrainingError, StorageError, Interrupted: see `elman.errors`.

    Example:
        >>> from elman.data.corpus_options import CorpusOptions
        >>> from elman.tasks.generate.options import GenerateTraining, LanguageModelOptions
        >>> text = PlainText("", CorpusOptions(), given="abcdefg\\n" * 200)
        >>> options = GenerateOptions(
        ...     model=LanguageModelOptions(hidden=16, embedding=8),
        ...     training=GenerateTraining(epochs=20, batch_size=4, steps=16, learning_rate=0.02, threads=1))
        >>> train_language_model(text, options).generate("abc", length=5, temperature=0)
        'defg\\n'
    """
    options, report = options or GenerateOptions(), report or Silent()
    check(options)
    if options.symbols.tokens == "bpe" and options.model.softmax == "adaptive":
        raise ConfigError(
            "the softmax is adaptive, and the symbols are byte pairs, whose order does not tell how frequent they are",
            expected="another of the two",
            fix="Write --softmax sampled or full, or --tokens word.",
        )
    texts = find_texts(source if isinstance(source, PlainText) else str(source), options)
    train = partial(_train, texts, options, report, contrasts)
    return trained(out, options, texts.hashes, report, train, finish, from_run)


class CarriedState:
    """The hidden state of every stream, passed on from chunk to chunk without its gradient."""

    def __init__(self) -> None:
        self.state: dict[str, Tensor] | None = None

    def start(self) -> None:
        """The text begins anew."""
        self.state = None

    def keep(self, state: Mapping[str, Tensor]) -> None:
        """The state after a chunk."""
        self.state = {name: value.detach() for name, value in state.items()}

    def tensors(self) -> dict[str, Tensor]:
        """By the names of the states; nothing at the beginning of an epoch."""
        return dict(self.state or {})

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Go on from what `tensors` gave."""
        self.state = dict(tensors) or None


def _train(
    texts: Texts, options: GenerateOptions, report: Report, contrasts: bool, folder: Path | None
) -> LanguageModel:
    parts = prepare(texts, options, folder, report)
    size = parts.vocabulary.size
    simple = Contrasts.fit(parts.train, size, options.symbols.tokens) if contrasts else None
    with seeded(options.training.seed):
        network = Network(size, options.model, _frequencies(parts, options))
    report.say(f"{count_weights(network):,} weights")
    history = fit(_problem(parts, network, options), options.training, folder, report)
    model = LanguageModel(network, parts.vocabulary, options, contrasts=simple, record=_record(texts, parts, history))
    with use_threads(options.training.threads):
        model.record["results"] = _results(model, parts)
    return model


def _problem(parts: Prepared, network: Network, options: GenerateOptions) -> Problem:
    """What the loop needs: chunks of the streams, the loss of one, the numbers of the validation text."""
    o = options.training
    streams = Streams(parts.train, o.batch_size, o.steps, o.vary_steps, o.seed)
    carried, penalties = CarriedState(), (o.activation_penalty, o.change_penalty)

    def loss(model: nn.Module, batch: np.ndarray) -> Tensor:
        device = network.vectors.device
        ids, targets = (part.to(device) for part in streams.read(batch))
        before = None if carried.state is None else {name: value.to(device) for name, value in carried.state.items()}
        value, state = model(ids, targets, before, penalties)
        carried.keep(state)
        return value

    def validate() -> dict[str, float]:
        found = numbers(mean_loss(network, parts.validation), parts.validation)
        shown = "bits_per_character" if options.symbols.tokens == "character" else "perplexity"
        return {"loss": found["loss"], shown: found[shown]}

    return Problem(
        model=network,
        batches=streams.batches,
        loss=loss,
        validate=validate,
        place=streams.place,
        unit="symbols",
        size=lambda batch: len(batch) * streams.length(batch),
        rate=(lambda batch: streams.length(batch) / o.steps) if o.vary_steps else None,
        carried=carried,
    )


def _frequencies(parts: Prepared, options: GenerateOptions) -> Tensor | None:
    """How often each symbol occurs, where the softmax draws by it; at least once."""
    if options.model.softmax != "sampled":
        return None
    return torch.from_numpy(np.maximum(parts.train.counts(parts.vocabulary.size), 1)).float()


def _record(texts: Texts, parts: Prepared, history: History) -> dict[str, Any]:
    """What run.json tells about a training beside its results."""
    found = {"train": parts.train, "validation": parts.validation, "test": parts.test}
    return {
        "data": texts.hashes,
        "rows": {name: len(corpus) for name, corpus in found.items() if corpus is not None},
        "files": {name: text.path for name, text in texts.all.items()},
        "history": {**asdict(history), "best": history.best},
    }


def _results(model: LanguageModel, parts: Prepared) -> dict[str, dict[str, dict[str, Any]]]:
    """The numbers of the model and its contrasts on the validation text, and on the test text if there is any."""
    measured = {"validation": parts.validation, "test": parts.test}
    return {name: beside(model.evaluate(part)) for name, part in measured.items() if part is not None}
