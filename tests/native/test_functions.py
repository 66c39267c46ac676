"""How exact the machine's elementary functions are: against torch in float64, at ordinary and at odd numbers."""

import math

import pytest
import torch
from tests.native.harness import view
from torch import Tensor

from elman.native import Machine, available
from elman.step.operations import ELEMENTWISE
from elman.step.program import Input, Node, Program
from elman.step.split import split

pytestmark = pytest.mark.skipif(not available(), reason="elman was built without its native machine")
EPS32, EPS64 = torch.finfo(torch.float32).eps, torch.finfo(torch.float64).eps


def native(op: str, *args: Tensor) -> Tensor:
    """One operation on the native machine: the numbers of each argument as the features of one row and step."""
    names = [f"x{i}" for i in range(len(args))]
    width, dtype = len(args[0]), args[0].dtype
    inputs = tuple(Input(name, "step", (width,)) for name in names)
    program = Program(inputs, (Node("a", op, tuple(names), width),), (("y", "a"),), ())
    y = torch.full((1, 1, width), torch.nan, dtype=dtype)
    lengths = torch.ones(1, dtype=torch.int64)
    Machine(program, split(program), dtype=str(dtype).removeprefix("torch.")).run(
        n=1, time=1, weights={}, steps={n: view(a.reshape(1, 1, -1)) for n, a in zip(names, args, strict=True)},
        states={}, finals={}, outputs={"y": view(y)}, lengths=view(lengths),
    )  # fmt: skip
    return y[0, 0]


def grid(low: float, high: float, dtype: torch.dtype) -> Tensor:
    """Odd steps through an interval, so that no number of the grid is special."""
    return torch.linspace(low, high, 9973, dtype=torch.float64).to(dtype)


# Relative error in units of the type's epsilon, for float32 and float64. float32: tanh is a quotient of polynomials
# with error 3e-7, and rounding; the others have at most 1e-8 from their series and fits, which leaves rounding: at most
# 1.2 eps were measured over every 211th of all float32 numbers. float64: the series end below 5e-16, and 1 of the
# epsilons allowed belongs to torch.
BOUNDS = {
    "tanh": (-9.0, 9.0, 5, 4),
    "sigmoid": (-30.0, 30.0, 3, 4),
    "exp": (-80.0, 80.0, 2, 3),
    "expm1": (-30.0, 30.0, 4, 4),
    "log": (0.01, 90.0, 1, 2),
    "log1p": (-0.9, 90.0, 1, 2),
    "sqrt": (0.0, 90.0, 1, 1),
    "rsqrt": (0.1, 90.0, 2, 2),
    "reciprocal": (0.1, 90.0, 1, 1),
    "sin": (-9.0, 9.0, 2, 2),
    "cos": (-9.0, 9.0, 2, 2),
    "erf": (-4.0, 4.0, 2, 2),
    "softplus": (-30.0, 30.0, 4, 6),
}


@pytest.mark.parametrize("op", BOUNDS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])
def test_relative_error(op: str, dtype: torch.dtype) -> None:
    low, high, *bounds = BOUNDS[op]
    x = grid(low, high, dtype)
    bound = bounds[0] * EPS32 if dtype == torch.float32 else bounds[1] * EPS64
    if op == "softplus":  # torch's own switches to x at 20, an absolute difference of 2e-9
        right = torch.tensor([math.log1p(math.exp(v)) if v < 30 else v for v in x.tolist()], dtype=torch.float64)
        bound += 2.1e-9 / 20
    else:
        right = ELEMENTWISE[op].define(x.double())
    error = ((native(op, x).double() - right) / right).abs()[right != 0]
    assert error.max() <= bound, f"{op}: {error.max() / (EPS32 if dtype == torch.float32 else EPS64):.2f} eps"


UNARY = [name for name, operation in ELEMENTWISE.items() if operation.arity == 1]
SPECIAL = [0.0, -0.0, 1.0, -1.0, 1e-30, -1e-30, 100.0, -100.0, 1000.0, -1000.0, math.inf, -math.inf, math.nan]


@pytest.mark.parametrize("op", UNARY)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])
def test_special_numbers(op: str, dtype: torch.dtype) -> None:
    x = torch.tensor(SPECIAL, dtype=dtype)
    right = ELEMENTWISE[op].define(x)
    tiny = 1e-37 if dtype == torch.float32 else 1e-300  # results below are 0: no denormal numbers
    right = torch.where(right.abs() < tiny, torch.zeros_like(right), right)
    if op == "sign":
        right[-1] = math.nan  # torch says 0
    ours = native(op, x)
    ours = torch.where(ours.abs() < tiny, torch.zeros_like(ours), ours)
    torch.testing.assert_close(ours, right, rtol=8 * torch.finfo(dtype).eps, atol=0, equal_nan=True)


# Where a function crosses from one formula to another, and far from zero. The C library's functions in float64 are
# within one unit in the last place; ours were measured within 2.5.
EDGES = {
    "log": [2.0**-149, 1e-310, 1.1754944e-38, 2.0**-0.5, 1 - 2.0**-24, 1 + 2.0**-52, 2.0**0.5, 3.4e38, 1.7e308],
    "log1p": [-1 + 2.0**-24, -0.5, -0.29, -(2.0**-60), 1e-310, 0.41, 0.42, 1.0, 2.0**25, 3.4e38, 1.7e308],
    "sin": [1e-310, 1e-20, math.pi / 4, math.pi, 711 * math.pi, 4429.5205, 5999.0, 6001.0, 642615.9188844458, 1e22],
    "cos": [1e-310, 1e-20, math.pi / 4, math.pi, 711.5 * math.pi, 2228.8975, 5999.0, 6001.0, 999999.5, 1e22],
    "erf": [1e-310, 1e-20, 0.458, 1 - 2.0**-30, 1.0, 1 + 2.0**-30, 3.9, 4.0, 4.1, 5.9, 6.0, 6.1, 27.0],
}


@pytest.mark.parametrize("op", EDGES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])
def test_edges(op: str, dtype: torch.dtype) -> None:
    x = torch.tensor(EDGES[op], dtype=torch.float64).to(dtype)
    x = torch.cat([x, -x]) if op in ("sin", "cos", "erf") else x[x != 0]
    found = [getattr(math, op)(v) if v < math.inf else v for v in x.double().tolist()]
    right = torch.tensor(found, dtype=torch.float64)
    tiny = torch.finfo(dtype).tiny * torch.finfo(dtype).eps  # the smallest number of all
    torch.testing.assert_close(native(op, x).double(), right, rtol=3.5 * torch.finfo(dtype).eps / 2, atol=tiny)


@pytest.mark.parametrize("op", ["sin", "log1p", "erf", "expm1", "tanh"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])
def test_zero_keeps_its_sign(op: str, dtype: torch.dtype) -> None:
    assert native(op, torch.tensor([0.0, -0.0], dtype=dtype)).signbit().tolist() == [False, True]


@pytest.mark.parametrize("op", UNARY)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])
def test_neighbours_do_not_matter(op: str, dtype: torch.dtype) -> None:
    """The same bits beside ordinary numbers and beside numbers that another formula, or the C library, has to do."""
    x, odd = grid(0.1, 60.0, dtype)[::61], torch.tensor([math.nan, 1e30, math.inf, -1e30], dtype=dtype)
    alone = native(op, x)
    beside = torch.stack([x, odd.repeat(len(x))[: len(x)]], dim=1).reshape(-1)
    assert torch.equal(native(op, beside)[::2], alone)


@pytest.mark.parametrize("op", [name for name, operation in ELEMENTWISE.items() if operation.arity == 2])
def test_two_arguments_at_special_numbers(op: str) -> None:
    a, b = torch.meshgrid(torch.tensor(SPECIAL).double(), torch.tensor(SPECIAL).double(), indexing="ij")
    a, b = a.reshape(-1), b.reshape(-1)
    right = ELEMENTWISE[op].define(a, b)
    torch.testing.assert_close(native(op, a, b), right, rtol=4 * EPS64, atol=0, equal_nan=True)


def test_where() -> None:
    c, a, b = torch.tensor([0.0, 1.0, -0.0, math.nan, -3.0]), torch.arange(5.0), -torch.arange(5.0)
    assert native("where", c, a, b).tolist() == [0.0, 1.0, -2.0, 3.0, 4.0]
