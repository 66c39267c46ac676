"""From a step written in torch to a program: the step runs once on a few rows and is watched."""

import random
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor
from torch.utils import _python_dispatch

from elman.step.build import Builder
from elman.step.capture.once import Constant, Once, needed, replay
from elman.step.capture.recorder import Recorder
from elman.step.capture.refusal import CaptureError as CaptureError
from elman.step.capture.refusal import UnsupportedOperation as UnsupportedOperation
from elman.step.capture.refusal import line_of, user_line
from elman.step.capture.stand_in import Sources, stand_in
from elman.step.capture.values import Known, Rows
from elman.step.capture.watcher import Watcher
from elman.step.capture.weights import Weights
from elman.step.check import check
from elman.step.fingerprint import fingerprint
from elman.step.program import Input, Program

KINDS: tuple[Literal["step", "row", "state"], ...] = ("step", "row", "state")  # of what a step takes besides weights
_REMEMBERED = 8  # captures of one cell: training and evaluation, two dtypes, a few changes


@dataclass(frozen=True)
class Capture:
    """A step as a program, and how to compute the program's weights from those of the cell.

    Args:
        program: the step, in operations of `elman.step.operations`; not simplified.
        once: operations on weights alone, in order.
        constants: tensors of numbers that the step makes itself.
        sources: name of a weight → dotted name of the cell's parameter or buffer.
    """

    program: Program
    once: tuple[Once, ...]
    constants: tuple[Constant, ...]
    sources: Mapping[str, str]

    def weights(self, cell: Any, device: torch.device | str | None = None) -> dict[str, Tensor]:
        """The value of every weight of the program, computed from the cell's parameters under autograd.

        Args:
            cell: the cell that was captured, or one with parameters of the same names and shapes.
            device: where constants are made; that of the first parameter by default.
        """
        values: dict[str, Tensor] = {}
        for name, dotted in self.sources.items():
            found = cell
            for part in dotted.split("."):
                found = getattr(found, part)
            values[name] = found
        if self.once or self.constants:
            first = next(iter(values.values()), None)
            device = device or (first.device if first is not None else "cpu")
            values = replay(values, self.constants, self.once, device)
        return {value.name: values[value.name] for value in self.program.inputs if value.kind == "weight"}


def trace(cell: Any, *, dtype: torch.dtype = torch.float32) -> Capture:
    """Capture a cell's step.

    The step runs twice, on two numbers of rows; what it does must be the same.

    Args:
        cell: a module with `step`, `states`, `input_size` and `output_size`, such as `elman.Cell`.
        dtype: of its input and states.

    Raises:
        UnsupportedOperation: the step uses something that a program cannot say, but which torch computes rightly.
        CaptureError: the step does something that would be wrong on every machine.

    Example:
        >>> capture = trace(cells.Elman(3, 5))
        >>> [node.op for node in capture.program.nodes]
        ['matmul', 'matmul', 'add', 'add', 'tanh']
        >>> sorted(capture.weights(cells.Elman(3, 5)))
        ['U', 'W', 'b']
    """
    with _undisturbed():
        copied, sources = stand_in(cell)
        before = fingerprint(copied)
        n, more = _row_counts(cell, sources)
        states = [_random_state()]
        first = _once_through(copied, sources, n, dtype)
        states.append(_random_state())
        second = _once_through(copied, sources, more, dtype)
        states.append(_random_state())
    if fingerprint(copied) != before:
        raise UnsupportedOperation("the step changes an attribute of its cell", where=line_of(cell.step))
    if states[0] != states[1] and states[1] != states[2]:
        raise UnsupportedOperation("the step draws random numbers, anew at every step", where=line_of(cell.step))
    if first != second and repr(first) != repr(second):  # NaN is not equal to itself
        raise CaptureError(
            f"the step does something else for {n} rows than for {more}",
            "a step whose rows do not depend on how many there are",
            where=line_of(cell.step),
        )
    return first


def captured(cell: Any, dtype: torch.dtype = torch.float32) -> Capture:
    """The capture of a cell as it is now: made on first use, and again after the cell was changed.

    Args:
        cell, dtype: as for `trace`.

    Raises:
        UnsupportedOperation, CaptureError: as `trace` does, without trying again.
    """
    cache = cell.__dict__.get("_captures")
    if cache is None:
        cache = Captures()
        object.__setattr__(cell, "_captures", cache)
    key = (dtype, fingerprint(cell))
    found = cache.found.get(key)
    if found is None:
        try:
            found = trace(cell, dtype=dtype)
        except (UnsupportedOperation, CaptureError) as error:
            found = error.with_traceback(None)
        while len(cache.found) >= _REMEMBERED:
            cache.found.pop(next(iter(cache.found)), None)
        cache.found[key] = found
    if isinstance(found, Capture):
        return found
    raise found.with_traceback(None)


class Captures:
    """What was captured of one cell; a copy of the cell begins with none."""

    def __init__(self) -> None:
        self.found: dict[tuple[Any, ...], Capture | UnsupportedOperation | CaptureError] = {}

    def __deepcopy__(self, memo: Any) -> "Captures":
        return Captures()

    def __reduce__(self) -> tuple[type["Captures"], tuple[()]]:
        return Captures, ()


def _once_through(cell: Any, sources: Sources, n: int, dtype: torch.dtype) -> Capture:
    """Watch one run of the step on n rows."""
    given = [Input("x", "step", (cell.input_size,))]
    for kind in KINDS:
        given += [Input(name, kind, (width,)) for name, width in _widths(cell, kind).items()]
    builder = Builder(given)
    known = Known()
    weights = Weights(builder, dtype, {value.name for value in given})
    for dotted, tensors in sources.items():
        fixed = weights.source(dotted, tensors[0])
        for tensor in tensors:
            known.add(tensor, fixed, given=True)
    inputs = {value.name: torch.full((n, value.width), 0.5, dtype=dtype, device="cpu") for value in given}
    for name, tensor in inputs.items():
        known.add(tensor, Rows(name, tuple(tensor.shape[1:])), given=True)
    recorder = Recorder(builder, known, weights, n, dtype)
    returned = _run(cell, recorder, inputs)
    y, states = _returned(cell, returned)
    output = _result(cell, recorder, "the output", y, cell.output_size)
    new = {
        name: _result(cell, recorder, f"the state {name!r}", states[name], width) for name, width in cell.states.items()
    }
    return _finish(cell, builder, weights, given, y=output, states=new)


def _run(cell: Any, recorder: Recorder, inputs: dict[str, Tensor]) -> Any:
    """Run the step while it is watched; a refusal is raised even where the step catches it."""
    try:
        with recorder, Watcher(recorder):
            returned = cell.step(inputs.pop("x"), **inputs)
    except Exception as error:
        if recorder.refusal is not None and error is not recorder.refusal:
            raise recorder.refusal from error
        if type(error).__module__.startswith("torch._dynamo"):
            torch._dynamo.reset()  # it would remember that it failed
            raise UnsupportedOperation("torch's compiler is used inside of the step", where=user_line(error)) from error
        raise
    if recorder.refusal is not None:
        raise recorder.refusal
    return returned


def _finish(
    cell: Any, builder: Builder, weights: Weights, given: list[Input], y: str, states: dict[str, str]
) -> Capture:
    program = Program(
        inputs=(given[0], *weights.inputs.values(), *given[1:]),
        nodes=tuple(builder.nodes),
        outputs=(("y", y),),
        states=tuple(states.items()),
    )
    once, names = needed(weights.once, set(weights.inputs))
    constants = tuple(constant for name, constant in weights.constants.items() if name in names)
    sources = {name: dotted for name, dotted in weights.sources.items() if name in names}
    return Capture(check(program), once, constants, sources)


def _returned(cell: Any, returned: Any) -> tuple[Any, Mapping[str, Any]]:
    """What a step returned, if it has the right form."""
    where = line_of(cell.step)
    if not isinstance(returned, tuple) or len(returned) != 2 or not isinstance(returned[1], Mapping):
        raise CaptureError(
            f"step returned {type(returned).__name__}",
            "the output and the new state by name",
            f"Write: return y, {{{', '.join(f'{name!r}: …' for name in cell.states)}}}",
            where=where,
        )
    if set(returned[1]) != set(cell.states):
        raise CaptureError(
            f"step returned the states {', '.join(map(str, returned[1])) or '(none)'}",
            f"exactly {', '.join(cell.states)}, as declared",
            where=where,
        )
    return returned


def _result(cell: Any, recorder: Recorder, what: str, tensor: Any, width: int) -> str:
    """The name of rows that a step returned."""
    where = line_of(cell.step)
    if not isinstance(tensor, Tensor):
        raise CaptureError(f"{what} is a {type(tensor).__name__}", "a tensor", where=where)
    if tensor.shape != (recorder.n, width):
        shape = ", ".join(["n" if size == recorder.n else str(size) for size in tensor.shape])
        raise CaptureError(f"{what} has the shape ({shape})", f"(n, {width}), as declared", where=where)
    if tensor.dtype != recorder.dtype:
        raise CaptureError(f"{what} is of type {tensor.dtype}", f"{recorder.dtype}, as x", where=where)
    value = recorder.value(tensor)
    if isinstance(value, Rows):
        if value.axis != 0:
            raise CaptureError(f"{what} has its rows in the wrong dimension", "(n, width)", where=where)
        return value.name
    if not value.constant:
        raise CaptureError(f"{what} is a weight", "a tensor with one entry per row", where=where)
    return recorder.weights.rows(value, 1, recorder.n)[0]


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Gradients on, autocast off, and no other watcher: the capture is the same wherever it happens."""
    with (
        torch._C._DisableFuncTorch(),
        torch.inference_mode(False),
        torch.enable_grad(),
        torch.autocast("cpu", enabled=False),
        _no_other_modes(),
        nullcontext() if torch.get_default_device().type == "cpu" else torch.device("cpu"),
    ):
        yield


def _random_state() -> tuple[Any, ...]:
    """How far Python's and NumPy's random numbers are (torch's are seen as operations)."""
    numpy = sys.modules.get("numpy.random")
    if numpy is None:
        return (random.getstate(),)
    _, keys, *rest = numpy.get_state()
    return (random.getstate(), keys.tobytes(), *rest)


def _no_other_modes() -> AbstractContextManager[Any]:
    """Torch's way to switch off what else is watching; asked for only then, since it imports for seconds."""
    if not torch._C._len_torch_dispatch_stack() and not torch._ops._len_torch_dispatch_stack_pre_dispatch():
        return nullcontext()
    return _python_dispatch._disable_current_modes()


def _widths(cell: Any, kind: str) -> Mapping[str, int]:
    """Name → width of what a step takes by keyword, of one kind."""
    return getattr(cell, f"{kind}s", {})


def _row_counts(cell: Any, sources: Sources) -> tuple[int, int]:
    """Two numbers of rows that are no size of the cell; small, so that torch needs no second thread for them."""
    sizes = {size for stand, *_ in sources.values() for size in stand.shape}
    sizes |= {cell.input_size, cell.output_size}.union(*(_widths(cell, kind).values() for kind in KINDS))
    free = (n for n in range(11, 10_000, 2) if n not in sizes)
    return next(free), next(free)
