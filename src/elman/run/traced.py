"""What `torch.compile` and `torch.export` are shown in the place of the choice of a machine.

A step cannot be captured while Dynamo traces the layer: it is done aside, and what comes out is constants (texts,
names, numbers), which Dynamo takes for granted. So that it asks again when the cell was changed, `watch` reads all that
the cell's step may depend on before its eyes. The operations on weights alone are repeated one by one, so that they and
their derivatives are part of the graph.
"""

from typing import Any

import torch
from torch import Tensor, nn

from elman.run.choice import autocasting, choose
from elman.step.aside import aside
from elman.step.capture.once import Ref

_UNREAD = frozenset(nn.Module().__dict__) | {"_made_with", "_captures"}


def described(
    cell: Any, dtype: torch.dtype, device: str, machine: str
) -> tuple[str, str, tuple[str, ...], tuple[str, ...], dict[str, Tensor]]:
    """The machine, text, names of inputs and states, and the weights by name: what `Choice` says, as Dynamo sees it."""
    watch(cell)
    chosen, text, inputs, states, sources, constants, once = _constants(cell, dtype, device, machine)
    weights: dict[str, Any] = {}
    for name, dotted in sources:
        found = cell
        for part in dotted:
            found = getattr(found, part)
        weights[name] = found
    for name, values, kind in constants:
        weights[name] = torch.tensor(values, dtype=kind, device=device)
    if autocasting(device):
        with torch.autocast(device, enabled=False):
            _replay(once, weights)
    else:
        _replay(once, weights)
    return chosen, text, inputs, states, weights


def _replay(once: tuple[Any, ...], weights: dict[str, Any]) -> None:
    """Add to the weights what is computed from weights alone."""
    for results, path, args, names, options, many in once:
        function: Any = torch.ops
        for part in path:
            function = getattr(function, part)
        kwargs = {name: _filled(option, weights) for name, option in zip(names, options, strict=True)}
        result = function(*[_filled(arg, weights) for arg in args], **kwargs)
        for name, value in zip(results, result if many else (result,), strict=True):
            weights[name] = value


def watch(cell: Any) -> None:
    """Read whatever a fingerprint of the cell reads, so that Dynamo guards it."""
    for module in cell.modules():
        _ = module.training
        for name, value in vars(module).items():
            if name not in _UNREAD:
                _read(value)


def _read(value: Any) -> None:
    if isinstance(value, float):
        hash(value)  # a comparison would not do: Dynamo would take it for a number that may change
    elif isinstance(value, bool | int | str) or value is None:
        _ = value == 0
    elif isinstance(value, list | tuple):
        for part in value:
            _read(part)
    elif isinstance(value, dict):
        for part in value.values():
            _read(part)
    elif callable(value):
        _ = value is None


def _constants(cell: Any, dtype: torch.dtype, device: str, machine: str) -> tuple[Any, ...]:
    """What was chosen, in constants only."""
    choice = aside(lambda: choose(cell, dtype, device, machine))
    capture = choice.capture
    if capture is None:
        return choice.machine, "", (), (), (), (), ()
    sources = tuple((name, tuple(dotted.split("."))) for name, dotted in capture.sources.items())
    constants = tuple((entry.name, entry.values, entry.dtype) for entry in capture.constants)
    once = tuple(
        (
            entry.results,
            (entry.function.namespace, *entry.function.__name__.split(".")),
            tuple(map(_written, entry.args)),
            tuple(name for name, _ in entry.kwargs),
            tuple(_written(option) for _, option in entry.kwargs),
            entry.many,
        )
        for entry in capture.once
    )
    return choice.machine, choice.text, choice.inputs, choice.states, sources, constants, once


# What the decorator torch.compiler.assume_constant_result does, without importing the compiler.
_constants._dynamo_marked_constant = True  # pyright: ignore[reportFunctionMemberAccess]


def _written(argument: Any) -> Any:
    """An argument with names of weights marked by &, and texts by a quotation mark."""
    if isinstance(argument, Ref):
        return f"&{argument.name}"
    if isinstance(argument, str):
        return f'"{argument}'
    return tuple(map(_written, argument)) if isinstance(argument, tuple) else argument


def _filled(argument: Any, weights: dict[str, Any]) -> Any:
    if isinstance(argument, str):
        return weights[argument[1:]] if argument[0] == "&" else argument[1:]
    return [_filled(part, weights) for part in argument] if isinstance(argument, tuple) else argument
