"""The part of a step that depends on weights alone: recorded as torch operations, done once per call of the layer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Ref:
    """Stands for a tensor among the arguments of a `Once`: the weight of that name."""

    name: str


@dataclass(frozen=True, slots=True)
class Once:
    """One torch operation on weights.

    Args:
        results: the names of what it returns; several only where it returns a tuple.
        function: the aten operation.
        args: its arguments, with `Ref` in place of tensors.
        kwargs: its named arguments.
        many: whether it returns a tuple.
    """

    results: tuple[str, ...]
    function: torch._ops.OpOverload
    args: tuple[Any, ...]
    kwargs: tuple[tuple[str, Any], ...] = ()
    many: bool = False

    def uses(self) -> set[str]:
        """The names of the weights it needs."""
        return set(_names((self.args, self.kwargs)))


@dataclass(frozen=True, slots=True)
class Constant:
    """A tensor of numbers that the step makes itself.

    Args:
        name: its name among the weights.
        values: its entries, in rows where it is a matrix.
        dtype: its type.
    """

    name: str
    values: tuple[Any, ...] | float
    dtype: torch.dtype


def replay(
    values: Mapping[str, Tensor], constants: tuple[Constant, ...], once: tuple[Once, ...], device: torch.device | str
) -> dict[str, Tensor]:
    """All weights by name: those given, the constants, and what is computed from them, under autograd."""
    found = dict(values)
    for constant in constants:
        found[constant.name] = torch.tensor(constant.values, dtype=constant.dtype, device=device)
    for entry in once:
        result = entry.function(*_filled(entry.args, found), **{k: _filled(v, found) for k, v in entry.kwargs})
        for name, value in zip(entry.results, result if entry.many else (result,), strict=True):
            found[name] = value
    return found


def needed(once: list[Once], names: set[str]) -> tuple[tuple[Once, ...], set[str]]:
    """The operations on which some weights depend, and all weights that they use."""
    kept: list[Once] = []
    names = set(names)
    for entry in reversed(once):
        if not names.isdisjoint(entry.results):
            kept.append(entry)
            names |= entry.uses()
    return tuple(reversed(kept)), names


def _filled(argument: Any, values: Mapping[str, Tensor]) -> Any:
    if isinstance(argument, Ref):
        return values[argument.name]
    if isinstance(argument, tuple):
        return [_filled(part, values) for part in argument]
    return argument


def _names(argument: Any) -> list[str]:
    if isinstance(argument, Ref):
        return [argument.name]
    if isinstance(argument, tuple):
        return [name for part in argument for name in _names(part)]
    return []
