"""A trained translator: texts in, translations out, with their scores and what the attention looked at."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from elman.arguments import size
from elman.data.config_file import merge
from elman.data.parallel import Pairs, pairs_of, read_pairs
from elman.data.parallel_options import PairDataOptions
from elman.data.symbols import BREAK, Symbols
from elman.errors import ArgumentError, MissingExtraError
from elman.layers.writer import Writer
from elman.learn.pairs import EncodedPairs, measured, scores, translations
from elman.learn.weights import count_weights
from elman.tasks.task import TrainedModel
from elman.tasks.translate.options import TranslateOptions


@dataclass(frozen=True)
class Translation:
    """One way to translate a text.

    Args:
        text: the translation.
        score: by which it was chosen: its log-probability divided by the penalty of its length.
        log_probability: of all its symbols, in nats.
        ended: whether it came to its end, or was cut since it grew too long.
    """

    text: str
    score: float
    log_probability: float
    ended: bool


@dataclass(frozen=True)
class Alignment:
    """What the attention looked at.

    Args:
        source: the symbols that were read.
        target: the symbols that were written, the end last.
        weights: a row for each symbol written, over the symbols read (target, source); each row sums to 1.
    """

    source: list[str]
    target: list[str]
    weights: np.ndarray


class Translator(TrainedModel):
    """Reads texts in one language and writes them in another, as it has learned from pairs.

    Made by `elman.train` or `elman.load`.

    Args:
        network: the trained encoder and decoder.
        symbols: of both languages.
        options: those of the training.
        names: what the two sides are called.
        record: what `run.json` tells about the training.

    Example:
        See `elman.tasks.translate.training.train_translator`.
    """

    task = "translate"

    def __init__(
        self,
        network: Writer,
        symbols: Symbols,
        options: TranslateOptions,
        *,
        names: tuple[str, str],
        record: dict[str, Any] | None = None,
    ) -> None:
        self.network, self.symbols, self.options = network.eval(), symbols, options
        self.names, self.record = names, dict(record or {})

    def translate(
        self, texts: Sequence[str], *, beam: int | None = None, length_penalty: float | None = None
    ) -> list[str]:
        """The translation of each text; of one that holds nothing but space, an empty one.

        Args:
            texts: n strings.
            beam, length_penalty: of the search; None: those of the training's options.

        Raises:
            ArgumentError, ArgumentTypeError: something other than a list of strings, or a number out of its bounds.
        """
        found = self.best(texts, 1, beam=beam, length_penalty=length_penalty)
        return [row[0].text if row else "" for row in found]

    def best(
        self,
        texts: Sequence[str],
        count: int = 5,
        *,
        beam: int | None = None,
        length_penalty: float | None = None,
    ) -> list[list[Translation]]:
        """The best translations of each text that the search finds, up to `count` of them; none of an empty text."""
        search = self.options.search
        count = size("count", count, most=1000)
        width = max(count, size("beam", search.beam if beam is None else beam, most=1000))
        sources = self.symbols.encode(pairs_of(texts).sources)
        full = [bool(re.sub(BREAK, " ", text).strip()) for text in texts]  # of byte pairs a space is a symbol, too
        some = np.flatnonzero((sources.lengths > 0) & np.array(full, dtype=bool))
        found = translations(
            self.network,
            sources.take(some),
            beam=width,
            best=count,
            length_penalty=search.length_penalty if length_penalty is None else length_penalty,
        )
        rows: list[list[Translation]] = [[] for _ in texts]
        for row, own in zip(some.tolist(), found, strict=True):
            decoded = self.symbols.decode([one.symbols for one in own])
            both = zip(decoded, own, strict=True)
            rows[row] = [Translation(text, one.score, one.log_probability, one.ended) for text, one in both]
        return rows

    def cut(self, texts: Sequence[str]) -> list[int]:
        """Numbers of the texts of which only the beginning is read: they have more than `max_length` symbols."""
        return self.symbols.cut(pairs_of(texts).sources)

    def score(self, texts: Sequence[str], targets: Sequence[str]) -> np.ndarray:
        """log p of each target given its text, in nats (n)."""
        return scores(self.network, self._encoded(pairs_of(texts, targets)))

    def attention(
        self,
        text: str,
        target: str | None = None,
        *,
        beam: int | None = None,
        length_penalty: float | None = None,
    ) -> Alignment:
        """What the attention looks at while a text is translated.

        Args:
            text: to be read.
            target: what is written; None: the translation.
            beam, length_penalty: of the search for that translation; None: those of the training's options.

        Raises:
            ArgumentError: the network has no attention, or the text no symbol.
        """
        import torch

        if target is None:
            [target] = self.translate([text], beam=beam, length_penalty=length_penalty)
        pairs = self._encoded(pairs_of([text], [target]))
        if not pairs.sources.lengths[0]:
            raise ArgumentError("there is nothing to read in the text", expected="a text")
        batch = pairs.batch(np.array([0]))
        source, lengths, before, own, after = batch.to(self.network.b.device)
        with torch.no_grad():
            weights = self.network.align(source, lengths, before, own)[0].cpu().numpy()
        return Alignment(self._shown(source[0].tolist()), self._shown(after.tolist()), weights)

    def evaluate(
        self,
        data: str | os.PathLike[str] | Pairs | Sequence[str],
        targets: Sequence[str] | None = None,
        *,
        beam: int | None = None,
        length_penalty: float | None = None,
        **reading: Any,
    ) -> dict[str, Any]:
        """How well the model translates texts whose translations are known.

        Args:
            data: a file of pairs, or the beginning of the names of two; or a list of texts, with `targets`.
            targets: their translations.
            beam, length_penalty: of the search; None: those of the training's options.
            **reading: how to read the file, the fields of `PairDataOptions`.

        Returns:
            rows; loss (nats per symbol, the ends among them) and perplexity of the given translations; cut (pairs of
            which only the beginning of one side was read); length (symbols written for each right one); and where
            sacrebleu is installed bleu, chrf and their signatures. Where sources repeat: sources (how many different
            ones), and bleu_all, with all references of each.

        Raises:
            DataError: what is wrong with the file, with its line.
            ConfigError: there is no such way to read it.
            ArgumentError, ArgumentTypeError: texts and translations that do not fit.
        """
        from elman.tasks.translate.scores import scores as bleu_and_chrf

        pairs = self._pairs(data, targets, reading)
        if not len(pairs) or pairs.targets is None:
            raise ArgumentError("there is not a single pair to evaluate", expected="texts and their translations")
        different = list(dict.fromkeys(pairs.sources))
        written = dict(zip(different, self.translate(different, beam=beam, length_penalty=length_penalty), strict=True))
        encoded, mine = self._encoded(pairs), self.symbols.encode([written[text] for text in pairs.sources])
        result: dict[str, Any] = {"rows": len(pairs), **measured(self.network, encoded)}
        result["cut"] = len({*self.cut(pairs.sources), *self.cut(pairs.targets)})
        result["length"] = float(mine.lengths.sum() / max(1, encoded.targets.lengths.sum()))
        try:
            result |= bleu_and_chrf([written[text] for text in pairs.sources], [[text] for text in pairs.targets])
            if len(different) < len(pairs):
                every: dict[str, list[str]] = {text: [] for text in different}
                for source, target in zip(pairs.sources, pairs.targets, strict=True):
                    every[source].append(target)
                of_all = bleu_and_chrf(list(written.values()), list(every.values()))
                result |= {"sources": len(different), "bleu_all": of_all["bleu"]}
        except MissingExtraError:
            pass  # the tables say what to install
        return result

    def read(self, path: str | os.PathLike[str], *, need_target: bool = True, **reading: Any) -> Pairs:
        """The pairs of a file, or its texts alone, from the columns that the training read unless others are named.

        Args:
            path: a file, the beginning of two files' names, or "-".
            need_target: whether every text must have a translation.
            **reading: the fields of `PairDataOptions`.

        Raises:
            ConfigError: there is no such field, or it cannot have that value.
            DataError: what is wrong with the file, with its line.
        """
        options, _ = merge(PairDataOptions, overrides=reading)
        return read_pairs(path, options, need_target=need_target, names=self.names)

    def _pairs(self, data: Any, targets: Sequence[str] | None, reading: dict[str, Any]) -> Pairs:
        if isinstance(data, Pairs):
            return data
        if isinstance(data, str | os.PathLike):
            if targets is not None:
                raise ArgumentError(f"targets are given beside the path {str(data)!r}", fix="Write [text, …].")
            return self.read(data, **reading)
        return pairs_of(data, targets)

    def _encoded(self, pairs: Pairs) -> EncodedPairs:
        assert pairs.targets is not None
        return EncodedPairs(self.symbols.encode(pairs.sources), self.symbols.encode(pairs.targets))

    def _shown(self, ids: Sequence[int]) -> list[str]:
        """Each symbol as people read it: `_` where a word begins, the end as ⏎."""
        shown: list[str] = []
        for i in ids:
            name = self.symbols.names[i]
            text = self.symbols.decode([[i]])[0] or name
            begins = self.symbols.options.tokens == "bpe" and name.startswith("Ġ")
            shown.append("⏎" if name == "end of text" else f"{'_' if begins else ''}{text}")
        return shown

    def __repr__(self) -> str:
        weights = count_weights(self.network)
        return f"Translator({self.names[0]} → {self.names[1]}, {self.symbols.size:,} symbols, {weights:,} weights)"
