"""The machine "native": tensors handed to the tile machine as addresses, after a look at what they are."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from elman.errors import ArgumentTypeError
from elman.native import Machine
from elman.run.plan import Adjoint, Plan

DTYPES = {torch.float32: "float32", torch.float64: "float64"}
View = tuple[int, Sequence[int], Sequence[int]]


@lru_cache(maxsize=512)
def machine(plan: Plan, adjoint: Adjoint | None, dtype: torch.dtype) -> Machine:
    """The code of a step's forward run, which stores what an adjoint needs.

    Raises:
        ImportError, ValueError: there is no native machine, or it cannot run this program.
    """
    kept = tuple(adjoint.kept) if adjoint else ()
    return Machine(plan.program, plan.stages, dtype=DTYPES[dtype], stored=kept)


@lru_cache(maxsize=512)
def _backward(adjoint: Adjoint, dtype: torch.dtype) -> Machine:
    return Machine(adjoint.program, adjoint.stages, dtype=DTYPES[dtype], adjoint=True, totals=adjoint.totals)


def forward(
    plan: Plan, adjoint: Adjoint | None, values: Sequence[Tensor], lengths: Tensor, reset: Tensor | None, reverse: bool
) -> list[Tensor]:
    """Run a step over a batch; arguments and results as `elman.run.in_torch.forward`."""
    program = plan.program
    n, time, like, views = _views(plan, values)
    y = like.new_empty(n, time, plan.output[1])
    finals = {v.name: like.new_empty(n, v.width) for v in program.of_kind("state")}
    store = like.new_empty(n, time, adjoint.width) if adjoint and adjoint.width else None
    machine(plan, adjoint, like.dtype).run(
        n=n,
        time=time,
        weights=views,
        steps=views,
        rows=views,
        states=views,
        finals={name: _view(value) for name, value in finals.items()},
        outputs={program.outputs[0][0]: _view(y)},
        lengths=_view(_lengths(lengths)),
        store=None if store is None else _view(store),
        reset=None if reset is None else _view(reset),
        reverse=reverse,
        threads=torch.get_num_threads(),
    )
    results = [y, *(finals[name] for name, _ in program.states)]
    return results if store is None else [*results, store]


def backward(
    plan: Plan,
    adjoint: Adjoint,
    values: Sequence[Tensor],
    y: Tensor,
    store: Tensor | None,
    gradients: Sequence[Tensor],
    lengths: Tensor,
    reset: Tensor | None,
    reverse: bool,
) -> dict[str, Tensor]:
    """Gradients of a run; arguments and results as `elman.run.in_torch.backward`."""
    program = adjoint.program
    n, time, like, views = _views(plan, values)
    for given in (y, *gradients, *(() if store is None else (store,))):
        _check(given, like.dtype)
    steps: dict[str, Any] = {**views, adjoint.output: _view(y), f"d.{adjoint.output}": _view(gradients[0])}
    if store is not None:
        steps |= {name: _columns(store, start, stop) for name, (start, stop) in adjoint.kept.items()}
    places = {"output": adjoint.output}
    previous = {s: (steps[places.get(place, name)], views[s]) for s, (place, name) in adjoint.previous.items()}
    names = [name for name, _ in plan.program.states]
    zeros = {v.name: like.new_zeros(n, v.width) for v in program.of_kind("state") if v.name in adjoint.totals}
    states = {f"d.{name}": g for name, g in zip(names, gradients[1:], strict=True)} | zeros
    results = {v.name.removeprefix("d."): like.new_empty(n, v.width) for v in program.of_kind("state")}
    widths = {value.name: value.width for value in plan.program.inputs}
    outputs = {name: like.new_empty(n, time, widths[name.removeprefix("d.")]) for name, _ in program.outputs}
    wanted = {gradient.weight for gradient in program.gradients}
    weights = {v.name: like.new_empty(v.shape) for v in program.of_kind("weight") if v.name in wanted}
    _backward(adjoint, like.dtype).run(
        n=n,
        time=time,
        weights=views,
        steps=steps,
        previous=previous,
        rows=views,
        states={name: _view(value) for name, value in states.items()},
        finals={f"d.{name}": _view(value) for name, value in results.items()},
        outputs={name: _view(value) for name, value in outputs.items()},
        gradients={name: _view(value) for name, value in weights.items()},
        lengths=_view(_lengths(lengths)),
        reset=None if reset is None else _view(reset),
        reverse=reverse,
        threads=torch.get_num_threads(),
    )
    results |= {name.removeprefix("d."): value for name, value in outputs.items()}
    return results | weights


def _views(plan: Plan, values: Sequence[Tensor]) -> tuple[int, int, Tensor, dict[str, View]]:
    """n, T, one of the values, and the views of all of them by name, after a check of their types."""
    n = time = 0
    like = values[0]
    views: dict[str, View] = {}
    for value, tensor in zip(plan.program.inputs, values, strict=True):
        _check(tensor, like.dtype)
        views[value.name] = _view(tensor)
        if value.kind == "step":
            n, time, _ = tensor.shape
    return n, time, like, views


def views(tensors: Mapping[str, Tensor]) -> dict[str, View]:
    """The views of some weights of one dtype, by name; the tensors must live as long as they are used."""
    first = next(iter(tensors.values()), None)
    for tensor in tensors.values():
        _check(tensor, tensor.dtype if first is None else first.dtype)
    return {name: _view(tensor) for name, tensor in tensors.items()}


def _check(tensor: Tensor, dtype: torch.dtype) -> None:
    if tensor.dtype is not dtype or not tensor.is_cpu or tensor.is_sparse:
        raise ArgumentTypeError(
            f"a {tensor.dtype} tensor is on {tensor.device}", f"{dtype} on the CPU, like the others"
        )


def _lengths(lengths: Tensor) -> Tensor:
    if lengths.dtype is not torch.int64 or not lengths.is_cpu:
        raise ArgumentTypeError(f"lengths are {lengths.dtype} on {lengths.device}", "torch.int64 on the CPU")
    return lengths


def _view(tensor: Tensor) -> View:
    return tensor.data_ptr(), tensor.shape, tensor.stride()


def _columns(store: Tensor, start: int, stop: int) -> View:
    n, time, _ = store.shape
    return store.data_ptr() + start * store.element_size(), (n, time, stop - start), store.stride()
