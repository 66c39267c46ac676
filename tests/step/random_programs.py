"""Random steps for hypothesis, and random values for their inputs."""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from hypothesis import strategies as st
from torch import Tensor

from elman.step.program import Argument, Input, Node, Program

# Odd numbers, so that no computed value is equal to one of them but for rounding.
NUMBERS = (-0.83, -0.21, 0.37, 0.71, 1.0, 1.13, 0.0, -1.0, 2.0)
UNARY = ("neg", "tanh", "sigmoid", "relu", "abs", "sin", "cos", "erf", "softplus", "sign")
POSITIVE = ("log", "sqrt", "rsqrt", "reciprocal", "log1p")  # of values of at least a half
SMALL = ("exp", "expm1")  # of values of at most one
BINARY = ("add", "sub", "mul", "minimum", "maximum")
COMPARE = ("gt", "ge", "lt", "le", "eq", "ne")
LARGE = 8.0  # values that may be larger are brought back by tanh


@dataclass
class Sketch:
    """A program being drawn; `bound` is how large a value may be."""

    draw: Callable[..., object]
    inputs: list[Input] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    widths: dict[str, int] = field(default_factory=dict)
    bound: dict[str, float] = field(default_factory=dict)

    def pick(self, *choices: object) -> object:
        return self.draw(st.sampled_from(choices))

    def given(self, name: str, kind: str, shape: tuple[int, ...]) -> str:
        self.inputs.append(Input(name, kind, shape))  # type: ignore[arg-type]
        if kind != "weight":
            self.widths[name], self.bound[name] = shape[0], 2.0
        return name

    def node(self, op: str, *args: Argument, width: int, bound: float, attributes: tuple[int | float, ...] = ()) -> str:
        name = f"v{len(self.nodes)}"
        self.nodes.append(Node(name, op, args, width, attributes))
        self.widths[name], self.bound[name] = width, bound
        return self.node("tanh", name, width=width, bound=1.0) if bound > LARGE else name

    def rows(self, *widths: int) -> str:
        """Some rows, of one of the widths if any are given."""
        fitting = [name for name, width in self.widths.items() if not widths or width in widths]
        return str(self.pick(*fitting)) if fitting else self.product(str(self.pick(*self.widths)), widths[0])

    def weight(self, shape: tuple[int, ...]) -> str:
        """A weight of that shape: a new one, or one that is there."""
        same = [value.name for value in self.inputs if value.kind == "weight" and value.shape == shape]
        name = f"w{sum(value.kind == 'weight' for value in self.inputs)}"
        return str(self.pick(*same)) if same and self.draw(st.booleans()) else self.given(name, "weight", shape)

    def product(self, a: str, width: int) -> str:
        """Rows times a block of a weight."""
        inner, transposed = self.widths[a], int(self.draw(st.booleans()))  # type: ignore[call-overload]
        above, left, below, right = (int(self.pick(0, 0, 0, 1, 3)) for _ in range(4))  # type: ignore[call-overload]
        height, columns = (width, inner) if transposed else (inner, width)
        weight = self.weight((above + height + below, left + columns + right))
        block = (transposed, above, above + height, left, left + columns)
        return self.node("matmul", a, weight, width=width, bound=self.bound[a] * inner, attributes=block)

    def other(self, width: int) -> Argument:
        """Something that an elementwise operation can combine with rows of that width."""
        kind = self.pick("rows", "rows", "narrow", "vector", "slice", "scalar", "number")
        if kind == "rows":
            return self.rows(width)
        if kind == "narrow":
            return self.rows(1)
        if kind == "vector":
            return self.weight((width,))
        if kind == "slice":
            whole = self.weight((width + 2,))
            self.nodes.append(Node(f"v{len(self.nodes)}", "slice", (whole,), width, (1, 1 + width)))
            return self.nodes[-1].name
        return self.weight(()) if kind == "scalar" else float(self.pick(*NUMBERS))  # type: ignore[arg-type]

    def size(self, arg: Argument) -> float:
        return self.bound.get(arg, 2.0) if isinstance(arg, str) else abs(arg)

    def grow(self) -> None:
        """One more value, of a random operation."""
        a = self.rows()
        width, bound = self.widths[a], self.bound[a]
        kind = self.pick(
            "unary", "positive", "small", "binary", "binary", "matmul", "where", "div", "features", "features"
        )
        if kind == "unary":
            op = str(self.pick(*UNARY))
            self.node(op, a, width=width, bound=max(bound, 1.0) + (op == "softplus"))
        elif kind == "positive":
            square = self.node("mul", a, a, width=width, bound=min(bound * bound, LARGE) if bound <= 2 else 99.0)
            above = self.node("add", square, 1.57, width=width, bound=self.bound[square] + 1.57)
            if self.draw(st.booleans()):
                self.node(str(self.pick(*POSITIVE)), above, width=width, bound=LARGE)
            else:
                exponent = float(self.pick(2.0, 3.0, -1.0, 0.5, -0.5, 0.37, 0.0, 1.0))  # type: ignore[arg-type]
                self.node("pow", above, exponent, width=width, bound=99.0)
        elif kind == "small":
            small = self.node("tanh", a, width=width, bound=1.0)
            self.node(str(self.pick(*SMALL)), small, width=width, bound=3.0)
        elif kind == "binary":
            op, other = str(self.pick(*BINARY)), self.other(width)
            args = (a, other) if self.draw(st.booleans()) else (other, a)
            bounds = bound, self.size(other)
            self.node(op, *args, width=width, bound=bounds[0] * bounds[1] if op == "mul" else sum(bounds))
        elif kind == "matmul":
            self.product(a, int(self.pick(1, 2, 3, 4)))  # type: ignore[call-overload]
        elif kind == "where":
            mask = self.node(str(self.pick(*COMPARE)), a, float(self.pick(*NUMBERS[:4])), width=width, bound=1.0)  # type: ignore[arg-type]
            b, c = self.other(width), self.other(width)
            self.node("where", mask, b, c, width=width, bound=max(self.size(b), self.size(c)))
        elif kind == "div":
            b = self.rows(1, width)
            square = self.node("mul", b, b, width=self.widths[b], bound=self.bound[b] ** 2)
            below = self.node("add", square, 1.31, width=self.widths[b], bound=self.bound[square] + 1.31)
            self.node("div", a, below, width=width, bound=99.0)
        else:
            self.features(a)

    def features(self, a: str) -> None:
        """A value that moves features about."""
        width, bound = self.widths[a], self.bound[a]
        op = str(self.pick("sum", "max", "slice", "slice", "concat", "expand", "full"))
        if op in ("sum", "max"):
            self.node(op, a, width=1, bound=bound * width)
        elif op == "slice":
            start = int(self.draw(st.integers(0, width - 1)))  # type: ignore[call-overload]
            stop = int(self.draw(st.integers(start + 1, width)))  # type: ignore[call-overload]
            self.node(op, a, width=stop - start, bound=bound, attributes=(start, stop))
        elif op == "concat":
            parts = [a, *(self.rows() for _ in range(int(self.pick(1, 2))))]  # type: ignore[call-overload]
            total = sum(self.widths[part] for part in parts)
            if total <= 8:
                self.node(op, *parts, width=total, bound=max(self.bound[part] for part in parts))
        elif op == "expand":
            source = self.weight((width,)) if self.draw(st.booleans()) else self.rows(1)
            self.node(op, source, width=width, bound=LARGE)
        else:
            self.node(op, width=width, bound=2.0, attributes=(float(self.pick(*NUMBERS)),))  # type: ignore[arg-type]

    def new_state(self, name: str) -> str:
        """The new value of a state, such that it stays small over many steps."""
        width = self.widths[name]
        value = self.rows(width)
        kind = self.pick("tanh", "tanh", "leaky", "linear", "direct")
        if kind == "direct" and value in (*self.widths,) and not value.startswith("v"):
            return value  # x itself, or a state
        small = self.node("tanh", value, width=width, bound=1.0)
        if kind not in ("leaky", "linear"):
            return small
        if kind == "leaky":
            decay: Argument = 0.71
        else:
            decay = self.node("sigmoid", self.rows(width), width=width, bound=1.0)
        left = self.node("mul", name, decay, width=width, bound=2.0)
        return self.node("add", left, small, width=width, bound=3.0)


@st.composite
def programs(draw: Callable[..., object], *, rows: bool = True, steps: bool = True, operations: int = 12) -> Program:
    """A step that keeps all laws: one to three states of widths 1 to 4, and up to so many random operations.

    Args:
        draw: of hypothesis.
        rows: whether it may have an input per row, "r".
        steps: whether it may have a second input per step, "u".
        operations: at most so many.
    """
    sketch = Sketch(draw)
    sizes = st.integers(1, 4)
    sketch.given("x", "step", (int(draw(sizes)),))  # type: ignore[call-overload]
    if steps and draw(st.booleans()):
        sketch.given("u", "step", (int(draw(sizes)),))  # type: ignore[call-overload]
    if rows and draw(st.booleans()):
        sketch.given("r", "row", (int(draw(sizes)),))  # type: ignore[call-overload]
    states = [f"s{i}" for i in range(int(draw(st.integers(1, 3))))]  # type: ignore[call-overload]
    for name in states:
        sketch.given(name, "state", (int(draw(sizes)),))  # type: ignore[call-overload]
    for _ in range(int(draw(st.integers(1, operations)))):  # type: ignore[call-overload]
        sketch.grow()
    new = tuple((name, sketch.new_state(name)) for name in states)
    y = str(sketch.pick(*sketch.widths))
    return Program(tuple(sketch.inputs), tuple(sketch.nodes), (("y", y),), new)


def random_values(program: Program, n: int, seed: int = 0, time: int | None = None) -> dict[str, Tensor]:
    """Normal values in float64 for every input, (n, width); for steps (n, time, width) if a time is given."""
    generator = torch.Generator().manual_seed(seed)
    values: dict[str, Tensor] = {}
    for value in program.inputs:
        lead = (n, time) if value.kind == "step" and time is not None else (n,)
        shape = value.shape if value.kind == "weight" else (*lead, *value.shape)
        scale = 0.5 if value.kind == "weight" else 0.8
        values[value.name] = (torch.randn(shape, generator=generator, dtype=torch.float64) * scale).clamp(-2, 2)
    return values
