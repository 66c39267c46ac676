"""Everything besides the numbers in its weights that a cell's step may depend on, as one value that can be compared."""

import types
from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

# What nn.Module itself keeps, how a cell was made, and the sizes that follow from that: no step reads it.
_UNREAD = frozenset(nn.Module().__dict__) | {"_made_with", "_captures", "_widths"}
_HOOKS = tuple(name for name in nn.Module().__dict__ if name.endswith("hooks"))
_ATOMS = frozenset({int, str, bool, bytes, type(None), complex, torch.dtype, torch.device, torch.Size, range})
_BY_IDENTITY = (type, types.ModuleType, types.BuiltinFunctionType, types.MethodDescriptorType, Tensor, nn.Module)
_DEEPEST = 6


class Same:
    """An object that is equal to itself alone, held so that no other gets its place."""

    __slots__ = ("it",)

    def __init__(self, it: object) -> None:
        self.it = it

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self.it is other.it

    def __hash__(self) -> int:
        return id(self.it)


def fingerprint(cell: nn.Module) -> tuple[Any, ...]:
    """A value that differs where a cell's step may: after `cell.a = 0.5`, `cell.eval()`, another activation.

    It holds, for the cell and each module in it: the class with its attributes, the mode, shapes and types of
    parameters and buffers, plain attributes (numbers, texts, lists, dicts and objects of these, by value), functions
    with what they close over and the global names that they use; anything else by identity.

    Example:
        >>> cell = cells.Elman(2, 3)
        >>> before = fingerprint(cell)
        >>> cell.activation = torch.sin
        >>> fingerprint(cell) == before
        False
    """
    parts: list[Any] = [torch.get_default_dtype()]
    _module(cell, parts, {}, set())
    return tuple(parts)


def _module(module: nn.Module, parts: list[Any], tied: dict[int, int], seen: set[int]) -> None:
    if id(module) in seen:
        parts.append(Same(module))
        return
    seen.add(id(module))
    own = module.__dict__
    parts += (type(module), module.training, _static(type(module)))
    for tensors in (own["_parameters"], own["_buffers"]):
        for name, tensor in tensors.items():
            parts.append(name)
            if tensor is not None:
                parts += (tensor.shape, tensor.dtype, tied.setdefault(id(tensor), len(tied)))
    for name, value in own.items():
        if name not in _UNREAD:
            parts += (name, _value(value, 0))
    for name in _HOOKS:
        if own[name]:
            parts += (name, *map(Same, own[name].values()))
    for name, inner in own["_modules"].items():
        parts.append(name)
        if inner is not None:
            _module(inner, parts, tied, seen)


def _value(value: Any, depth: int) -> Any:
    """A value that can be compared, of anything."""
    kind = type(value)
    if kind in _ATOMS:
        return (kind, value)
    if kind is float:
        return value.hex()  # NaN is equal to itself, 0.0 is not -0.0
    if kind is types.FunctionType:
        return _static(value) if depth <= _DEEPEST else Same(value)
    if depth > _DEEPEST or isinstance(value, _BY_IDENTITY):
        return Same(value)
    depth += 1
    if kind is tuple or kind is list:
        return (kind, *[_value(part, depth) for part in value])
    if kind is types.MethodType:
        return (Same(value.__self__), _value(value.__func__, depth))
    if isinstance(value, Mapping):
        return (kind, *[(_value(key, depth), _value(part, depth)) for key, part in value.items()])
    if isinstance(value, set | frozenset):
        return (kind, frozenset(_value(part, depth) for part in value))
    return (Same(value), *[(name, _value(part, depth)) for name, part in _held(value)])


def _held(value: Any) -> list[tuple[str, Any]]:
    """What an object of a class nobody knows holds."""
    held = list(getattr(value, "__dict__", {}).items())
    for kind in type(value).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if hasattr(value, name):
                held.append((name, getattr(value, name)))
    if hasattr(value, "tobytes"):  # an array
        held += [("dtype", str(getattr(value, "dtype", ""))), ("bytes", bytes(value.tobytes()))]
    if hasattr(value, "func") and hasattr(value, "args"):  # functools.partial
        held += [("func", value.func), ("args", value.args), ("keywords", getattr(value, "keywords", None))]
    return held


class _Static:
    """What a class or a function, and every function it reaches, refers to by name: read once, compared cheaply.

    Two are equal only if they are the same object; a new one is made as soon as any of the names means something else.
    """

    __slots__ = ("__weakref__", "cells", "classes", "live", "reads", "seen")

    def __init__(self, owner: Any) -> None:
        self.reads: list[tuple[Mapping[str, Any], str, Any]] = []  # where, name, what stood there
        self.cells: list[tuple[Any, Any]] = []  # cells of closures, what they held
        self.classes: list[tuple[type, int]] = []  # with how many attributes
        self.live: list[Any] = []  # what can change inside
        self.seen: set[int] = set()
        if isinstance(owner, type):
            for kind in owner.__mro__:
                if kind not in (nn.Module, object):
                    self._class(kind)
        else:
            self._function(owner)

    def holds(self) -> bool:
        """Whether all names still mean the same."""
        return (
            all(where.get(name) is value for where, name, value in self.reads)
            and all(_contents(cell) is value for cell, value in self.cells)
            and all(len(kind.__dict__) == count for kind, count in self.classes)
        )

    def _class(self, kind: type) -> None:
        self.classes.append((kind, len(kind.__dict__)))
        for name, value in kind.__dict__.items():
            if name.startswith("__") and name != "__call__":
                continue
            self.reads.append((kind.__dict__, name, value))
            for part in (value.fget, value.fset) if isinstance(value, property) else (value,):
                self._reach(part.__func__ if isinstance(part, staticmethod | classmethod) else part)

    def _function(self, function: types.FunctionType) -> None:
        if id(function) in self.seen or (function.__module__ or "").startswith("torch"):
            return
        self.seen.add(id(function))
        for cell in function.__closure__ or ():
            value = _contents(cell)
            self.cells.append((cell, value))
            self._reach(value)
        for value in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
            self._reach(value)
        for name in _names(function.__code__):
            if name in function.__globals__:
                value = function.__globals__[name]
                self.reads.append((function.__globals__, name, value))
                self._reach(value)

    def _reach(self, value: Any) -> None:
        if type(value) is types.FunctionType:
            self._function(value)
        elif type(value) not in _ATOMS and type(value) is not float and not isinstance(value, _BY_IDENTITY):
            self.live.append(value)


_STATIC: WeakKeyDictionary[Any, _Static] = WeakKeyDictionary()


def _static(owner: Any) -> tuple[Any, ...]:
    """A class or a function as a value that changes when something changes to which it refers by name."""
    found = _STATIC.get(owner)
    if found is None or not found.holds():
        found = _STATIC[owner] = _Static(owner)
    return (found, *[_value(value, 1) for value in found.live])


def _contents(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not yet filled
        return None


def _names(code: types.CodeType) -> set[str]:
    """Names that code and the functions inside it may look up among the globals."""
    names = set(code.co_names)
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            names |= _names(inner)
    return names
