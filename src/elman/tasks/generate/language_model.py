"""A trained language model: it continues texts, and says how probable they are."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from elman import arguments
from elman.arguments import size, words
from elman.data.config_file import merge
from elman.data.corpus import Corpus
from elman.data.corpus_options import CorpusOptions
from elman.data.plain_text import PlainText
from elman.data.vocabulary import Vocabulary
from elman.errors import ArgumentError, ArgumentTypeError, DataError
from elman.learn.beam import beam_search
from elman.learn.decoding import Sampling, walk
from elman.tasks.generate.contrasts import Contrasts
from elman.tasks.generate.measure import CHUNK, log_probabilities, mean_loss, numbers
from elman.tasks.generate.network import Network
from elman.tasks.generate.options import GenerateOptions
from elman.tasks.generate.reader import Reader, step
from elman.tasks.task import TrainedModel


@dataclass(frozen=True)
class Scored:
    """A symbol of a text and its log-probability after all before it, in nats."""

    symbol: str
    log_probability: float


class LanguageModel(TrainedModel):
    """A recurrent network that has learned a language, as `elman.train` returns it and `elman.load` reads it.

    Args:
        network: the trained network.
        vocabulary: what its symbols are.
        options: all options of its training.
        contrasts: the simple models that it is compared with, if they were fit.
        record: how it came about: data, history, results.

    Example:
        >>> from elman.data.corpus_options import CorpusSymbolOptions
        >>> from elman.tasks.generate.training import train_language_model
        >>> from elman.tasks.generate.options import GenerateTraining, LanguageModelOptions
        >>> options = GenerateOptions(
        ...     symbols=CorpusSymbolOptions(tokens="space"), model=LanguageModelOptions(hidden=16, embedding=8),
        ...     training=GenerateTraining(epochs=30, batch_size=4, steps=10, learning_rate=0.02, threads=1))
        >>> model = train_language_model(PlainText("", CorpusOptions(), given="a rose is\\n" * 100), options)
        >>> model.generate("a rose", length=6, temperature=0)
        ' is\\na rose is\\n'
        >>> [scored.symbol for scored in model.score("a rose")]
        ['a', 'rose']
        >>> sum(scored.log_probability for scored in model.score("a rose")) > -1
        True
    """

    task = "generate"

    def __init__(
        self,
        network: Network,
        vocabulary: Vocabulary,
        options: GenerateOptions,
        *,
        contrasts: Contrasts | None = None,
        record: dict[str, Any] | None = None,
    ) -> None:
        self.network, self.vocabulary, self.options = network.eval(), vocabulary, options
        self.contrasts, self.record = contrasts, dict(record or {})

    def generate(self, prompt: str = "", length: int = 200, **how: Any) -> str:
        """Continue a text.

        Args:
            prompt: the text; what the training never saw in it is read as unknown.
            length: symbols that are written at most.
            **how: temperature, top_k, top_p, repetition, window, no_repeat as in `elman.learn.decoding.Sampling`;
                seed, an int, None draws anew each time; stop, texts before which the writing ends.

        Returns:
            What follows the prompt.

        Raises:
            ArgumentError, ArgumentTypeError: a value out of its bounds.
        """
        return "".join(self.stream(prompt, length, **how))

    def stream(
        self,
        prompt: str = "",
        length: int | None = 200,
        *,
        seed: int | None = None,
        stop: str | Sequence[str] = (),
        **sampling: Any,
    ) -> Iterator[str]:
        """As `generate`, piece by piece as it is written; without an end where length is None."""
        if length is not None:
            size("length", length, least=0)
        stops = words("stop", stop) if stop else ()
        if any(not text for text in stops):
            raise ArgumentError("a text to stop at is empty", expected="texts of at least one character")
        own = Sampling(**sampling)
        generator = torch.Generator().manual_seed(arguments.seed(seed)) if seed is not None else None
        reader, last = self._after(prompt)
        say = self.vocabulary.speaker(None if prompt[-1:].isspace() else last)
        return _until(self._written(reader, last, say, own, length, generator), stops)

    def beam(
        self, prompt: str = "", length: int = 200, *, width: int = 5, best: int = 1, stop: str | None = None
    ) -> list[tuple[str, float]]:
        """The most probable continuations that a beam search finds, with their log-probabilities, the best first.

        Where they may end, the best has the largest log p / ((5 + length) / 6), its end counted.

        Args:
            prompt: the text.
            length: symbols of each at most.
            width: prefixes kept at every step.
            best: how many are returned, at most `width`.
            stop: a symbol that ends a continuation, such as "\\n"; None: all have the same length.
        """
        end = -1 if stop is None else self._symbol(stop)
        reader, last = self._after(prompt)
        first = torch.tensor([last], device=self.network.vectors.device)
        [found] = beam_search(
            step, reader, first, end=end, most=length, width=width, best=best,
            length_penalty=1.0 if stop else 0.0, forbidden=[self.vocabulary.unknown_id],
        )  # fmt: skip
        return [(self._text(one.symbols, last), one.log_probability) for one in found]

    def score(self, text: str) -> list[Scored]:
        """Every symbol of a text with its log-probability after all before it.

        Raises:
            ArgumentTypeError: something other than a string.
        """
        if not isinstance(text, str):
            raise ArgumentTypeError(f"text is {text!r} ({type(text).__name__})", expected="a string")
        return list(self.score_stream(PlainText("the text", CorpusOptions(), given=text)))

    def score_stream(self, text: PlainText) -> Iterator[Scored]:
        """As `score`, of a text that may be larger than memory, symbol by symbol."""
        corpus = Corpus.write(text, self.vocabulary)
        texts, done = self.vocabulary.texts, 1
        for part in log_probabilities(self.network, corpus.chunks(CHUNK)):
            ids = corpus.ids[done : done + part.shape[1]].tolist()
            done += len(ids)
            for i, value in zip(ids, part[0].tolist(), strict=True):
                yield Scored(texts[i], value)

    def evaluate(self, data: str | os.PathLike[str] | PlainText | Corpus, **reading: Any) -> dict[str, Any]:
        """How well the model predicts a text, read once from its first symbol to its last, the state carried.

        Args:
            data: a file, a text that was read, or its ids.
            **reading: how to read the file, the fields of `CorpusOptions`.

        Returns:
            loss (mean of -log p of a symbol, in nats), perplexity, bits_per_character, tokens, characters, unknown
            (symbols that the training never saw, or not often enough), and contrasts ("1-gram", … → the same numbers).

        Raises:
            DataError: what is wrong with the file, with its line; or there is nothing in it.
        """
        if isinstance(data, Corpus):
            corpus = data
        else:
            text = data if isinstance(data, PlainText) else self.read(data, **reading)
            corpus = Corpus.write(text, self.vocabulary)
        if not len(corpus):
            raise DataError("the text is empty", expected="at least one symbol", path=corpus.name)
        result = numbers(mean_loss(self.network, corpus), corpus)
        if self.contrasts is not None:
            losses = self.contrasts.losses(corpus)
            result["contrasts"] = {name: numbers(loss, corpus) for name, loss in losses.items()}
        return result

    def read(self, path: str | os.PathLike[str], **reading: Any) -> PlainText:
        """The text of a file, of a table from the column of the training unless another is named.

        Raises:
            ConfigError: something is given that is no field of `CorpusOptions`.
        """
        options, _ = merge(CorpusOptions, yaml={"text": self.options.data.text}, overrides=reading)
        return PlainText(os.fspath(path), options)

    def _after(self, prompt: str) -> tuple[Reader, int]:
        """The state before the last symbol of a prompt, and that symbol; before a prompt stands what begins a text."""
        if not isinstance(prompt, str):
            raise ArgumentTypeError(f"prompt is {prompt!r} ({type(prompt).__name__})", expected="a string")
        *before, last = [self.vocabulary.start_id, *self.vocabulary.encode(prompt).tolist()]
        return Reader.after(self.network, before), last

    def _written(
        self,
        reader: Reader,
        last: int,
        say: Callable[[int | None], str],
        sampling: Sampling,
        length: int | None,
        generator: torch.Generator | None,
    ) -> Iterator[str]:
        first = torch.tensor([last], device=self.network.vectors.device)
        forbidden = [self.vocabulary.unknown_id]
        for drawn in walk(step, reader, first, sampling, most=length, forbidden=forbidden, generator=generator):
            yield say(int(drawn.symbols[0]))
        yield say(None)

    def _text(self, ids: Sequence[int], before: int) -> str:
        say = self.vocabulary.speaker(before)
        return "".join([say(i) for i in ids]) + say(None)

    def _symbol(self, text: str) -> int:
        ids = self.vocabulary.encode(text)
        if len(ids) != 1 or ids[0] == self.vocabulary.unknown_id:
            raise ArgumentError(f"stop is {text!r}, which is not one symbol of the vocabulary", "such as '\\n'")
        return int(ids[0])


def _until(pieces: Iterator[str], stops: Sequence[str]) -> Iterator[str]:
    """The text of some pieces up to the first of the texts to stop at; what may begin one is held back."""
    most = max(map(len, stops), default=1) - 1
    held = ""
    for piece in pieces:
        held += piece
        found = [at for at in (held.find(stop) for stop in stops) if at >= 0]
        if found:
            yield held[: min(found)]
            return
        cut = len(held) - most
        if cut > 0:
            yield held[:cut]
            held = held[cut:]
    yield held
