"""Watches what a step asks of its tensors outside of torch's operations: their shapes, and numbers read from memory."""

from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from elman.step.capture.call import tensors_of
from elman.step.capture.recorder import Recorder, from_outside
from elman.step.capture.refusal import CaptureError, UnsupportedOperation, user_line
from elman.step.capture.values import Fixed, RowCount, Rows, Value

_READS = """
    tolist numpy item __array__ __repr__ __str__ __format__ data_ptr storage untyped_storage __dlpack__
    __cuda_array_interface__ __reduce_ex__ __deepcopy__ __bool__ __float__ __int__ __index__ __complex__
    __contains__ share_memory_ apply_ map_ map2_
"""
COPIES = frozenset({"tensor", "as_tensor", "asarray", "new_tensor", "new"})
_ARITHMETIC = """
    add sub rsub subtract mul multiply div divide true_divide floor_divide remainder fmod pow float_power
    __rsub__ __rdiv__ __rpow__ __rmod__ gt ge lt le eq ne __eq__ __ne__ greater less clamp clamp_min
    clamp_max add_ sub_ mul_ div_ pow_ full_like masked_fill
"""
ARITHMETIC = frozenset(_ARITHMETIC.split())
READS = frozenset(_READS.split())
_GRADIENTS = """
    data grad grad_fn requires_grad is_leaf _version requires_grad_ register_hook retain_grad backward
    _backward_hooks register_post_accumulate_grad_hook
"""
GRADIENTS = frozenset(_GRADIENTS.split())


class Watcher(TorchFunctionMode):
    """Refuses to give numbers out of tensors, and counts rows with `RowCount`.

    Args:
        recorder: sees the operations themselves.
    """

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self.recorder = recorder

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        try:
            if name in ("__get__", "__set__"):
                attribute = getattr(getattr(func, "__self__", None), "__name__", "")
                return self._attribute(func, attribute, name == "__set__", args)
            counted = self._checked(func, name, args, kwargs)
        except (UnsupportedOperation, CaptureError) as error:
            self.recorder.refusal = error
            raise
        if counted is not None:
            return counted
        previous, self.recorder.shown = self.recorder.shown, _shown(func, name)
        try:
            return func(*args, **kwargs)
        finally:
            self.recorder.shown = previous

    def _checked(self, func: Any, name: str, args: Any, kwargs: Any) -> Any:
        """Refuse what reads numbers; gives the answer where the step asks for sizes, otherwise None."""
        if name in COPIES:
            self._copied(name, args)
        if name in ARITHMETIC and any(isinstance(arg, RowCount) for arg in args):
            RowCount().refuse()
        tensor = args[0] if args and isinstance(args[0], Tensor) else None
        if tensor is None:
            return None
        value = self.recorder.known.find(tensor)
        if not isinstance(value, Fixed) or not value.constant:
            self._refuse(name, value)
        if isinstance(value, Rows) and name in ("size", "numel", "nelement", "__len__"):
            return self._size(name, func, tensor, value, args, kwargs)
        return None

    def _copied(self, name: str, args: Any) -> None:
        """A new tensor of numbers: none of them may come out of rows or weights."""
        for data in args:
            for tensor in tensors_of(data):
                value = self.recorder.known.find(tensor)
                if isinstance(value, Fixed) and value.constant:
                    continue
                if value is None:
                    raise from_outside()
                if isinstance(data, Tensor):
                    if data is args[0] and name not in ("tensor", "asarray"):
                        continue  # as_tensor(x) is x, and x.new_tensor([…]) copies no x
                    raise UnsupportedOperation(
                        f"{name}() copies a tensor and stops its gradient, which is not compiled",
                        "Use the tensor itself.",
                        where=user_line(),
                    )
                raise CaptureError(
                    f"{name}() makes a tensor of numbers read out of others",
                    "a step that keeps numbers in tensors",
                    "Write torch.stack([a, b]) instead.",
                    where=user_line(),
                )

    def _attribute(self, func: Any, name: str, write: bool, args: Any) -> Any:
        tensor = args[0]
        value = self.recorder.known.find(tensor)
        if write:
            raise UnsupportedOperation(f"the step sets .{name} of a tensor", where=user_line())
        self._refuse(name, value)
        result = func(*args)
        return _counted(result, value) if name == "shape" and isinstance(value, Rows) else result

    def _refuse(self, name: str, value: Value | None) -> None:
        if name in READS:
            raise CaptureError(
                f"the step reads the numbers of a tensor ({name.strip('_')})",
                "a step that does the same operations whatever the numbers are",
                "Keep numbers in tensors; write torch.where(condition, a, b) instead of if.",
                where=user_line(),
            )
        if name in GRADIENTS:
            raise UnsupportedOperation(f"the step uses .{name} of a tensor, which is not compiled", where=user_line())

    def _size(self, name: str, func: Any, tensor: Tensor, value: Rows, args: Any, kwargs: Any) -> Any:
        if name == "__len__" and value.axis == 0:
            raise CaptureError(
                "the step asks for len() of a tensor of rows",
                fix="Write x.shape[0], and use it only as the size of new tensors.",
                where=user_line(),
            )
        if name in ("numel", "nelement"):
            return RowCount(tensor.shape[value.axis]) * (tensor.numel() // tensor.shape[value.axis])
        result = func(*args, **kwargs)
        if isinstance(result, torch.Size):
            return _counted(result, value)
        dim = args[1] if len(args) > 1 else kwargs.get("dim", 0)
        return _counted(tensor.shape, value)[dim]


def _counted(shape: torch.Size, value: Rows) -> torch.Size:
    """The shape with the number of rows marked as such."""
    counted = [RowCount(size) if i == value.axis else size for i, size in enumerate(shape)]
    if value.merged:
        counted[0] = counted[0] * 1  # n times the groups: not n itself
    return torch.Size(counted)


def _shown(func: Any, name: str) -> str:
    """A function as the user knows it: torch.cumsum, torch.nn.functional.gelu."""
    module = getattr(func, "__module__", None) or ""
    if module.startswith("torch.nn.functional") or "torch._C._nn" in str(getattr(func, "__self__", "")):
        return f"torch.nn.functional.{name}"
    return f"torch.{name}" if hasattr(torch, name) else f"Tensor.{name}"
