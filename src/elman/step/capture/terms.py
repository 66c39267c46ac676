"""Arithmetic on values of a program, so that a decomposition reads like the formula it is."""

from collections.abc import Sequence

from elman.step.build import Builder
from elman.step.capture.refusal import UnsupportedOperation, user_line
from elman.step.program import Argument

LONGEST = 64  # pieces into which features are cut to be put into another order


class Term:
    """A value of the program being written, with Python's arithmetic.

    Args:
        builder: writes the program.
        name: the value.
    """

    __slots__ = ("builder", "name")

    def __init__(self, builder: Builder, name: str) -> None:
        self.builder, self.name = builder, name

    @property
    def width(self) -> int:
        """Features of one row."""
        return self.builder.values[self.name].width

    def __add__(self, other: "Operand") -> "Term":
        return apply("add", self, other)

    def __radd__(self, other: float) -> "Term":
        return apply("add", self, other)

    def __sub__(self, other: "Operand") -> "Term":
        return apply("sub", self, other)

    def __rsub__(self, other: float) -> "Term":
        return apply("sub", other, self)

    def __mul__(self, other: "Operand") -> "Term":
        return apply("mul", self, other)

    def __rmul__(self, other: float) -> "Term":
        return apply("mul", self, other)

    def __truediv__(self, other: "Operand") -> "Term":
        return apply("div", self, other)

    def __rtruediv__(self, other: float) -> "Term":
        return apply("div", other, self)

    def __neg__(self) -> "Term":
        return apply("neg", self)


Operand = Term | float


def apply(op: str, *operands: Operand) -> Term:
    """The result of an elementwise operation, of which at least one operand is no number."""
    builder = next(o.builder for o in operands if isinstance(o, Term))
    args: list[Argument] = [o.name if isinstance(o, Term) else float(o) for o in operands]
    return Term(builder, builder.rows(builder.add(op, *args), builder.width(*args)))


def clip_gradient(a: Term, bound: float) -> Term:
    """The value as it is, its gradient within ± bound."""
    return Term(a.builder, str(a.builder.add("clip_gradient", a.name, width=a.width, attributes=(float(bound),))))


def reduce(op: str, a: Term) -> Term:
    """sum or max over the features of each row."""
    if a.width == 1:
        return a
    return Term(a.builder, str(a.builder.add(op, a.name, width=1)))


def take(builder: Builder, sources: Sequence[str], columns: Sequence[int]) -> str:
    """Features chosen and put into an order: the columns of all sources side by side, counted from 0.

    Runs of neighbours become slices, repetitions are expanded, and all that is put side by side again.
    """
    widths = [builder.values[name].width for name in sources]
    pieces: list[str] = []
    at = 0
    while at < len(columns):
        source, start = 0, columns[at]
        while start >= widths[source]:
            start -= widths[source]
            source += 1
        name, limit = sources[source], widths[source] - start
        run = _run(columns, at, 1, limit)
        repeated = _run(columns, at, 0, len(columns)) if run == 1 else 1
        piece = str(builder.take(name, start, start + run))
        pieces.append(builder.rows(piece, repeated) if repeated > 1 else piece)
        at += max(run, repeated)
        if len(pieces) > LONGEST:
            raise UnsupportedOperation(
                f"features are put into another order in more than {LONGEST} pieces",
                "Order the columns of the weights instead.",
                where=user_line(),
            )
    return pieces[0] if len(pieces) == 1 else str(builder.add("concat", *pieces, width=len(columns)))


def _run(columns: Sequence[int], at: int, step: int, limit: int) -> int:
    """How many columns from there on follow one another by a step, at most limit."""
    stop = at + 1
    while stop < len(columns) and stop - at < limit and columns[stop] == columns[at] + step * (stop - at):
        stop += 1
    return stop - at
