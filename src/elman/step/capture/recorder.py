"""Watches every torch operation of a step that runs once on a few rows, and writes the program."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from elman.step.build import Builder
from elman.step.capture import elementwise, movement, products, reductions
from elman.step.capture.call import Call, tensors_of
from elman.step.capture.refusal import CaptureError, UnsupportedOperation, user_line
from elman.step.capture.terms import Operand, Term
from elman.step.capture.values import Fixed, Known, Rows, Value, numel, storage_of
from elman.step.capture.weights import Weights

# New tensors that do not depend on what stands in the tensors they are made like.
_FILLS = """
    zeros_like ones_like full_like empty_like new_zeros new_ones new_full new_empty new_empty_strided empty
    empty_strided
"""
FILLS = frozenset(_FILLS.split())
READS = frozenset({"_local_scalar_dense", "item", "equal", "is_nonzero", "allclose"})
RANDOM = torch.Tag.nondeterministic_seeded


class Recorder(TorchDispatchMode):
    """Turns torch operations into nodes of a program.

    Args:
        builder: writes the program.
        known: what stands behind each tensor.
        weights: keeps the weights.
        n: how many rows the step is given.
        dtype: in which the program computes.

    Attributes:
        shown: the function that the user called, as it is to be named in an error; set by the `Watcher`.
        refusal: the last error raised here, in case the step itself catches it.
    """

    def __init__(self, builder: Builder, known: Known, weights: Weights, n: int, dtype: torch.dtype) -> None:
        super().__init__()
        self.builder, self.known, self.weights, self.n, self.dtype = builder, known, weights, n, dtype
        self.shown = ""
        self.refusal: UnsupportedOperation | CaptureError | None = None

    supports_higher_order_operators = True  # to refuse them: torch.cond, torch.while_loop, …

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # otherwise torch imports its compiler, which takes seconds

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        with torch._C.DisableTorchFunction():
            try:
                return self._operation(func, args, kwargs or {})
            except (UnsupportedOperation, CaptureError) as error:
                self.refusal = error
                raise

    def value(self, tensor: Tensor) -> Value:
        """What stands behind a tensor."""
        value = self.known.find(tensor)
        if value is None:
            raise from_outside()
        return value

    def name(self, func: Any) -> str:
        """An operation as the user wrote it, or as torch calls it inside."""
        return self.shown or str(func)

    def _operation(self, func: Any, args: Any, kwargs: Any) -> Any:
        if not isinstance(func, torch._ops.OpOverload):
            raise UnsupportedOperation(f"torch.{func.__name__} is not compiled", where=user_line())
        base, _, overload = func.__name__.partition(".")
        tensors = tensors_of((args, kwargs))
        if base in ("lift_fresh", "lift") and self.known.find(tensors[0]) is None:
            self.known.add(tensors[0], Fixed("", tensors[0]))
        if RANDOM in func.tags:
            raise UnsupportedOperation(f"{self.name(func)} draws random numbers, anew at every step", where=user_line())
        target = self._target(func, args)
        skipped = 1 if base in ("copy_", "fill_", "zero_") else 0  # what is overwritten is not read
        values = [self.value(t) for t in tensors[skipped:]]
        if base not in FILLS:
            self._sound(func, base, values)
        if base in FILLS or all(isinstance(value, Fixed) for value in values):
            return self._fixed(func, base, args, kwargs, [] if base in FILLS else values, target)
        return self._rows(func, base, overload, args, kwargs, target)

    def _target(self, func: Any, args: Any) -> Tensor | None:
        """The tensor that an operation writes to, None for most."""
        if not func._schema.is_mutable:
            return None
        if func._schema.arguments[0].alias_info is None or not func._schema.arguments[0].alias_info.is_write:
            raise UnsupportedOperation(f"{self.name(func)} writes to a tensor given as out=", where=user_line())
        if self.known.find(args[0]) is None:
            raise from_outside()
        if self.known.is_given(args[0]):
            raise CaptureError(
                f"{self.name(func)} changes an argument, parameter or buffer in place",
                "a step without side effects",
                "Write h = h + …, and return new values as the new state.",
                where=user_line(),
            )
        return args[0]

    def _sound(self, func: Any, base: str, values: list[Value]) -> None:
        depends = [value for value in values if isinstance(value, Rows) or not value.constant]
        if any(isinstance(value, Fixed) and value.blank for value in values):
            raise UnsupportedOperation("a new tensor is read before it was written", where=user_line())
        if base in READS and depends:
            raise _reads()
        if depends and not torch.is_grad_enabled() and base.rstrip("_") not in elementwise.DECISIONS:
            raise UnsupportedOperation(
                "an operation without gradients (torch.no_grad, or a torch.autograd.Function) is not compiled",
                where=user_line(),
            )

    def _fixed(self, func: Any, base: str, args: Any, kwargs: Any, values: list[Value], target: Tensor | None) -> Any:
        """An operation on weights and constants alone."""
        weights = [value for value in values if isinstance(value, Fixed) and not value.constant]
        if len(weights) == 1 and base in ("expand", "repeat"):
            spread = self.weights.spread(weights[0], lambda places: func(places, *args[1:], **kwargs), self.n)
            if spread is not None:
                spread_out = func(*args, **kwargs).clone()
                self.known.add(spread_out, Rows(*spread))
                return spread_out
        if weights and _chooses(func, base, args):
            raise UnsupportedOperation(
                f"{self.name(func)} gives a weight of another size for other numbers", where=user_line()
            )
        if weights and target is not None:
            raise UnsupportedOperation(
                f"{self.name(func)} changes a tensor made of weights in place", where=user_line()
            )
        out = func(*args, **kwargs)
        if not all(isinstance(part, Tensor) for part in (out if isinstance(out, list | tuple) else (out,))):
            if weights and out is not None:
                raise _reads()
            return out
        if not weights:
            self._constants(base, out, target)
            return out
        if base == "detach":
            out = tensors_of(out)[0].clone()  # it must not be taken for a view with gradient
            self.known.given.add(storage_of(out))
        stand = [self._fixed_of(t) for t in args], {key: self._fixed_of(v) for key, v in kwargs.items()}
        results = self.weights.record(func, stand[0], stand[1], out, weights[0])
        for result in results:
            root = next((w for w in weights if storage_of(w.tensor) == storage_of(result.tensor)), None)
            result.root = None if root is None else root.root or root
            self.known.add(result.tensor, result)
        return out

    def _constants(self, base: str, out: Any, target: Tensor | None) -> None:
        if target is not None:
            self.known.written(target, constant=True)
        for tensor in tensors_of(out):
            self.known.add(tensor, Fixed("", tensor, blank="empty" in base))

    def _fixed_of(self, argument: Any) -> Any:
        if isinstance(argument, Tensor):
            return self.value(argument)
        if isinstance(argument, list | tuple):
            return [self._fixed_of(part) for part in argument]
        return argument

    def _rows(self, func: Any, base: str, overload: str, args: Any, kwargs: Any, target: Tensor | None) -> Any:
        """An operation on rows."""
        if target is not None and base not in ("copy_", "fill_", "zero_"):
            base = base.rstrip("_")
        rule = _rule(base, overload)
        call = Call(func, args, kwargs, None, self.value, self.builder, self.weights, self.n, self.name(func))
        if base == "detach":
            raise call.unsupported("stops the gradient, which is not compiled")
        if rule is None and base not in movement.NAMES and base != "copy_":
            raise call.unsupported()
        if base == "native_batch_norm" and args[5]:  # it would write to the running means
            raise call.across()
        if base not in movement.NAMES | {"mm", "addmm"} and any(rows.merged for _, rows in call.all_rows()):
            raise call.unsupported("sees rows and groups of features in one dimension", "Keep (n, groups, features).")
        call.out = products.unfilled(func, args, kwargs) if base in products.RULES else func(*args, **kwargs)
        if any(part.dtype == torch.bool for part in tensors_of(call.out)) and not _boolean(base, args):
            raise call.unsupported("is not compiled where it gives True and False")
        try:
            found = self._found(call, rule, base)
        except TypeError as error:  # an argument that the rule does not know
            raise call.unsupported("is compiled, but not with these arguments") from error
        self._register(call, found, target)
        return call.out

    def _found(self, call: Call, rule: Callable[..., Any] | None, base: str) -> Any:
        """What stands behind the results of an operation."""
        if base in movement.NAMES:
            return movement.move(call)
        if rule is None:  # copy_: what stood there before does not matter
            return self._elementwise(call, lambda a: a, call.args[1:], {})
        if rule in _ELEMENTWISE:
            return self._elementwise(call, rule, call.args, call.kwargs)
        return rule(call, *call.args, **call.kwargs)

    def _elementwise(self, call: Call, rule: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """A formula on operands that are broadcast against each other."""
        first = call.out[0] if isinstance(call.out, list | tuple) else call.out
        afters = {tensor.dim() - 1 - rows.axis for tensor, rows in call.all_rows()}
        if len(afters) != 1:
            raise call.across("two tensors are combined whose rows stand in different dimensions")
        after = afters.pop()
        axis = first.dim() - 1 - after
        features = tuple(size for i, size in enumerate(first.shape) if i != axis)

        def operand(argument: Any) -> Any:
            return call.operand(argument, features, after) if isinstance(argument, Tensor) else argument

        found = rule(*map(operand, args), **{key: operand(value) for key, value in kwargs.items()})
        if isinstance(found, tuple):
            return tuple(self._as_rows(part, features, axis) for part in found)
        return self._as_rows(found, features, axis)

    def _as_rows(self, found: Operand, features: tuple[int, ...], axis: int) -> Rows:
        arg = found.name if isinstance(found, Term) else float(found)
        return Rows(self.builder.rows(arg, numel(features)), features, axis)

    def _register(self, call: Call, found: Any, target: Tensor | None) -> None:
        outs = call.out if isinstance(call.out, list | tuple) else (call.out,)
        if target is not None:
            self.known.written(target, constant=False)
        for tensor, rows in zip(outs, found if isinstance(found, list | tuple) else (found,), strict=True):
            if rows is None:  # what only a backward pass would need
                continue
            decided = tensor.dtype == torch.bool
            if tensor.dtype != self.dtype and not decided:
                raise call.unsupported(f"computes in {tensor.dtype}, where the cell computes in {self.dtype}")
            self.known.add(tensor, rows)


def _reads() -> CaptureError:
    return CaptureError(
        "the step reads a number out of a tensor, or decides by one",
        "a step that does the same operations whatever the numbers are",
        "Write torch.where(condition, a, b) instead of if, and keep numbers in tensors.",
        where=user_line(),
    )


def from_outside() -> CaptureError:
    """A tensor that nobody has seen before."""
    return CaptureError(
        "the step uses a tensor that is neither an argument nor a parameter or buffer of the cell",
        fix="Keep it as self.register_buffer(name, tensor), or make it a parameter; modules belong into nn.ModuleList.",
        where=user_line(),
    )


_ELEMENTWISE = frozenset(elementwise.RULES.values())


def _boolean(base: str, args: Any) -> bool:
    """Whether an operation that gives True or False gives 1 or 0 in a program."""
    if base == "copy_":
        return args[1].dtype == torch.bool
    return base in movement.NAMES or base in elementwise.BOOLEAN


def _chooses(func: Any, base: str, args: Any) -> bool:
    """Whether the size of a result depends on the numbers of the arguments."""
    if torch.Tag.dynamic_output_shape not in func.tags:
        return False
    return base != "index" or any(tensor.dtype == torch.bool for tensor in tensors_of(args[1]))


def _rule(base: str, overload: str) -> Callable[..., Any] | None:
    for table in (elementwise.RULES, products.RULES, reductions.RULES):
        for key in (f"{base}.{overload}", base):
            if key in table:
                return table[key]
    return None
