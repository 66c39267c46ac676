"""One pass over a batch as operators of torch, `elman::forward` and `elman::backward`, with all their derivatives.

    elman::forward(program, machine, values, lengths, reset, reverse, needs) → [y, final states …, kept]
    elman::backward(program, machine, values, results, gradients, …) → [gradients of those values that need one]

The derivative of forward is backward, and that of backward is computed through the plain loop over the program. A
direct call of the operators is for what torch traces (compile, export, other modes); plain tensors take the shorter way
through two autograd functions, which serve torch.func too.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from elman.errors import ArgumentError
from elman.run import kernels, shapes
from elman.run.plan import plan
from elman.run.second import second_derivatives

_GIVEN = "str program, str machine, Tensor[] values"
_SETTING = "Tensor lengths, Tensor? reset, bool reverse, bool[] needs"
_library = torch.library.Library("elman", "DEF")
_library.define(f"forward({_GIVEN}, {_SETTING}) -> Tensor[]")
_library.define(f"backward({_GIVEN}, Tensor[] results, Tensor?[] gradients, {_SETTING}) -> Tensor[]")
_library.impl("forward", kernels.forward, "CompositeExplicitAutograd")
_library.impl("backward", kernels.backward, "CompositeExplicitAutograd")


def forward(
    program: str,
    machine: str,
    values: Sequence[Tensor],
    lengths: Tensor,
    reset: Tensor | None,
    reverse: bool,
) -> Sequence[Tensor]:
    """Run a step over a batch, differentiably: y, the final states, and more, as `elman.run.kernels.forward`."""
    recording = torch.is_grad_enabled()
    needs = [recording and value.requires_grad for value in values]
    if torch.compiler.is_compiling():
        return torch.ops.elman.forward(program, machine, values, lengths, reset, reverse, needs)
    if _transformed():
        return Forward.apply(program, machine, lengths, reset, reverse, tuple(needs), *values)
    if any(needs):
        return Plain.apply(program, machine, lengths, reset, reverse, tuple(needs), *values)
    return _forward(program, machine, values, lengths, reset, reverse, needs)


# ---- how torch is told ---------------------------------------------------------------------------------------------

_transformed: Callable[[], bool] = torch._C._are_functorch_transforms_active
_watchers: Callable[[], int] = torch._C._len_torch_dispatch_stack


def _plain(values: Sequence[Tensor]) -> bool:
    """Whether these are tensors with memory, and nobody watches what is done with them."""
    if _watchers() or values[0].is_meta:
        return False
    return all(type(value) in (Tensor, torch.nn.Parameter) for value in values)


def _forward(program: str, machine: str, values: Sequence[Tensor], *setting: Any) -> list[Tensor]:
    run = kernels.forward if _plain(values) else torch.ops.elman.forward
    return run(program, machine, values, *setting)


def _backward(program: str, machine: str, values: Sequence[Tensor], *rest: Any) -> list[Tensor]:
    run = kernels.backward if _plain(values) else torch.ops.elman.backward
    return run(program, machine, values, *rest)


class Forward(Function):
    """`elman::forward` with its derivative, for plain tensors and torch.func."""

    @staticmethod
    def forward(program: str, machine: str, lengths: Any, reset: Any, reverse: bool, needs: Any, *values: Any) -> Any:
        """The pass itself."""
        return tuple(_forward(program, machine, values, lengths, reset, reverse, needs))

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        """What the gradients will need."""
        program, machine, lengths, reset, reverse, needs, *values = inputs
        _remember(ctx, program, machine, values, lengths, reset, reverse, needs, output)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        """The gradients of the values."""
        return (None,) * 6 + tuple(_gradients(ctx, gradients, ctx.needs_input_grad[6:]))

    @staticmethod
    def vmap(info: Any, in_dims: Any, *args: Any) -> Any:
        """Each member of the batch in turn."""
        return _one_by_one(Forward.apply, info.batch_size, in_dims, args)

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Any:
        """Refused."""
        raise _no_forward_mode()


class Plain(Function):
    """The same without torch.func, for which torch looks at a function's signature at every call (35 µs)."""

    @staticmethod
    def forward(ctx: Any, *inputs: Any) -> Any:
        """The pass itself, and what the gradients will need."""
        program, machine, lengths, reset, reverse, needs, *values = inputs
        output = tuple(_forward(program, machine, values, lengths, reset, reverse, needs))
        _remember(ctx, program, machine, values, lengths, reset, reverse, needs, output)
        return output

    backward = Forward.backward


class Backward(Function):
    """`elman::backward` with its derivative, for plain tensors and torch.func."""

    @staticmethod
    def forward(
        program: str, machine: str, lengths: Any, reset: Any, reverse: bool, needs: Any, counts: Any, *tensors: Any
    ) -> Any:
        """The gradients."""
        return tuple(_backward(program, machine, *_cut(tensors, counts), lengths, reset, reverse, needs))

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        """What their gradients will need."""
        program, _, lengths, reset, reverse, needs, counts, *tensors = inputs
        values, _, gradients = _cut(tensors, counts)
        _remember_second(ctx, program, values, gradients, lengths, reset, reverse, needs)

    @staticmethod
    def backward(ctx: Any, *seconds: Any) -> Any:
        """The gradients of values and gradients; those of the results are counted among the values'."""
        values, gradients = _seconds(ctx, seconds)
        return (None,) * 7 + (
            *values,
            *(None,) * (len(ctx.needs_input_grad) - 7 - len(values) - len(gradients)),
            *gradients,
        )

    @staticmethod
    def vmap(info: Any, in_dims: Any, *args: Any) -> Any:
        """Each member of the batch in turn."""
        return _one_by_one(Backward.apply, info.batch_size, in_dims, args)

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Any:
        """Refused."""
        raise _no_forward_mode()


def _cut(tensors: Sequence[Any], counts: Sequence[int]) -> list[Sequence[Any]]:
    """A row of tensors in parts of these lengths, the last one the rest."""
    a, b = counts[0], counts[0] + counts[1]
    return [tensors[:a], tensors[a:b], tensors[b:]]


def _remember(
    ctx: Any, program: str, machine: str, values: Any, lengths: Any, reset: Any, reverse: bool, needs: Any, output: Any
) -> None:
    states = len(plan(program).program.states)
    kept = list(output[1 + states :])
    ctx.mark_non_differentiable(*kept)
    ctx.set_materialize_grads(False)
    ctx.setting = program, machine, reverse, tuple(needs), len(values), states
    ctx.save_for_backward(*values, lengths, reset, output[0], *kept)


def _gradients(ctx: Any, gradients: Sequence[Tensor | None], wanted: Sequence[bool]) -> list[Tensor | None]:
    """The gradient of every value, None where none is needed."""
    program, machine, reverse, needs, count, states = ctx.setting
    saved = ctx.saved_tensors
    values, (lengths, reset), results = saved[:count], saved[count : count + 2], saved[count + 2 :]
    if any(want and not need for want, need in zip(wanted, needs, strict=True)):
        needs = tuple(wanted)  # nobody could tell in the forward pass (torch.func), so nothing was kept: once more
        again = Forward.apply(program, machine, lengths, reset, reverse, needs, *values)
        results = (again[0], *again[1 + states :])
    given = gradients[: 1 + states]
    if torch.is_grad_enabled() or _transformed():
        counts = (count, len(results))
        found = Backward.apply(program, machine, lengths, reset, reverse, needs, counts, *values, *results, *given)
    else:
        found = _backward(program, machine, values, results, given, lengths, reset, reverse, needs)
    left = iter(found)
    return [next(left) if need else None for need in needs]


def _remember_second(
    ctx: Any, program: str, values: Any, gradients: Any, lengths: Any, reset: Any, reverse: bool, needs: Any
) -> None:
    ctx.set_materialize_grads(False)
    ctx.setting = program, reverse, tuple(needs), len(values)
    ctx.save_for_backward(*values, lengths, reset, *gradients)


def _seconds(ctx: Any, seconds: Sequence[Tensor | None]) -> tuple[list[Tensor | None], list[Tensor | None]]:
    program, reverse, needs, count = ctx.setting
    saved = ctx.saved_tensors
    values, (lengths, reset), gradients = saved[:count], saved[count : count + 2], saved[count + 2 :]
    return second_derivatives(plan(program).program, values, gradients, seconds, lengths, reset, reverse, needs)


def _register() -> None:
    """Shapes without numbers, derivatives and vmap of the two operators."""

    def setup(ctx: Any, inputs: Any, output: Any) -> None:
        program, machine, values, lengths, reset, reverse, needs = inputs
        _remember(ctx, program, machine, values, lengths, reset, reverse, needs, output)

    def first(ctx: Any, gradients: Any) -> Any:
        return None, None, _gradients(ctx, gradients, ctx.setting[3]), None, None, None, None

    def setup_second(ctx: Any, inputs: Any, output: Any) -> None:
        program, _, values, results, gradients, *setting = inputs
        ctx.results = len(results)
        _remember_second(ctx, program, values, gradients, *setting)

    def second(ctx: Any, seconds: Any) -> Any:
        values, gradients = _seconds(ctx, seconds)
        return None, None, values, [None] * ctx.results, gradients, None, None, None, None

    library = torch.library
    for name, setup_context, derivative in (("forward", setup, first), ("backward", setup_second, second)):
        operator = getattr(torch.ops.elman, name)

        def one_by_one(info: Any, in_dims: Any, *args: Any, operator: Any = operator) -> Any:
            found, dims = _one_by_one(operator, info.batch_size, in_dims, args)
            return list(found), list(dims)

        library.register_fake(f"elman::{name}", getattr(shapes, name), lib=_library)
        library.register_autograd(f"elman::{name}", derivative, setup_context=setup_context, lib=_library)
        library.register_vmap(f"elman::{name}", one_by_one, lib=_library)


def _one_by_one(function: Callable[..., Sequence[Tensor]], size: int, in_dims: Any, args: Any) -> Any:
    """torch.func.vmap of a pass: each member of the batch in turn, the results side by side."""

    def member(arg: Any, dim: Any, i: int) -> Any:
        if isinstance(dim, list | tuple):
            return [member(a, d, i) for a, d in zip(arg, dim, strict=True)]
        return arg if dim is None or arg is None else arg.select(dim, i)

    found = [function(*[member(arg, dim, i) for arg, dim in zip(args, in_dims, strict=True)]) for i in range(size)]
    stacked = tuple(torch.stack(parts) for parts in zip(*found, strict=True))
    return stacked, (0,) * len(stacked)


def _no_forward_mode() -> ArgumentError:
    return ArgumentError(
        "forward-mode derivatives (jvp, jacfwd, hessian) of a recurrent layer are asked for",
        expected="reverse mode (grad, vjp, jacrev)",
        fix="Where forward mode is needed, write layer.machine = 'reference'.",
    )


_register()
