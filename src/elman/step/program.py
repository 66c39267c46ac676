"""The equation as data: a step is a list of named nodes over inputs of five kinds."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

Kind = Literal["weight", "step", "previous", "row", "state"]
Argument = str | float  # the name of a value, or a number


@dataclass(frozen=True, slots=True)
class Input:
    """Something a step is given.

    Args:
        name: its name in the program.
        kind: "weight" the same for all rows and steps; "step" one value per row and time step (x_t, a mask);
            "previous" the value a forward state had before this step (only in the adjoint of a step); "row" one value
            per row (a context); "state" what the step before left behind.
        shape: of a weight: (), (width,) or (rows, columns); of everything else (width,).
    """

    name: str
    kind: Kind
    shape: tuple[int, ...]

    @property
    def width(self) -> int:
        """Features of one row."""
        return self.shape[-1] if self.shape else 1


@dataclass(frozen=True, slots=True)
class Node:
    """One operation, on whole rows.

    Args:
        name: the name of its result.
        op: a name in `elman.step.operations.OPERATIONS`.
        args: names of values, or numbers.
        width: features of its result; 1 and a vector's width broadcast against any width.
        attributes: of "matmul" (transposed, r0, r1, c0, c1): args[0] @ args[1][r0:r1, c0:c1], that block transposed
            where transposed is 1; of "slice" (start, stop); of "full" (value,).
    """

    name: str
    op: str
    args: tuple[Argument, ...]
    width: int
    attributes: tuple[int | float, ...] = ()


@dataclass(frozen=True, slots=True)
class Gradient:
    """One contribution to a weight's gradient, summed over all rows and steps.

    matrix:            ∂weight[rows, columns] += Σ leftᵀ right
    vector or scalar:  ∂weight[columns] += Σ right        (left is None, rows (0, 1))
    """

    weight: str
    rows: tuple[int, int]
    columns: tuple[int, int]
    left: str | None
    right: str


@dataclass(frozen=True)
class Program:
    """One step, or its adjoint: inputs, nodes in an order in which they can be computed, and results.

    Args:
        inputs: everything it is given.
        nodes: the operations; a node uses inputs and nodes before it.
        outputs: name of an output → the value it takes ("y" for a step; "d.x" for its adjoint).
        states: name of a state → the value it has after this step.
        gradients: contributions to the gradients of weights (of an adjoint only).
    """

    inputs: tuple[Input, ...]
    nodes: tuple[Node, ...]
    outputs: tuple[tuple[str, str], ...]
    states: tuple[tuple[str, str], ...]
    gradients: tuple[Gradient, ...] = ()

    def __str__(self) -> str:
        """The equations, under the blocks of every recurrent network."""
        from elman.step.describe import describe  # which needs this file

        return describe(self)

    @cached_property
    def values(self) -> Mapping[str, Input | Node]:
        """Every value by its name."""
        return {value.name: value for value in (*self.inputs, *self.nodes)}

    @cached_property
    def vectors(self) -> frozenset[str]:
        """Values that are the same for all rows: weights, and slices of them."""
        found = {value.name for value in self.inputs if value.kind == "weight"}
        for node in self.nodes:
            if node.op == "slice" and node.args[0] in found:
                found.add(node.name)
        return frozenset(found)

    def of_kind(self, kind: Kind) -> tuple[Input, ...]:
        """The inputs of one kind, in order."""
        return self._kinds.get(kind, ())

    @cached_property
    def _kinds(self) -> Mapping[str, tuple[Input, ...]]:
        kinds = {value.kind for value in self.inputs}
        return {kind: tuple(value for value in self.inputs if value.kind == kind) for kind in kinds}

    def results(self) -> Iterator[str]:
        """The names of all values that leave the program."""
        for _, value in (*self.outputs, *self.states):
            yield value
        for gradient in self.gradients:
            if gradient.left is not None:
                yield gradient.left
            yield gradient.right


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of a program that runs at once.

    Args:
        states: the states of a loop over time, each needing the others; empty: all rows and steps at once.
        nodes: its operations, in order.
        linear: whether the new states are linear in the old ones, feature by feature: such a loop may run in parallel.
    """

    states: tuple[str, ...]
    nodes: tuple[Node, ...]
    linear: bool = False


@dataclass(frozen=True, slots=True)
class Derivative:
    """The adjoint of a step, and what the forward run has to remember for it.

    Args:
        kept: values of the forward program to be stored at every step, in this order (neither x nor y is among them:
            those are there anyway).
        program: the adjoint step, which runs from the last step to the first. Its inputs: the weights by name; "step"
            inputs by their forward name, kept values by theirs, "y" where it needs the output, "d.y" the gradient of
            the output; "previous" by the state's name; states "d.<state>": the gradient of that state, and "d.<row>":
            the gradient of a row input, summed over the steps so far. Outputs "d.<step input>".
    """

    kept: tuple[str, ...]
    program: Program
