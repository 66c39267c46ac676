"""The cells of a layer: how many, how wide, in which directions, and what each of them reads."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from elman.arguments import one_of, size
from elman.cells.cell import Cell
from elman.errors import ArgumentError, ArgumentTypeError

MERGES = ("concat", "sum", "average", "product")
CONNECTIONS = ("plain", "residual", "dense")


@dataclass(frozen=True)
class Wiring:
    """What goes where in a stack.

    Args:
        bidirectional: whether each layer has a second cell that runs from the end.
        merge: how the outputs of both directions become one, of `MERGES`.
        connections: what a layer reads beside the one below it, of `CONNECTIONS`.
    """

    bidirectional: bool
    merge: str
    connections: str

    def __post_init__(self) -> None:
        for name, value, known in (("merge", self.merge, MERGES), ("connections", self.connections, CONNECTIONS)):
            one_of(name, value, known)
        if self.merge != "concat" and not self.bidirectional:
            raise ArgumentError(
                f"merge is {self.merge!r}, and the layer runs in one direction", expected="bidirectional = True"
            )

    def width(self, cell: Cell) -> int:
        """Width of a layer's output, both directions merged."""
        return cell.output_size * (2 if self.bidirectional and self.merge == "concat" else 1)

    def merged(self, outputs: Sequence[Tensor]) -> Tensor:
        """One output (n, T, width) of those of a layer's directions."""
        if self.merge == "concat" or len(outputs) == 1:
            return outputs[0] if len(outputs) == 1 else torch.cat(list(outputs), dim=-1)
        forward, backward = outputs
        if self.merge == "product":
            return forward * backward
        return forward + backward if self.merge == "sum" else (forward + backward) / 2

    def reads(self, x: int, outputs: Sequence[int]) -> int:
        """Width of what the next layer reads: x, and the outputs of the layers below."""
        return x + sum(outputs) if self.connections == "dense" else outputs[-1] if outputs else x


def prefix(layer: int, backward: bool, layers: int) -> str:
    """What the names of a cell's states begin with: l0.backward. …; nothing where there is one layer."""
    return (f"l{layer}." if layers > 1 else "") + ("backward." if backward else "")


def stacked(cell: Cell | Sequence[Cell], layers: int | Sequence[int], wiring: Wiring) -> nn.ModuleDict:
    """l0, l0_backward, l1, l1_backward, …: the given cells, and siblings of them that fit the layers below.

    Args:
        cell: the first layer's cell, or one for each layer.
        layers: how many layers, or the hidden size of each.
        wiring: of the stack.

    Raises:
        ArgumentError, ArgumentTypeError: cells that do not fit upon another.
    """
    first = [cell] if isinstance(cell, Cell) else list(cell) if isinstance(cell, Sequence) else []
    if not first or not all(isinstance(one, Cell) for one in first):
        raise ArgumentTypeError(
            f"cell is {cell!r} ({type(cell).__name__})",
            expected="an instance of elman.Cell, such as elman.cells.Elman(input_size, hidden_size), or a list of them",
        )
    many = len(first) > 1
    if many and layers not in (1, len(first)):
        raise ArgumentError(f"layers is {layers}, and there are {len(first)} cells", expected="one cell for each layer")
    own = len({id(module) for one in first for module in one.modules()})
    if many and own < sum(1 for one in first for _ in one.modules()):
        raise ArgumentError("the same cell stands twice in the list", expected="a cell of its own for each layer")
    hidden = None if isinstance(layers, int) or not isinstance(layers, Sequence) else list(layers)
    if hidden is not None and not hidden:
        raise ArgumentError("layers is an empty list", expected="the hidden size of each layer")
    count = len(first) if many else len(hidden) if hidden else size("layers", layers)  # pyright: ignore[reportArgumentType]
    cells: dict[str, nn.Module] = {}
    widths: list[int] = []
    for layer in range(count):
        width = wiring.reads(first[0].input_size, widths)
        one = _cell(first, layer, width, hidden)
        _fits(one, layer, width, widths, wiring, last=layer == count - 1)
        cells[f"l{layer}"] = one
        if wiring.bidirectional:
            cells[f"l{layer}_backward"] = one.like()
        widths.append(wiring.width(one))
    return nn.ModuleDict(cells)


def _cell(given: Sequence[Cell], layer: int, width: int, hidden: Sequence[int] | None) -> Cell:
    """The cell of a layer: the given one, or a sibling of the first."""
    changes = {} if hidden is None else {"hidden_size": size(f"layers[{layer}]", hidden[layer])}
    if layer < len(given):
        made = given[layer]
        return made.like(**changes) if changes and made.states != made.like(**changes).states else made
    return given[0].like(input_size=width, **changes)


def _fits(cell: Cell, layer: int, width: int, widths: Sequence[int], wiring: Wiring, last: bool) -> None:
    """Refuse what would fail at the first batch, or learn nothing."""
    if cell.input_size != width:
        raise ArgumentError(
            f"cell {layer} reads {cell.input_size} features, and the layers below give {width}",
            expected=f"a cell of input_size={width}",
        )
    own = wiring.width(cell)
    if wiring.connections == "residual" and layer and own != widths[-1]:
        raise ArgumentError(
            f"layer {layer} gives {own} features, and reads {widths[-1]}: a residual connection adds them",
            expected="layers of one width",
        )
    if cell.feedback and wiring.bidirectional:
        raise ArgumentError(
            f"{type(cell).__name__} feeds its output back, which cannot be known from the end of a sequence",
            expected="bidirectional = False",
        )
    if cell.feedback and not last:
        raise ArgumentError(
            f"{type(cell).__name__} feeds its output back, which is what is to be learned: it has no layer above",
            expected="such a cell as the last layer",
            fix="Write Recurrent([elman.cells.Elman(d, h), elman.cells.Jordan(h, h, o)])",
        )
