"""Pairs of sequences: their batches, the loss of an encoder and decoder on them, and what it writes for sources."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from elman.cells.by_name import make_cell
from elman.cells.cell import Cell
from elman.data.batches import token_batches
from elman.data.ragged import Ragged
from elman.errors import TrainingError
from elman.layers.continuer import Continuer
from elman.layers.encoder_decoder import EncoderDecoder
from elman.layers.writer import DecoderState, Writer
from elman.learn.beam import beam_search
from elman.learn.decoding import Hypothesis
from elman.learn.pair_options import EncoderDecoderOptions, PairTraining
from elman.learn.problem import Problem
from elman.learn.report import Report

SPECIAL = ("begin of text", "end of text")  # names with a space: no text holds such a symbol
BEGIN, END = 2, 3
NEVER_WRITTEN = (0, 1, BEGIN)  # padding, unknown, the beginning
_TOKENS, _ROWS = 8_000, 128  # source symbols, with their padding, and rows decoded or measured at a time


@dataclass(frozen=True)
class Batch:
    """Some pairs as tensors.

    Args:
        source: ids (n, T).
        lengths: real symbols of each source (n).
        before: ids of the targets, one step late (n, S).
        before_lengths: real symbols of them (n).
        targets: what is to come at each real step of `before`, row after row (N); the end last.
    """

    source: Tensor
    lengths: Tensor
    before: Tensor
    before_lengths: Tensor
    targets: Tensor

    def to(self, device: torch.device) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """What the network is called with; lengths stay on the processor."""
        return (
            self.source.to(device),
            self.lengths,
            self.before.to(device),
            self.before_lengths,
            self.targets.to(device),
        )


@dataclass(frozen=True)
class EncodedPairs:
    """Sources and targets as ids.

    Args:
        sources, targets: a row for each pair.
    """

    sources: Ragged
    targets: Ragged

    def __len__(self) -> int:
        """The number of pairs."""
        return len(self.sources)

    @property
    def sizes(self) -> np.ndarray:
        """Symbols of both sides (n, 2), the end of the target counted."""
        return np.stack([self.sources.lengths, self.targets.lengths + 1], axis=1)

    def tokens(self, rows: np.ndarray) -> int:
        """Symbols to be written for some pairs."""
        return int(self.targets.lengths[rows].sum()) + len(rows)

    def take(self, rows: np.ndarray) -> "EncodedPairs":
        """Some of the pairs, in the order given."""
        return EncodedPairs(self.sources.take(rows), self.targets.take(rows))

    def batch(self, rows: np.ndarray) -> Batch:
        """Some pairs.

        Example:
            >>> pairs = EncodedPairs(Ragged.of([[7, 8, 9], []]), Ragged.of([[5], [6, 4]]))
            >>> batch = pairs.batch(np.array([0, 1]))
            >>> batch.before.tolist(), batch.before_lengths.tolist(), batch.targets.tolist()
            ([[2, 5, 0], [2, 6, 4]], [2, 3], [5, 3, 6, 4, 3])
        """
        source, lengths = self.sources.batch(rows)
        target, own = self.targets.batch(rows)
        begin = torch.full((len(target), 1), BEGIN)
        after = torch.cat([target, torch.zeros_like(begin)], dim=1)
        after[torch.arange(len(target)), own] = END
        real = torch.arange(after.shape[1]) <= own.unsqueeze(1)
        return Batch(source, lengths, torch.cat([begin, target], dim=1), own + 1, after[real])


def short_enough(lengths: Sequence[np.ndarray], most: int, name: str, report: Report) -> np.ndarray:
    """The rows that hold something and are not cut: of a text that is cut, the end would be learned wrongly.

    Args:
        lengths: symbols of each row (n), on one side or several.
        most: symbols that are read; 0: all.
        name: what a row is called, as in "training pair".
        report: told how many are left out.

    Raises:
        TrainingError: no row is left.

    Example:
        >>> from elman.learn.report import Silent
        >>> short_enough([np.array([1, 2, 3, 0])], 3, "training answer", Silent()).tolist()
        [0, 1]
    """
    bound = most or int(1e9)
    good = np.all([(own > 0) & (own < bound) for own in lengths], axis=0)
    rows = np.flatnonzero(good)
    if not len(rows):
        raise TrainingError(
            f"no {name} has between 1 and {most - 1} symbols" if most else f"no {name} holds a symbol",
            fix="Give a larger --max-length." if most else "",
        )
    if left := len(good) - len(rows):
        many = f"{left:,} {name}s" if left > 1 else f"1 {name}"
        are, long = "are" if left > 1 else "is", f"{most:,} symbols or more, or none," if most else "no symbol"
        report.say(f"  note: {many} with {long} {are} left out{' (--max-length)' if most else ''}")
    return rows


def make_network(symbols: int, options: EncoderDecoderOptions) -> Writer:
    """The network, or the two, that the options name."""

    def cell(width: int) -> Cell:
        return make_cell(options.cell, width, options.hidden)

    same = {"layers": options.layers, "tied": options.shared, "dropout": options.dropout}
    if options.networks == "one":
        return Continuer(symbols, options.embedding, cell, **same, symbol_dropout=options.word_dropout)
    return EncoderDecoder(
        symbols,
        options.embedding,
        cell,
        **same,
        attention=options.attention,
        score=options.score,
        input_feeding=options.input_feeding,
        coverage=options.coverage,
        symbol_dropout=options.word_dropout,
    )


def stored(network: Writer, options: EncoderDecoderOptions) -> dict[str, Tensor]:
    """The weights by their names, to be written into a file; a matrix that is shared stands there once."""
    own = network.state_dict()
    return {n: own[n].detach().cpu().contiguous() for n in own if _stored_as(n, options.shared) == n}


def restored(weights: Mapping[str, Tensor], symbols: int, options: EncoderDecoderOptions) -> Writer:
    """The network of weights that `stored` gave.

    Raises:
        KeyError, RuntimeError: a weight is missing, or of another shape.
    """
    network = make_network(symbols, options)
    network.load_state_dict({name: weights[_stored_as(name, options.shared)] for name in network.state_dict()})
    return network


def _stored_as(name: str, shared: str) -> str:
    same = {"all": ("read.weight", "out.weight"), "target": ("out.weight",), "none": ()}[shared]
    return "written.weight" if name in same else name


def pair_problem(
    network: Writer,
    train: EncodedPairs,
    validation: EncodedPairs,
    training: PairTraining,
    place: Callable[[int], str],
) -> Problem:
    """What the loop needs: batches of like lengths, the smoothed loss, the perplexity of the validation pairs.

    Args:
        network: to be trained.
        train, validation: the pairs.
        training: of which batch_size, batch_tokens, label_smoothing and seed are read here.
        place: names a training pair in messages.
    """

    def loss(model: nn.Module, rows: np.ndarray) -> Tensor:
        return model(*train.batch(rows).to(network.b.device), training.label_smoothing)

    def batches(epoch: int) -> list[np.ndarray]:
        return token_batches(train.sizes, training.batch_tokens, training.batch_size, training.seed, epoch)

    return Problem(
        model=network,
        batches=batches,
        loss=loss,
        validate=lambda: measured(network, validation),
        place=place,
        unit="tokens",
        size=train.tokens,
    )


def measured(network: Writer, pairs: EncodedPairs) -> dict[str, float]:
    """Mean negative log-probability of the targets' symbols, the ends among them, and its exponential.

    Returns:
        "loss" in nats, and "perplexity".
    """
    total = sum(float(log_p.double().sum()) for _, log_p in _measured(network, pairs))
    loss = -total / max(1, pairs.tokens(np.arange(len(pairs))))
    return {"loss": loss, "perplexity": float(np.exp(min(loss, 700.0)))}


def scores(network: Writer, pairs: EncodedPairs) -> np.ndarray:
    """log p of each target given its source, its end included (n)."""
    found = np.zeros(len(pairs))
    for rows, log_p in _measured(network, pairs):
        lengths = (pairs.targets.lengths[rows] + 1).tolist()
        found[rows] = [float(part.double().sum()) for part in log_p.split(lengths)]
    return found


def write(
    network: Writer,
    sources: Ragged,
    search: Callable[[DecoderState, Tensor, Tensor], Sequence[Sequence[Hypothesis]]],
) -> list[list[Hypothesis]]:
    """What a search writes for each source, like lengths together, in the given order.

    Args:
        network: in any mode; left in it.
        sources: ids of n sources.
        search: the state before the first symbol, what begins each row (m), and the lengths of the sources (m) → the
            hypotheses of each row.
    """
    found: list[list[Hypothesis]] = [[] for _ in range(len(sources))]
    device, training = network.b.device, network.training
    network.eval()
    with torch.no_grad():
        for rows in _groups(sources.lengths):
            ids, lengths = sources.batch(rows)
            first = torch.full((len(rows),), BEGIN, device=device)
            for row, own in zip(rows, search(network.start(ids.to(device), lengths), first, lengths), strict=True):
                found[row] = list(own)
    network.train(training)
    return found


def translations(
    network: Writer,
    sources: Ragged,
    *,
    beam: int = 5,
    best: int = 1,
    length_penalty: float = 1.0,
    longest: float = 3.0,
) -> list[list[Hypothesis]]:
    """The best hypotheses of a beam search for each source.

    Args:
        network: trained.
        sources: ids.
        beam, best, length_penalty: as for `elman.learn.beam.beam_search`.
        longest: symbols written at most for each one read; 20 more are always allowed.
    """

    def search(state: DecoderState, first: Tensor, lengths: Tensor) -> list[list[Hypothesis]]:
        return beam_search(
            network.step,
            state,
            first,
            end=END,
            most=((longest * lengths).long() + 20).to(first.device),
            width=beam,
            best=best,
            length_penalty=length_penalty,
            forbidden=NEVER_WRITTEN,
        )

    return write(network, sources, search)


def _measured(network: Writer, pairs: EncodedPairs) -> list[tuple[np.ndarray, Tensor]]:
    """Rows, and log p of each of their targets' symbols (N)."""
    training = network.training
    network.eval()
    groups = _groups(pairs.sizes.max(axis=1, initial=0))
    found = [(rows, network.log_probabilities(*pairs.batch(rows).to(network.b.device)).cpu()) for rows in groups]
    network.train(training)
    return found


def _groups(lengths: np.ndarray) -> list[np.ndarray]:
    """Rows from long to short in groups of a bounded padded size."""
    order = np.argsort(-lengths, kind="stable")
    groups: list[np.ndarray] = []
    while len(order):
        rows = max(1, min(_ROWS, _TOKENS // max(1, int(lengths[order[0]]))))
        groups.append(order[:rows])
        order = order[rows:]
    return groups
