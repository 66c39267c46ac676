"""What Keras writes of a recurrent layer, and elman's cells: settings and weights, each in terms of the other.

Keras                               elman
kernel            (d, gates · h)    U, the blocks of a GRU in another order: z, r, h → r, z, n
recurrent kernel  (h, gates · h)    W, likewise
bias              (gates · h)       b, likewise; an LSTM's blocks are i, f, c, o = i, f, g, o in both
bias of a GRU     (2, 3 h)          b = both for r and z, the first for n; c = the second of n, inside the reset
"""

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from elman.cells import GRU, LSTM, Elman
from elman.cells.cell import Cell
from elman.cells.elman import activation_named
from elman.errors import ArgumentError
from elman.layers.keras_file import GATES, KerasLayer, class_of

# Keras' name of φ → elman's name, or a function. Not hard_sigmoid: Keras 2 and Keras 3 mean two functions by it.
PHI: dict[str, str | Callable[[Tensor], Tensor]] = {
    **{name: name for name in ("tanh", "relu", "sigmoid")},
    "linear": "identity",
    "elu": functional.elu,
    "gelu": functional.gelu,
    "selu": functional.selu,
    "silu": functional.silu,
    "softsign": functional.softsign,
}
# What changes no number that a trained layer computes, only how it learns, or how Keras runs it.
IN_TRAINING = ("dropout", "recurrent_dropout", "unroll", "stateful")
# Arguments of elman's cells that Keras has too, or that only say how the weights begin.
_SHARED = ("input_size", "hidden_size", "bias", "activation", "reset_after", "forget_bias", "start", "scale")
_MERGES = {"concat": "concat", "sum": "sum", "ave": "average", "mul": "product"}


@dataclass(frozen=True)
class Settings:
    """What makes two cells of the same kind, but for the width of their inputs.

    Attributes:
        kind: "SimpleRNN", "GRU" or "LSTM".
        units: h.
        use_bias: whether there is a bias.
        activation: Keras' name of φ; a SimpleRNN's, the others have tanh.
        reset_after: a GRU's form.
    """

    kind: str
    units: int
    use_bias: bool
    activation: str = "tanh"
    reset_after: bool = False

    def cell(self, input_size: int) -> Cell:
        """The cell of elman, as it begins."""
        if self.kind == "SimpleRNN":
            return Elman(input_size, self.units, PHI[self.activation], self.use_bias)
        if self.kind == "GRU":
            return GRU(input_size, self.units, self.use_bias, self.reset_after)
        return LSTM(input_size, self.units, self.use_bias)

    def shapes(self, input_size: int) -> list[tuple[int, ...]]:
        """Of kernel, recurrent kernel and bias."""
        columns = GATES[self.kind] * self.units
        bias = (2, columns) if self.reset_after else (columns,)
        return [(input_size, columns), (self.units, columns), *([bias] if self.use_bias else [])]


@dataclass(frozen=True)
class Converted:
    """One layer of Keras, ready to become one of elman.

    Attributes:
        settings: of its cell.
        merge: how elman joins two directions; None for one.
        weights: of each direction, the names of the cell's parameters → tensors.
        sequences: whether Keras hands on all steps.
    """

    settings: Settings
    merge: str | None
    weights: list[dict[str, Tensor]]
    sequences: bool

    @property
    def input_size(self) -> int:
        """d, the width of x_t."""
        return self.weights[0]["U"].shape[0]

    @property
    def output_size(self) -> int:
        """Width of y_t, both directions merged."""
        return self.settings.units * (2 if self.merge == "concat" else 1)


def converted(layer: KerasLayer, ignore: Collection[str]) -> Converted:
    """A recurrent layer of Keras in elman's terms.

    Raises:
        ArgumentError, DataError: a setting that elman has not, or weights of other shapes than the settings say.
    """
    outer = layer.config
    directions = [(layer.kind, outer)]
    merge = None
    if layer.kind == "Bidirectional":
        merge = _merge(layer)
        inner = [outer["layer"], outer.get("backward_layer") or outer["layer"]]
        directions = [(class_of(one), one["config"]) for one in inner]
    settings = [_settings(layer, kind, config, ignore, backward=i == 1) for i, (kind, config) in enumerate(directions)]
    if settings[0] != settings[-1]:
        raise layer.error(f"the two directions differ: {settings[0]} and {settings[1]}", "two cells of the same kind")
    arrays = layer.weights()
    each = len(settings[0].shapes(1))
    if len(arrays) != each * len(directions):
        shapes = ", ".join(str(array.shape) for array in arrays) or "none"
        raise layer.error(
            f"it has {len(arrays)} arrays of weights: {shapes}",
            f"{each * len(directions)}: kernel, recurrent kernel{' and bias' * settings[0].use_bias} of each direction",
            "" if arrays or layer.path else "Build the layer first: layer.build((None, None, d)).",
        )
    weights = [_parameters(layer, settings[0], arrays[i : i + each]) for i in range(0, len(arrays), each)]
    if weights[0]["U"].shape != weights[-1]["U"].shape:
        raise layer.error("the two directions read inputs of two widths", "one width")
    return Converted(settings[0], merge, weights, bool(directions[0][1].get("return_sequences", True)))


def _merge(layer: KerasLayer) -> str:
    mode = layer.config.get("merge_mode", "concat")
    if mode not in _MERGES:
        raise layer.error(f"merge_mode is {mode!r}", f"one of {', '.join(_MERGES)}")
    return _MERGES[mode]


def _settings(
    layer: KerasLayer, kind: str, config: Mapping[str, Any], ignore: Collection[str], backward: bool
) -> Settings:
    """Settings of one direction, after all that elman cannot do was refused."""
    cell = config
    if kind == "RNN":
        kind, cell = class_of(config["cell"]).removesuffix("Cell"), config["cell"]["config"]
    if kind not in GATES:
        raise layer.error(f"it is a {kind} (or wraps one)", f"one of {', '.join(GATES)}")
    if bool(config.get("go_backwards", backward)) != backward:
        raise layer.error(
            f"go_backwards is {not backward} in its {'backward' if backward else 'forward'} direction",
            "a layer that reads from the first step on, alone or within Bidirectional",
        )
    if config.get("time_major"):
        raise layer.error("time_major is True", "a layer whose inputs are batch first")
    for name in IN_TRAINING:
        value = config.get(name) or cell.get(name)
        if value and name not in ignore:
            raise layer.error(
                f"{name} is {value}, which elman.Recurrent does not have",
                f"a layer without {name}",
                f"It changes no output of a trained layer: write from_keras(..., ignore=[{name!r}]) to leave it out.",
            )
    return Settings(kind, _units(layer, cell), bool(cell.get("use_bias", True)), **_form(layer, kind, cell))


def _units(layer: KerasLayer, cell: Mapping[str, Any]) -> int:
    units = cell.get("units")
    if not isinstance(units, int | np.integer) or isinstance(units, bool) or units < 1:
        raise layer.error(f"units is {units!r}", "a whole number of at least 1")
    return int(units)


def _form(layer: KerasLayer, kind: str, cell: Mapping[str, Any]) -> dict[str, Any]:
    """φ of a SimpleRNN, the form of a GRU; the gated cells have no other functions than tanh and σ."""
    activation = cell.get("activation", "tanh")
    activation = "linear" if activation is None else activation
    expected = tuple(PHI) if kind == "SimpleRNN" else ("tanh",)
    if activation not in expected:
        raise layer.error(f"its activation is {activation!r}", f"for {kind}: {', '.join(expected)}")
    if kind == "SimpleRNN":
        return {"activation": activation}
    gates = cell.get("recurrent_activation", "sigmoid")
    if gates != "sigmoid":
        raise layer.error(f"its recurrent_activation is {gates!r}", "sigmoid, as elman's gates have it")
    if kind == "LSTM":
        return {}
    if "reset_after" not in cell:
        raise layer.error(
            "nothing tells whether the GRU's reset is after the product",
            fix="Write from_keras(..., config={'reset_after': True}), Keras' default, or False.",
        )
    return {"reset_after": bool(cell["reset_after"])}


def _parameters(layer: KerasLayer, settings: Settings, arrays: Sequence[np.ndarray]) -> dict[str, Tensor]:
    """The cell's parameters from Keras' arrays, whose shapes are checked first."""
    kernel = arrays[0]
    expected = settings.shapes(kernel.shape[0] if kernel.ndim == 2 and kernel.shape[0] else 1)
    if [array.shape for array in arrays] != expected:
        raise layer.error(
            f"its weights have the shapes {', '.join(str(array.shape) for array in arrays)}",
            f"{', '.join(map(str, expected))}: a {settings.kind} of {settings.units} units",
        )
    types = {str(array.dtype) for array in arrays}
    if len(types) > 1 or not types <= {"float16", "float32", "float64"}:
        raise layer.error(
            f"its weights are of type {', '.join(sorted(types))}", "float16, float32 or float64, all alike"
        )
    U, W, *bias = (torch.from_numpy(np.array(array, order="C")) for array in arrays)  # copies: nothing is shared
    if settings.kind != "GRU":
        return {"U": U, "W": W, **({"b": bias[0]} if bias else {})}
    found = {"U": _swapped(U), "W": _swapped(W)}
    if bias and settings.reset_after:
        first, second = _swapped(bias[0])
        h = settings.units
        found |= {"b": torch.cat([first[: 2 * h] + second[: 2 * h], first[2 * h :]]), "c": second[2 * h :].clone()}
    elif bias:
        found["b"] = _swapped(bias[0])
    return found


def in_keras(cell: nn.Module) -> tuple[Settings, list[np.ndarray]]:
    """A cell in Keras' terms: settings and arrays.

    Raises:
        ArgumentError: Keras has no such cell.
    """
    kind = {Elman: "SimpleRNN", LSTM: "LSTM", GRU: "GRU"}.get(type(cell), "")
    activation = next(
        (name for name, phi in PHI.items() if activation_named(phi) is getattr(cell, "activation", torch.tanh)), ""
    )
    more = _beyond(cell) if isinstance(cell, Cell) and kind else []
    more += [] if activation else ["that activation"]
    if not kind or more:
        raise ArgumentError(
            f"Keras has no cell like this {type(cell).__name__}" + (f" with {', '.join(more)}" if kind else ""),
            "elman.cells.Elman with an activation that Keras names, elman.cells.LSTM or elman.cells.GRU",
        )
    weights = {name: value.detach().cpu() for name, value in cell.named_parameters()}
    order = _swapped if kind == "GRU" else lambda weight: weight
    arrays = [order(weights["U"]), order(weights["W"])]
    if "c" in weights:
        second = torch.cat([torch.zeros_like(weights["b"])[: -len(weights["c"])], weights["c"]])
        arrays.append(torch.stack([order(weights["b"]), second]))
    elif "b" in weights:
        arrays.append(order(weights["b"]))
    units, reset_after = len(weights["W"]), bool(getattr(cell, "reset_after", False))
    settings = Settings(kind, units, "b" in weights, activation, reset_after)
    return settings, [array.numpy() for array in arrays]


def _beyond(cell: Cell) -> list[str]:
    """Arguments of a cell that Keras' has not, where they are not left as they are by default."""
    args, kwargs = cell._made_with
    bound = inspect.signature(type(cell)).bind(*args, **kwargs)
    default = {name: parameter.default for name, parameter in bound.signature.parameters.items()}
    return [
        f"{name}={value!r}"
        for name, value in bound.arguments.items()
        if name not in _SHARED and (value is not default[name] and value != default[name])
    ]


def _swapped(weight: Tensor) -> Tensor:
    """The first two of three blocks of columns changed about: r, z, n ↔ z, r, h."""
    first, second, third = weight.chunk(3, dim=-1)
    return torch.cat([second, first, third], dim=-1)
