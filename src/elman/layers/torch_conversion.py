"""Recurrent layers and cells of torch.nn as elman's, and back, with the same numbers in them."""

from typing import Any, overload

import torch
from torch import Tensor, nn

from elman import cells
from elman.cells.cell import Cell
from elman.errors import ArgumentError, ArgumentTypeError
from elman.layers.recurrent import Recurrent
from elman.run.torch_weights import NAMES, from_cell, to_cell

_NONLINEARITIES = {torch.tanh: "tanh", torch.relu: "relu"}


@overload
def from_torch(module: nn.RNNBase) -> Recurrent: ...
@overload
def from_torch(module: nn.RNNCellBase) -> Cell: ...
def from_torch(module: nn.Module) -> Recurrent | Cell:
    """A recurrent layer of torch.nn as a layer of elman that computes the same.

    The weights are copies, of the same dtype, on the same device, frozen where torch's are; both biases of torch become
    one where they are only added up. x is batch first, whatever `batch_first` was, and the final states come by name.

    Args:
        module: an `nn.RNN`, `nn.LSTM` or `nn.GRU` (of `elman.nn` too), an `nn.RNNCell`, `nn.LSTMCell` or `nn.GRUCell`.

    Returns:
        a `Recurrent` layer with `elman.cells.Elman`, `LSTM` or `GRU`; of a cell, the cell.

    Raises:
        ArgumentTypeError: another module, or one with a `forward` of its own.
        ArgumentError: its dropout is 1.

    Example:
        >>> theirs = torch.nn.GRU(3, 5, num_layers=2, bidirectional=True, batch_first=True)
        >>> ours = from_torch(theirs)
        >>> x = torch.randn(4, 7, 3)
        >>> torch.allclose(ours(x)[0], theirs(x)[0], atol=1e-6)
        True
    """
    if isinstance(module, nn.RNNCell | nn.LSTMCell | nn.GRUCell):
        _check_forward(module)
        return _filled(_cell(module), module, "").train(module.training)
    if not isinstance(module, nn.RNN | nn.LSTM | nn.GRU):
        raise ArgumentTypeError(
            f"the module is a {type(module).__name__}",
            expected="an nn.RNN, nn.LSTM, nn.GRU, nn.RNNCell, nn.LSTMCell or nn.GRUCell",
            fix="Of a larger model, convert the recurrent layers one by one." if isinstance(module, nn.Module) else "",
        )
    _check_forward(module)
    dropout = module.dropout if module.num_layers > 1 else 0.0
    with torch.device("meta"):
        layer = Recurrent(_cell(module), module.num_layers, module.bidirectional, dropout)
    for name, own in layer.cells.items():
        assert isinstance(own, Cell)
        _filled(own, module, _suffix(name))
    return layer.train(module.training)


@overload
def to_torch(layer: Recurrent) -> nn.RNNBase: ...
@overload
def to_torch(layer: Cell) -> nn.RNNCellBase: ...
def to_torch(layer: Recurrent | Cell) -> nn.RNNBase | nn.RNNCellBase:
    """An elman layer as the layer of torch.nn that computes the same.

    The weights are copies, of the same dtype, on the same device. torch has two biases where elman has one: the second
    is zero. States are torch's: h_n (layers · directions, n, h) in the order in which `layer.states` names them.

    Args:
        layer: a `Recurrent` layer with the cell `Elman` (tanh or relu), `LSTM` or `GRU` (reset after the product), or
            such a cell.

    Returns:
        an `nn.RNN`, `nn.LSTM` or `nn.GRU` with `batch_first=True`; of a cell, an `nn.RNNCell`, `nn.LSTMCell` or
        `nn.GRUCell`.

    Raises:
        ArgumentTypeError: neither a layer nor a cell.
        ArgumentError: torch.nn has no such layer; the message says what it lacks.

    Example:
        >>> layer = elman.Recurrent(cells.LSTM(3, 5), layers=2)
        >>> x = torch.randn(4, 7, 3)
        >>> torch.allclose(to_torch(layer)(x)[0], layer(x)[0], atol=1e-6)
        True
    """
    if isinstance(layer, Cell):
        name, options = _torch_kind(layer)
        if options.pop("proj_size", 0):
            raise _no_such_layer("an nn.LSTMCell has no projection", fix="Convert a Recurrent layer with this cell.")
        module = getattr(nn, f"{name}Cell")(layer.input_size, **options, device="meta")
        _put(module, layer, "")
        return module.train(layer.training)
    if not isinstance(layer, Recurrent):
        raise ArgumentTypeError(f"the layer is a {type(layer).__name__}", expected="an elman.Recurrent or a cell")
    _check_layer(layer)
    own = {name: cell for name, cell in layer.cells.items() if isinstance(cell, Cell)}
    (name, options), *others = [_torch_kind(cell) for cell in own.values()]
    if any(other != (name, options) for other in others):
        raise _no_such_layer("its cells are not all of one kind and width")
    stack = {"num_layers": layer.layers, "bidirectional": layer.bidirectional, "batch_first": True}
    stack["dropout"] = layer.dropout if layer.layers > 1 else 0.0
    module = getattr(nn, name)(layer.input_size, **options, **stack, device="meta")
    for key, cell in own.items():
        _put(module, cell, _suffix(key))
    return module.train(layer.training)


def _cell(module: nn.RNNBase | nn.RNNCellBase) -> Cell:
    """Elman's cell with the options of torch's layer or cell, without its numbers."""
    sizes = module.input_size, module.hidden_size
    with torch.device("meta"):  # no random numbers are drawn for weights that are replaced
        if isinstance(module, nn.RNN | nn.RNNCell):
            return cells.Elman(*sizes, activation=module.nonlinearity, bias=module.bias)
        if isinstance(module, nn.LSTM | nn.LSTMCell):
            return cells.LSTM(*sizes, bias=module.bias, projection=getattr(module, "proj_size", 0) or None)
        return cells.GRU(*sizes, bias=module.bias)


def _suffix(name: str) -> str:
    """What the names of torch's weights end with, by the name of elman's cell: l0_backward → _l0_reverse."""
    return "_" + name.replace("_backward", "_reverse")


def _filled(cell: Cell, module: nn.Module, suffix: str) -> Cell:
    """The cell with the weights of torch's layer that have this suffix."""
    found = {name: getattr(module, name + suffix, None) for name in NAMES}
    given = {name: value for name, value in found.items() if value is not None}
    for name, value in to_cell(given, gru=isinstance(cell, cells.GRU)).items():
        setattr(cell, name, _copy(value))
    return cell


def _put(module: nn.Module, cell: Cell, suffix: str) -> None:
    """Give torch's layer the weights of the cell, under names with this suffix."""
    for name, value in from_cell(dict(cell.named_parameters())).items():
        setattr(module, name + suffix, _copy(value))


def _copy(value: Tensor) -> nn.Parameter:
    """A parameter of its own; frozen if nothing that it was computed from needs a gradient."""
    return nn.Parameter(value.detach().clone(memory_format=torch.contiguous_format), value.requires_grad)


def _torch_kind(cell: Cell) -> tuple[str, dict[str, Any]]:
    """RNN, LSTM or GRU, and the constructor's arguments but for the input's width."""
    if type(cell) not in (cells.Elman, cells.LSTM, cells.GRU):
        raise _no_such_layer(f"its cell is {type(cell).__name__}")
    more = {name for name, _ in cell.named_parameters()} - set("UWbcP")
    if more:
        raise _no_such_layer(f"its cell is {type(cell).__name__} with the weights {', '.join(sorted(more))}")
    options: dict[str, Any] = {"hidden_size": cell.output_size, "bias": cell.b is not None}
    if isinstance(cell, cells.Elman):
        options["nonlinearity"] = _NONLINEARITIES.get(cell.activation)
        if options["nonlinearity"] is None:
            raise _no_such_layer(f"its activation is {getattr(cell.activation, '__name__', cell.activation)}")
        return "RNN", options
    if isinstance(cell, cells.GRU):
        if not cell.reset_after:
            raise _no_such_layer("its reset acts before the product (reset_after=False)")
        return "GRU", options
    if isinstance(cell, cells.LSTM):
        if cell.coupled:
            raise _no_such_layer("its gates are coupled (coupled=True)")
        if cell.P is not None:
            options |= {"hidden_size": cell.states["c"], "proj_size": cell.output_size}
        if cell.output_size == cell.states["c"] and cell.P is not None:
            raise _no_such_layer("its projection is as wide as its memory")
    return "LSTM", options


def _check_forward(module: nn.Module) -> None:
    """Refuse a subclass that computes something else; weights from elsewhere (a parametrization) are fine."""
    own = next((kind for kind in type(module).__mro__ if "forward" in vars(kind)), nn.Module)
    if own.__module__.partition(".")[0] not in ("torch", "elman"):
        raise ArgumentTypeError(
            f"the module is a {type(module).__name__}, whose forward is its own",
            expected="a layer or cell that computes what torch's does",
        )


def _check_layer(layer: Recurrent) -> None:
    """Refuse what a layer of torch cannot do, whatever its cell is."""
    if len(layer.initial):
        raise _no_such_layer(
            "its initial state is learned", fix="Make one with initial='zero', and hand h_0 to torch's."
        )
    if layer.variational:
        raise _no_such_layer("its dropout keeps its mask over time (variational=True)")
    if layer.wiring.merge != "concat":
        raise _no_such_layer(f"its directions are merged by {layer.wiring.merge!r}")
    if layer.wiring.connections != "plain":
        raise _no_such_layer(f"its connections are {layer.wiring.connections!r}")


def _no_such_layer(why: str, fix: str = "") -> ArgumentError:
    return ArgumentError(
        f"torch.nn has no such layer: {why}",
        expected="the cell Elman (tanh or relu), LSTM or GRU (reset after the product) in a plain stack",
        fix=fix,
    )
