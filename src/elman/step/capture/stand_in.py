"""The cell that is watched: a copy of the user's, with tensors in place of its parameters and buffers."""

from typing import Any

import torch
from torch import Tensor, nn
from torch._C._functorch import is_functorch_wrapped_tensor

from elman.step.capture.refusal import UnsupportedOperation

Sources = dict[str, tuple[Tensor, ...]]


def stand_in(cell: Any) -> tuple[Any, Sources]:
    """A copy of a cell, module by module, that shares all plain attributes and needs no gradients.

    Numbers are not copied (writing to them is refused); those on another device come over, and of parameters that have
    none (meta, fake, of many models at once) zeros are taken. What the step does to attributes happens to the copy.

    Returns:
        the copy, and dotted name of every parameter and buffer → the tensor in its place, and itself if it is plain.

    Raises:
        UnsupportedOperation: a module has hooks that act on gradients, which nobody would see.
    """
    sources: Sources = {}
    return _module(cell, "", sources, {}, {}), sources


def _module(module: Any, prefix: str, sources: Sources, modules: dict[int, Any], tensors: dict[int, Tensor]) -> Any:
    if id(module) in modules:
        return modules[id(module)]
    if prefix and (module._backward_hooks or module._backward_pre_hooks):
        raise UnsupportedOperation(f"the module {prefix!r} has hooks that act on gradients, which is not compiled")
    if isinstance(module, torch.jit.ScriptModule):
        raise UnsupportedOperation(f"the module {prefix!r} was compiled by torch.jit, and cannot be watched")
    copied = modules[id(module)] = object.__new__(type(module))
    own = copied.__dict__
    own.update(module.__dict__)
    for kind in ("_parameters", "_buffers"):
        own[kind] = own[kind].copy()
        for name, real in own[kind].items():
            if real is not None:
                own[kind][name] = _tensor(real, _dotted(prefix, name), sources, tensors)
    own["_modules"] = own["_modules"].copy()
    for name, inner in own["_modules"].items():
        if isinstance(inner, nn.Module):
            own["_modules"][name] = _module(inner, _dotted(prefix, name), sources, modules, tensors)
    return copied


def _tensor(real: Tensor, dotted: str, sources: Sources, tensors: dict[int, Tensor]) -> Tensor:
    """The tensor in the place of a parameter: one for all its names."""
    found = tensors.get(id(real))
    if found is None:
        if type(real) in (Tensor, nn.Parameter, nn.Buffer) and not is_functorch_wrapped_tensor(real):
            found = torch.zeros_like(real, device="cpu") if real.device.type == "meta" else real.detach().to("cpu")
            sources[dotted] = (found, real)
        else:
            found = torch.zeros(tuple(real.shape), dtype=real.dtype, device="cpu")
            sources[dotted] = (found,)
        tensors[id(real)] = found
    return found


def _dotted(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name
