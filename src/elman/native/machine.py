"""A program on the native machine: made into code once, then run over batches of sequences or step by step."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from elman.native.library import machine
from elman.native.lowering import Lowering
from elman.step.program import Program, Stage

View = tuple[int, Sequence[int], Sequence[int]]  # address of the first element, shape, strides in elements


class Machine:
    """A program, ready to run natively.

    Args:
        program: a checked step or adjoint.
        stages: its nodes in stages.
        dtype: "float32" or "float64".
        stored: values to be written at every step, side by side, into `store`.
        adjoint: whether it runs from the last step to the first.
        totals: states of an adjoint that are sums over all steps, and so are not cut at a reset.

    Raises:
        ImportError: there is no native machine here.
        ValueError: the program cannot be run by it.
    """

    def __init__(
        self,
        program: Program,
        stages: tuple[Stage, ...],
        *,
        dtype: str,
        stored: tuple[str, ...] = (),
        adjoint: bool = False,
        totals: Collection[str] = (),
    ) -> None:
        lowered = Lowering(program, stages, stored=stored, adjoint=adjoint, totals=totals)
        self.layout, self.code, self.dtype = lowered.layout, lowered.code, dtype
        self._run = {"float32": self.code.run32, "float64": self.code.run64}[dtype]
        self._wanted = lowered.wanted

    def run(
        self,
        *,
        n: int,
        time: int,
        weights: Mapping[str, View],
        steps: Mapping[str, View],
        states: Mapping[str, View],
        finals: Mapping[str, View],
        outputs: Mapping[str, View],
        lengths: View,
        previous: Mapping[str, tuple[View, View]] | None = None,
        rows: Mapping[str, View] | None = None,
        gradients: Mapping[str, View] | None = None,
        store: View | None = None,
        reset: View | None = None,
        reverse: bool = False,
        threads: int = 1,
    ) -> None:
        """Run over a whole batch; results are written into the given memory.

        Args:
            n: rows of the batch.
            time: steps T.
            weights: every weight by name, in its own shape.
            steps: inputs per step by name, (n, T, width).
            states: initial states, (n, width).
            finals: memory for the states after each row's last step, (n, width).
            outputs: memory for the outputs, (n, T, width); the padding is filled with zeros.
            lengths: int64 (n).
            previous: by state, the sequence of its new values (n, T, width) and its initial value (n, width).
            rows: inputs per row, (n, width).
            gradients: memory for the gradients of weights, in the weights' shapes; overwritten.
            store: memory for the stored values, (n, T, sum of widths); the padding is filled with zeros.
            reset: one byte each (n, T): whether the states are set back before that step.
            reverse: whether each row goes from its last real step to its first.
            threads: at most so many; the results do not depend on it.
        """
        layout = self.layout
        previous = previous or {}
        gradients = gradients or {}
        self._run(
            n,
            time,
            reverse,
            threads,
            [_matrix(weights[name]) for name in layout.weight],
            [steps[name] for name in layout.step],
            [previous[name][0] for name in layout.previous],
            [previous[name][1] for name in layout.previous],
            [(rows or {})[name] for name in layout.row],
            [states[name] for name in layout.state],
            [finals[name] for name in layout.state],
            [outputs[name] if name else store for name in layout.output],
            [_matrix(gradients[name]) if name in self._wanted else _NOTHING for name in layout.weight],
            lengths,
            reset,
        )

    def stream(self, weights: Mapping[str, View], batch: int) -> Any:
        """One step at a time for a fixed batch: `.step(address of x, address of y)`, `.state(i)` → address, stride."""
        kind = machine().Stepper32 if self.dtype == "float32" else machine().Stepper64
        return kind(self.code, [_matrix(weights[name]) for name in self.layout.weight], batch)


_NOTHING: View = (0, (0,), (0,))


def _matrix(view: View) -> View:
    """A weight as a matrix: a vector is its only row, a number its only element."""
    address, shape, strides = view
    if len(shape) == 2:
        return view
    return (address, (1, *shape), (0, *strides)) if shape else (address, (1, 1), (0, 0))
