"""RNN, LSTM and GRU that are torch's in all they show, and are computed by elman's machines on a CPU."""

import sys
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import forward_ad
from torch.nn.utils.rnn import PackedSequence

from elman import cells, native
from elman.cells.cell import Cell
from elman.run.over_time import over_time
from elman.run.torch_weights import to_cell
from elman.step.aside import aside
from elman.step.trace import captured

_PLAIN = (Tensor, nn.Parameter, nn.Buffer)
_DTYPES = (torch.float32, torch.float64)
_FEWEST = 4  # steps; a call costs elman some 45 µs more, which fewer steps do not bring in
Leave = Callable[[Tensor], Tensor]


class _OnElman(nn.RNNBase):
    """`forward` by elman's machines; what they do not run, and what is an error, is left to torch's own."""

    def forward(self, input: Any, hx: Any = None) -> Any:
        """Arguments and results are those of torch's class."""
        found = None if torch.compiler.is_compiling() else _uncompiled(_OnElman._by_elman)(self, input, hx)
        return super().forward(input, hx) if found is None else found

    def _by_elman(self, input: Any, hx: Any) -> tuple[Any, Any] | None:
        """The results, or None where torch's own forward is to give them, or to say what is wrong."""
        packed = input if isinstance(input, PackedSequence) else None
        data: Any = input if packed is None else packed.data
        states = () if hx is None else tuple(hx) if self.mode == "LSTM" and isinstance(hx, tuple | list) else (hx,)
        weights = [self._weights(names) for names in self._all_weights]
        if not _runs_here((data, *states, *(w for one in weights for w in one.values()))):
            return None
        if not self._fits(data, states, None if packed is None else packed.batch_sizes):
            return None
        one_row = packed is None and data.dim() == 2
        if packed is not None:
            x, lengths, leave = _from_packed(packed)
            states = tuple(_rows(state, packed.sorted_indices) for state in states)
        else:
            x, leave = _from_padded(data, self.batch_first)
            lengths = torch.full(x.shape[:1], x.shape[1])
            states = tuple(state.unsqueeze(1) for state in states) if one_row else states
        outputs, finals = self._run(weights, x, lengths, states)
        y = _side_by_side([leave(output) for output in outputs]).contiguous()
        if packed is not None:
            y = PackedSequence(y, *packed[1:])
            finals = [_rows(final, packed.unsorted_indices) for final in finals]
        elif one_row:
            finals = [final.squeeze(1) for final in finals]
        return y, tuple(finals) if self.mode == "LSTM" else finals[0]

    def _weights(self, names: Sequence[str]) -> dict[str, Tensor]:
        """The weights of one layer and direction as they are now, their names without its suffix."""
        return {name[: name.index("_l")]: getattr(self, name) for name in names}

    def _fits(self, data: Tensor, states: tuple[Tensor, ...], batch_sizes: Tensor | None) -> bool:
        """Whether all shapes are right, and there are steps enough."""
        if data.dim() not in (2, 3) or (batch_sizes is not None and data.dim() == 3):
            return False
        if batch_sizes is not None:
            time, rows = len(batch_sizes), [int(batch_sizes[0])]
        elif data.dim() == 2:
            time, rows = len(data), []
        else:
            time, rows = data.shape[self.batch_first], [data.shape[not self.batch_first]]
        expected = [[len(self._all_weights), *rows, width] for width in self._widths()]
        given = [list(state.shape) for state in states]
        return time >= _FEWEST and data.shape[-1] == self.input_size and given in ([], expected)

    def _widths(self) -> list[int]:
        """Of h, and of c."""
        return [self.proj_size or self.hidden_size, *([self.hidden_size] if self.mode == "LSTM" else [])]

    def _run(
        self, weights: Sequence[dict[str, Tensor]], x: Tensor, lengths: Tensor, states: tuple[Tensor, ...]
    ) -> tuple[list[Tensor], list[Tensor]]:
        """The last layer's outputs (n, T, width) of each direction, and the final states (passes, n, width)."""
        names = ("h", "c")[: len(self._widths())]
        if not states:
            states = tuple(x.new_zeros(len(weights), x.shape[0], width) for width in self._widths())
        starts = zip(*(state.unbind(0) for state in states), strict=True)
        directions = 2 if self.bidirectional else 1
        outputs: list[Tensor] = []
        finals: list[dict[str, Tensor]] = []
        for i, (one, start) in enumerate(zip(weights, starts, strict=True)):
            layer, backward = divmod(i, directions)
            if layer and not backward:
                x = nn.functional.dropout(_side_by_side(outputs), self.dropout, self.training)
                outputs = []
            template = _template(self.mode, x.shape[2], self.hidden_size, self.proj_size, "bias_ih" in one, x.dtype)
            cell = _lent(template, to_cell(one, gru=self.mode == "GRU"))
            y, final = over_time(cell, x, lengths, dict(zip(names, start, strict=True)), reverse=backward == 1)
            outputs.append(y)
            finals.append(final)
        return outputs, [torch.stack([final[name] for final in finals]) for name in names]


class RNN(_OnElman, nn.RNN):
    """`torch.nn.RNN`, faster on a CPU.

        h_t = φ(x_t W_ihᵀ + b_ih + h_{t-1} W_hhᵀ + b_hh)        φ = tanh or relu; output y_t = h_t

    Constructor, call, `state_dict` and errors are those of `torch.nn.RNN`: see its documentation for the arguments, and
    `elman.nn` for what runs where.

    Example:
        >>> rnn = RNN(3, 5, nonlinearity="relu", batch_first=True)
        >>> y, h = rnn(torch.randn(4, 7, 3))
        >>> y.shape, h.shape, isinstance(rnn, torch.nn.RNN)
        (torch.Size([4, 7, 5]), torch.Size([1, 4, 5]), True)
    """


class LSTM(_OnElman, nn.LSTM):
    """`torch.nn.LSTM`, faster on a CPU, with `proj_size` too.

        i, f, g, o = σ, σ, tanh, σ of the four blocks of x_t W_ihᵀ + b_ih + h_{t-1} W_hhᵀ + b_hh
        c_t = f_t c_{t-1} + i_t g_t
        h_t = o_t tanh(c_t)        with proj_size: h_t = (o_t tanh(c_t)) W_hrᵀ; output y_t = h_t

    Constructor, call, `state_dict` and errors are those of `torch.nn.LSTM`: see its documentation for the arguments,
    and `elman.nn` for what runs where.

    Example:
        >>> theirs, ours = torch.nn.LSTM(3, 5, bidirectional=True), LSTM(3, 5, bidirectional=True)
        >>> ours.load_state_dict(theirs.state_dict())
        <All keys matched successfully>
        >>> x = torch.randn(7, 4, 3)
        >>> torch.allclose(ours(x)[0], theirs(x)[0], atol=1e-6)
        True
    """


class GRU(_OnElman, nn.GRU):
    """`torch.nn.GRU`, faster on a CPU.

        r, z = σ of the first two blocks of x_t W_ihᵀ + b_ih + h_{t-1} W_hhᵀ + b_hh
        n_t = tanh(x_t W_inᵀ + b_in + r_t (h_{t-1} W_hnᵀ + b_hn))
        h_t = (1 - z_t) n_t + z_t h_{t-1}        output y_t = h_t

    Constructor, call, `state_dict` and errors are those of `torch.nn.GRU`: see its documentation for the arguments, and
    `elman.nn` for what runs where.

    Example:
        >>> packed = torch.nn.utils.rnn.pack_sequence([torch.randn(7, 3), torch.randn(4, 3)])
        >>> y, h = GRU(3, 5)(packed)
        >>> y.batch_sizes.tolist(), h.shape
        ([2, 2, 2, 2, 1, 1, 1], torch.Size([1, 2, 5]))
    """


@lru_cache(maxsize=256)
def _template(mode: str, input_size: int, hidden_size: int, proj_size: int, bias: bool, dtype: torch.dtype) -> Cell:
    """An elman cell of these sizes without numbers in its weights, its step captured: for all that are lent weights."""

    def made() -> Cell:
        with torch.device("meta"):  # no memory, and no random numbers drawn
            if mode == "LSTM":
                cell = cells.LSTM(input_size, hidden_size, bias, projection=proj_size or None)
            elif mode == "GRU":
                cell = cells.GRU(input_size, hidden_size, bias)
            else:
                cell = cells.Elman(input_size, hidden_size, "relu" if mode == "RNN_RELU" else "tanh", bias)
        captured(cell.to(dtype), dtype)
        return cell

    return aside(made)  # the caller may be inside of torch.func.vmap or grad


def _lent(template: Cell, weights: dict[str, Tensor]) -> Cell:
    """The cell with these tensors as its weights, for one call: torch's module keeps its own, and nobody else's."""
    cell = object.__new__(type(template))
    cell.__dict__.update(template.__dict__)
    cell.__dict__["_parameters"] = weights
    return cell


def _uncompiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, out of sight of torch.compile, which takes up every function that is called after a graph break."""
    return _disabled(function) if "torch._dynamo" in sys.modules else function


@lru_cache
def _disabled(function: Callable[..., Any]) -> Callable[..., Any]:
    return torch.compiler.disable(function)


def _runs_here(tensors: Sequence[Any]) -> bool:
    """Whether elman's machines are there for such tensors, and nobody asks for torch's own operators."""
    first = tensors[0]
    return (
        native.available()
        and not torch.is_autocast_enabled("cpu")
        and not torch.jit.is_tracing()  # pyright: ignore[reportPrivateImportUsage]
        and forward_ad._current_level < 0
        and all(type(t) in _PLAIN and t.device.type == "cpu" and t.dtype is first.dtype for t in tensors)
        and first.dtype in _DTYPES
    )


def _from_packed(packed: PackedSequence) -> tuple[Tensor, Tensor, Leave]:
    """x (n, T, d) in the order of the packed rows, their lengths (n), and how y (n, T, o) is packed again.

    One copy there and one back, each with one index: torch's own pad and pack take a turn for each time step, and
    sixty times as long for the gradients.
    """
    sizes = packed.batch_sizes
    n, time = int(sizes[0]), len(sizes)
    mask = torch.arange(n) < sizes.unsqueeze(1)  # (T, n)
    t, row = mask.nonzero(as_tuple=True)  # in the order in which they are packed
    places = row * time + t
    x = packed.data.new_empty(n * time, packed.data.shape[1])  # what stands in the padding is never read
    x = x.index_copy_(0, places, packed.data)
    return x.reshape(n, time, -1), mask.sum(0), lambda y: y.reshape(n * time, -1).index_select(0, places)


def _from_padded(x: Tensor, batch_first: bool) -> tuple[Tensor, Leave]:
    """x as (n, T, d), a view, and the way back for y."""
    if x.dim() == 2:
        return x.unsqueeze(0), lambda y: y.squeeze(0)
    return (x, lambda y: y) if batch_first else (x.transpose(0, 1), lambda y: y.transpose(0, 1))


def _rows(state: Tensor, order: Tensor | None) -> Tensor:
    """(passes, n, width) in another order of rows."""
    return state if order is None else state.index_select(1, order)


def _side_by_side(outputs: Sequence[Tensor]) -> Tensor:
    return outputs[0] if len(outputs) == 1 else torch.cat(list(outputs), dim=-1)
