"""The network of a language model: vectors of symbols → recurrent layers → softmax."""

import warnings
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout, embedding

from elman.cells.by_name import make_cell
from elman.cells.cell import Cell
from elman.cells.weight_drop import WeightDrop
from elman.errors import ConfigError
from elman.layers import Recurrent
from elman.layers.softmax import AdaptiveSoftmax, SampledSoftmax, Softmax
from elman.step.reference import State
from elman.tasks.generate.options import LanguageModelOptions

RECURRENT = ("W", "R")  # what cells call their weights from state to state


class Network(nn.Module):
    """Reads symbols, and says after each how probable every symbol is as the next.

        x_t = E[s_t]        h_t = cell(x_t, h_{t-1})        p(s_{t+1} = k) = softmax_k(h_t V + c)

    Tied, V is Eᵀ; where h_t has another width than E, a matrix stands between: h_t P Eᵀ + c.

    Args:
        symbols: size of the vocabulary, K.
        options: widths, depth, softmax and dropouts.
        frequencies: how often each symbol occurs (K), for the sampled softmax; None: all alike.

    Attributes:
        E: vectors of the symbols (K, embedding), None where they are those of the softmax.
        P: output → vectors (o, embedding), or None.

    Raises:
        ConfigError: options that do not go together.

    Example:
        >>> network = Network(50, LanguageModelOptions(embedding=4, hidden=6, tied=True))
        >>> ids = torch.randint(50, (2, 8))
        >>> loss, state = network(ids[:, :-1], ids[:, 1:])
        >>> loss.shape, {name: tuple(value.shape) for name, value in state.items()}
        (torch.Size([]), {'h': (2, 6), 'c': (2, 6)})

    Source: O. Press and L. Wolf, "Using the output embedding to improve language models", EACL 2017, for tied vectors
    and P; Y. Gal and Z. Ghahramani, NeurIPS 2016, and S. Merity, N. Shirish Keskar and R. Socher, ICLR 2018, for the
    dropouts.
    """

    def __init__(self, symbols: int, options: LanguageModelOptions, frequencies: Tensor | None = None) -> None:
        super().__init__()
        self.options = o = options
        with warnings.catch_warnings():  # of dropout between layers where there is one
            warnings.simplefilter("ignore", UserWarning)
            self.recurrent = Recurrent(_cell(o), o.layers, dropout=o.layer_dropout, variational=o.variational)
        shown = self.recurrent.output_size
        between = o.tied and shown != o.embedding
        self.P = nn.Parameter(nn.init.xavier_uniform_(torch.empty(shown, o.embedding))) if between else None
        self.softmax = _softmax(o.embedding if o.tied else shown, symbols, o, frequencies)
        # As small as in the language models of Zaremba et al. (2014) and their successors.
        self.E = None if o.tied else nn.Parameter(torch.empty(symbols, o.embedding).uniform_(-0.1, 0.1))
        if o.tied:
            nn.init.uniform_(self.vectors, -0.1, 0.1)

    @property
    def vectors(self) -> Tensor:
        """The vectors that symbols are read with (K, embedding)."""
        if self.E is not None:
            return self.E
        assert isinstance(self.softmax, Softmax)
        return self.softmax.E

    def forward(
        self,
        ids: Tensor,
        targets: Tensor,
        state: Mapping[str, Tensor] | None = None,
        penalties: tuple[float, float] = (0.0, 0.0),
    ) -> tuple[Tensor, State]:
        """The mean of -log p(target) over a chunk, and the state after it.

        Args:
            ids: what is read (n, T), int64.
            targets: what follows each (n, T).
            state: after the chunk before; None at the beginning of a text.
            penalties: α and β: loss + α mean(m h)² + β mean(h_t - h_{t-1})², m the dropout's mask.
        """
        y, after = self.recurrent(self.read(ids), state=state)
        kept = self._dropped(y, self.options.dropout)
        loss = self.softmax(self.shown(kept), targets)
        if penalties[0]:
            loss = loss + penalties[0] * kept.square().mean()
        if penalties[1] and y.shape[1] > 1:
            loss = loss + penalties[1] * (y[:, 1:] - y[:, :-1]).square().mean()
        return loss, after

    def read(self, ids: Tensor) -> Tensor:
        """x (n, T, embedding): the vectors of symbols, with both dropouts of the input in training."""
        x, p = embedding(ids, self.vectors), self.options.embedding_dropout
        if self.training and p:
            kept = dropout(torch.ones(len(self.vectors), dtype=x.dtype, device=x.device), p)
            x = x * kept[ids].unsqueeze(-1)
        return self._dropped(x, self.options.input_dropout)

    def shown(self, y: Tensor) -> Tensor:
        """What the softmax is given, from the output of the layers (…, o)."""
        return y if self.P is None else y @ self.P

    def _dropped(self, x: Tensor, p: float) -> Tensor:
        """Dropout of x (n, T, d): the same values at all steps, or each for itself."""
        if not self.training or not p:
            return x
        if not self.options.variational:
            return dropout(x, p)
        return x * dropout(x.new_ones(x.shape[0], 1, x.shape[2]), p)


def _cell(o: LanguageModelOptions) -> Cell:
    more = {"context": o.context} if o.cell == "scrn" else {}
    cell = make_cell(o.cell, o.embedding, o.hidden, o.activation, **more)
    if not o.weight_drop:
        return cell
    names = [name for name in RECURRENT if name in dict(cell.named_parameters())]
    if not names:
        raise ConfigError(f"weight_drop is {o.weight_drop}, and the cell {o.cell} has no matrix from state to state")
    return WeightDrop(cell, o.weight_drop, names)


def _softmax(
    width: int, symbols: int, o: LanguageModelOptions, frequencies: Tensor | None
) -> Softmax | AdaptiveSoftmax:
    if o.softmax == "sampled":
        return SampledSoftmax(width, symbols, o.samples, frequencies)
    if o.softmax == "full":
        return Softmax(width, symbols)
    if o.tied:
        raise ConfigError(
            "tied vectors with the adaptive softmax, which has vectors of several widths",
            fix="Write tied: false, or softmax: full.",
        )
    return AdaptiveSoftmax(width, symbols)
