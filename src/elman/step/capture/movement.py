"""Operations that only move features about: slices, chunks, views, concatenations, permutations, repetitions.

One rule for all of them: run the same operation on a tensor that holds, in place of each number, where it stands.
What comes out says where every feature came from, and whether rows were mixed.
"""

from typing import Any

import torch
from torch import Tensor

from elman.step.capture.call import Call, tensors_of
from elman.step.capture.terms import take
from elman.step.capture.values import Rows

_NAMES = """
    view _unsafe_view reshape alias view_as slice select narrow permute transpose t movedim swapaxes unbind split
    split_with_sizes unsafe_split unsafe_split_with_sizes chunk expand repeat tile flip roll unsqueeze squeeze
    unfold diagonal index index_select cat concat stack repeat_interleave slice_copy squeeze_copy lift_fresh gather
"""
NAMES = frozenset(_NAMES.split())


def move(call: Call) -> Any:
    """What stands behind the results of an operation that moves features about."""
    sources: list[Rows] = []
    places: dict[int, Tensor] = {}
    total = sum(call.rows(t).width for t in _moved(call))
    offset = 0
    for tensor in _moved(call):
        rows = call.rows(tensor)
        own = torch.arange(call.n)[:, None] * total + torch.arange(offset, offset + rows.width)
        own = own.view(call.n, *rows.features).movedim(0, rows.axis)
        places[id(tensor)] = own.flatten(0, 1) if rows.merged else own
        sources.append(rows)
        offset += rows.width
    result = call.function(*replaced(call.args, places), **replaced(call.kwargs, places))
    if isinstance(result, Tensor):
        return _found(call, sources, result, total)
    return [_found(call, sources, part, total) for part in result]


def _moved(call: Call) -> list[Tensor]:
    """The arguments whose entries are moved: all but those that say where to."""
    unique = {id(t): t for t in tensors_of((call.args, call.kwargs))}
    joined = call.function.__name__.startswith(("cat.", "concat.", "stack."))
    moved = []
    for tensor in unique.values():
        value = call.value(tensor)
        if joined or tensor is call.args[0]:
            moved.append(tensor)
        elif isinstance(value, Rows):
            raise call.unsupported("takes its positions from the rows")
        elif not value.constant:
            raise call.unsupported("takes positions from a buffer", "Multiply by a matrix instead.")
    return moved


def replaced(argument: Any, places: dict[int, Tensor]) -> Any:
    """Arguments with other tensors in the place of some."""
    if isinstance(argument, Tensor):
        return places.get(id(argument), argument)
    if isinstance(argument, list | tuple):
        return [replaced(part, places) for part in argument]
    if isinstance(argument, dict):
        return {key: replaced(part, places) for key, part in argument.items()}
    return argument


def _found(call: Call, sources: list[Rows], places: Tensor, total: int) -> Rows:
    """The rows that stand in these places."""
    for axis in range(places.dim()):
        if places.shape[axis] != call.n:
            continue
        columns = places.movedim(axis, 0).reshape(call.n, -1) - torch.arange(call.n)[:, None] * total
        if bool((columns == columns[0]).all()) and bool(((columns[0] >= 0) & (columns[0] < total)).all()):
            features = tuple(size for i, size in enumerate(places.shape) if i != axis)
            order = columns[0].tolist()
            return Rows(take(call.builder, [rows.name for rows in sources], order), features, axis)
    if len(sources) == 1 and torch.equal(places.flatten(), torch.arange(call.n * total)):
        groups = places.shape[0] // call.n
        if groups > 1 and places.shape[0] == groups * call.n:
            return Rows(sources[0].name, (groups, *places.shape[1:]), 0, merged=True)
        raise call.unsupported("puts rows and features into one dimension", "Work on (n, groups, features).")
    raise call.across()
