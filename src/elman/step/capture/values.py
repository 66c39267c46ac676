"""What stands behind a tensor while a step is watched: rows of the program, or something made of weights alone."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NoReturn

import torch
from torch import Tensor
from torch._C._functorch import is_functorch_wrapped_tensor

from elman.step.capture.refusal import CaptureError, UnsupportedOperation, user_line


@dataclass(slots=True)
class Rows:
    """A tensor with one entry per row of the batch.

    Args:
        name: the value of the program (n, width) that holds it; its features in the order of their dimensions.
        features: shape of one row; width is their product, () a width of 1.
        axis: which dimension of the tensor counts the rows: its shape is `features` with n inserted there.
        merged: whether the first dimension of the features shares one with the rows: (n · g, k), features (g, k).
    """

    name: str
    features: tuple[int, ...]
    axis: int = 0
    merged: bool = False

    @property
    def width(self) -> int:
        """Features of one row."""
        return numel(self.features)


@dataclass(slots=True, eq=False)
class Fixed:
    """A tensor that is the same at every step: a weight, what is computed from weights alone, or a constant.

    Args:
        name: its name among the weights, "" for a constant.
        tensor: its value, of the weights as they are now.
        root: the weight of which it is a view with the same gradient; itself otherwise.
        blank: memory that nobody has written yet (torch.empty).
    """

    name: str
    tensor: Tensor
    root: "Fixed | None" = None
    blank: bool = False

    @property
    def constant(self) -> bool:
        """Whether it depends on no weight."""
        return not self.name


Value = Rows | Fixed


def numel(shape: tuple[int, ...]) -> int:
    """How many entries a shape has."""
    total = 1
    for size in shape:
        total *= size
    return total


class RowCount(int):
    """The number of rows n: good for shapes, but nothing may be decided or computed by it.

    Args:
        plain: whether it is n itself; False for 2 n, n - 1, ….
    """

    plain = True

    def refuse(self, *_: object) -> NoReturn:
        """Raise the error: every operation that would tell how many rows there are comes here."""
        raise CaptureError(
            "the step decides or computes by the number of rows",
            "a step whose rows do not depend on how many there are",
            "Use x.shape[0] only as the size of new tensors.",
            where=user_line(),
        )

    def __eq__(self, other: object) -> bool:
        if isinstance(other, RowCount) and self.plain and other.plain:
            return int.__eq__(self, other)
        return self.refuse()

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = int.__hash__
    __lt__ = __le__ = __gt__ = __ge__ = __bool__ = __float__ = __int__ = __truediv__ = __rtruediv__ = refuse  # type: ignore[assignment]
    __pow__ = __rpow__ = __divmod__ = __rdivmod__ = __rfloordiv__ = __mod__ = __rmod__ = refuse  # type: ignore[assignment]
    __and__ = __rand__ = __or__ = __ror__ = __xor__ = __lshift__ = __rshift__ = __abs__ = __round__ = refuse  # type: ignore[assignment]


def _computed(name: str) -> None:
    operation = getattr(int, name)

    def compute(self: RowCount, *args: int) -> object:
        result = operation(self, *args)
        if result is NotImplemented:
            return result
        count = RowCount(result)
        count.plain = False
        return count

    setattr(RowCount, name, compute)


for _name in ("add", "radd", "sub", "rsub", "mul", "rmul", "floordiv", "neg"):
    _computed(f"__{_name}__")


@dataclass(slots=True)
class _Entry:
    tensor: Tensor  # held, so that its identity stays its own
    value: Value
    stale: bool = False  # memory it shares was written since


@dataclass(slots=True)
class Known:
    """Every tensor seen so far, by identity; what shares its memory, by storage."""

    by_id: dict[int, _Entry] = field(default_factory=dict)
    by_storage: dict[int, list[_Entry]] = field(default_factory=dict)
    given: set[int] = field(default_factory=set)

    def add(self, tensor: Tensor, value: Value, *, given: bool = False) -> None:
        """Remember what stands behind a tensor; a given one may not be written to."""
        entry = self.by_id.get(id(tensor))
        if entry is not None:
            entry.value, entry.stale = value, False
            return
        self.by_id[id(tensor)] = entry = _Entry(tensor, value)
        storage = storage_of(tensor)
        self.by_storage.setdefault(storage, []).append(entry)
        if given:
            self.given.add(storage)

    def find(self, tensor: Tensor) -> Value | None:
        """What stands behind a tensor, None for one that was never seen."""
        entry = self.by_id.get(id(tensor))
        if entry is None and type(tensor) is Tensor and not is_functorch_wrapped_tensor(tensor):
            entry = self._same_memory(tensor)
        if entry is None:
            return None
        if entry.stale:
            raise UnsupportedOperation(
                "a tensor is read after memory that it shares was written to in place",
                "Put the parts together with torch.cat, or use operations that return a new tensor.",
                where=user_line(),
            )
        return entry.value

    def _same_memory(self, tensor: Tensor) -> _Entry | None:
        """A tensor that torch wrapped anew: the one that is seen in exactly the same place."""
        if storage_of(tensor) in self.given:  # it may be an alias without gradient, which only looks the same
            return None
        place = (tensor.shape, tensor.stride(), tensor.storage_offset(), tensor.dtype)
        same = [
            entry
            for entry in self.by_storage.get(storage_of(tensor), ())
            if (entry.tensor.shape, entry.tensor.stride(), entry.tensor.storage_offset(), entry.tensor.dtype) == place
        ]
        return same[0] if len(same) == 1 else None

    def is_given(self, tensor: Tensor) -> bool:
        """Whether it shares memory with an input, a state or a weight."""
        return storage_of(tensor) in self.given

    def written(self, tensor: Tensor, constant: bool) -> None:
        """An in-place write of a constant or not: what overlaps with it no longer holds what its value says."""
        entries = [e for e in self.by_storage.get(storage_of(tensor), ()) if e.tensor is not tensor]
        if not entries:
            return
        places = set(_places(tensor))
        for entry in entries:
            if constant and isinstance(entry.value, Fixed) and entry.value.constant:
                continue  # its value is read from the tensor itself
            entry.stale = entry.stale or not places.isdisjoint(_places(entry.tensor))


def storage_of(tensor: Tensor) -> int:
    """The memory of a tensor."""
    return tensor.untyped_storage()._cdata


def _places(tensor: Tensor) -> Iterator[int]:
    """Where in its memory the elements of a tensor stand."""
    size = tensor.untyped_storage().nbytes() // tensor.element_size()
    every = torch.arange(size)
    return iter(every.as_strided(tensor.shape, tensor.stride(), tensor.storage_offset()).flatten().tolist())
