"""The laws every program keeps, checked after every stage: it is read from files, and it ends in raw pointers."""

from collections.abc import Iterable

from elman.errors import ArgumentError
from elman.step.operations import ELEMENTWISE, STRUCTURAL
from elman.step.program import Gradient, Input, Node, Program

LARGEST = 2**31 - 1  # of a width


class ProgramError(ArgumentError):
    """A program breaks a law, so that nothing may run it."""


def check(program: Program) -> Program:
    """Check a whole program.

    Names are unique and used after they were defined; widths agree; blocks lie inside their weights; every state
    has a new value; a matrix is only multiplied by, and no operation is over weights alone.

    Returns:
        the program itself.

    Raises:
        ProgramError: names the node and the law it breaks.
    """
    known: dict[str, Input | Node] = {}
    vectors: set[str] = set()
    for value in program.inputs:
        _input(value, known)
        if value.kind == "weight":
            vectors.add(value.name)
    for node in program.nodes:
        _named(node.name, known)
        _Checker(known, vectors, node).check()
        known[node.name] = node
        if node.op == "slice" and node.args[0] in vectors:
            vectors.add(node.name)
    _results(program, known, vectors)
    for gradient in program.gradients:
        _gradient(gradient, known, vectors)
    return program


def _named(name: str, known: dict[str, Input | Node]) -> None:
    if not isinstance(name, str) or not name or name[0] in "#-" or any(mark.isspace() for mark in name):
        raise ProgramError(f"{name!r} is not a name", "a word without blanks that does not begin with # or -")
    if name in known:
        raise ProgramError(f"two values are named {name!r}")


def _size(size: object, what: str) -> None:
    if not isinstance(size, int) or isinstance(size, bool) or not 1 <= size <= LARGEST:
        raise ProgramError(f"{what} has a size of {size!r}", f"a whole number from 1 to {LARGEST}")


def _input(value: Input, known: dict[str, Input | Node]) -> None:
    _named(value.name, known)
    if value.kind not in ("weight", "step", "previous", "row", "state"):
        raise ProgramError(f"the input {value.name!r} is of the kind {value.kind!r}")
    if len(value.shape) > 2 or (value.kind != "weight" and len(value.shape) != 1):
        raise ProgramError(f"the {value.kind} {value.name!r} has the shape {value.shape}")
    for size in value.shape:
        _size(size, f"the {value.kind} {value.name!r}")
    known[value.name] = value


class _Checker:
    """The laws of one node."""

    def __init__(self, known: dict[str, Input | Node], vectors: set[str], node: Node) -> None:
        self.known, self.vectors, self.node = known, vectors, node

    def fail(self, law: str) -> ProgramError:
        node = self.node
        return ProgramError(f"{node.name} = {node.op}{node.args} of width {node.width}, {node.attributes}: {law}")

    def check(self) -> None:
        node = self.node
        _size(node.width, f"the node {node.name!r}")
        for arg in node.args:
            if isinstance(arg, str):
                if arg not in self.known:
                    raise self.fail(f"{arg!r} is not known here")
            elif not isinstance(arg, float | int) or isinstance(arg, bool):
                raise self.fail(f"{arg!r} is neither a name nor a number")
        if node.op in ELEMENTWISE:
            self.elementwise()
        elif node.op in STRUCTURAL:
            getattr(self, node.op)()
        else:
            raise self.fail("there is no such operation")

    def attributes(self, count: int) -> tuple[int, ...]:
        found = self.node.attributes
        if len(found) != count or any(not isinstance(value, int) or isinstance(value, bool) for value in found):
            raise self.fail(f"it needs {count} whole numbers as attributes")
        return tuple(int(value) for value in found)

    def rows(self, index: int) -> int:
        """The width of an argument that has to be rows."""
        arg = self.node.args[index]
        if not isinstance(arg, str) or arg in self.vectors:
            raise self.fail(f"{arg!r} has to be rows")
        return self.known[arg].width

    def one(self) -> int:
        if len(self.node.args) != 1:
            raise self.fail("it takes one argument")
        return self.rows(0)

    def matrix(self, arg: object) -> bool:
        value = self.known[arg] if isinstance(arg, str) else None
        return isinstance(value, Input) and len(value.shape) == 2

    def elementwise(self) -> None:
        node = self.node
        if len(node.args) != ELEMENTWISE[node.op].arity:
            raise self.fail(f"it takes {ELEMENTWISE[node.op].arity} arguments")
        self.attributes(0)
        if any(self.matrix(arg) for arg in node.args):
            raise self.fail("a matrix can only be multiplied by")
        widths = [self.known[arg].width for arg in node.args if isinstance(arg, str)]
        if all(not isinstance(arg, str) or arg in self.vectors for arg in node.args):
            raise self.fail("one argument has to be rows")
        if max(widths) != node.width or not set(widths) <= {1, node.width}:
            raise self.fail(f"the widths of its arguments are {widths}")

    def matmul(self) -> None:
        node = self.node
        if len(node.args) != 2 or not self.matrix(node.args[1]):
            raise self.fail("it takes rows and a matrix")
        width = self.rows(0)
        transposed, r0, r1, c0, c1 = self.attributes(5)
        height, columns = self.known[str(node.args[1])].shape  # type: ignore[union-attr]
        if transposed not in (0, 1) or not (0 <= r0 < r1 <= height and 0 <= c0 < c1 <= columns):
            raise self.fail(f"the block is not inside the ({height}, {columns}) matrix")
        inner, outer = (c1 - c0, r1 - r0) if transposed else (r1 - r0, c1 - c0)
        if (width, node.width) != (inner, outer):
            raise self.fail(f"rows of width {width} times a block ({inner}, {outer})")

    def sum(self) -> None:
        self.attributes(0)
        self.one()
        if self.node.width != 1:
            raise self.fail("its width has to be 1")

    max = sum

    def clip_gradient(self) -> None:
        if len(self.node.attributes) != 1 or not self.node.attributes[0] > 0:
            raise self.fail("it needs a number above 0 as attribute")
        if self.one() != self.node.width:
            raise self.fail("its width has to be that of its argument")

    def slice(self) -> None:
        start, stop = self.attributes(2)
        args = self.node.args
        if len(args) != 1 or not isinstance(args[0], str) or self.matrix(args[0]):
            raise self.fail("it takes rows or a vector")
        if not 0 <= start < stop <= self.known[args[0]].width or self.node.width != stop - start:
            raise self.fail("it is not inside its argument")

    def concat(self) -> None:
        self.attributes(0)
        if not self.node.args or sum(self.rows(i) for i in range(len(self.node.args))) != self.node.width:
            raise self.fail("the widths of its arguments do not add up")

    def expand(self) -> None:
        self.attributes(0)
        arg = self.node.args[0] if len(self.node.args) == 1 else None
        if not isinstance(arg, str) or self.matrix(arg):
            raise self.fail("it takes rows of width 1 or a vector")
        if self.known[arg].width not in ({1, self.node.width} if arg in self.vectors else {1}):
            raise self.fail(f"its argument has the width {self.known[arg].width}")

    def full(self) -> None:
        if self.node.args or len(self.node.attributes) != 1 or not isinstance(self.node.attributes[0], float | int):
            raise self.fail("it takes one number as its attribute")


def _results(program: Program, known: dict[str, Input | Node], vectors: set[str]) -> None:
    for kind, pairs in (("output", program.outputs), ("state", program.states)):
        _unique((name for name, _ in pairs), kind)
        for name, value in pairs:
            if value not in known or value in vectors:
                raise ProgramError(f"the {kind} {name!r} is {value!r}", "the name of rows")
    widths = {value.name: value.width for value in program.of_kind("state")}
    if set(widths) != {name for name, _ in program.states}:
        raise ProgramError(
            f"new values are given for the states {[name for name, _ in program.states]}", f"{list(widths)}"
        )
    for name, value in program.states:
        if known[value].width != widths[name]:
            raise ProgramError(f"the new value of {name!r} has the width {known[value].width}", f"{widths[name]}")


def _unique(names: Iterable[str], kind: str) -> None:
    seen: set[str] = set()
    for name in names:
        if not isinstance(name, str) or not name or any(mark.isspace() for mark in name) or name in seen:
            raise ProgramError(f"the {kind} {name!r} is named twice, or is not a name")
        seen.add(name)


def _gradient(gradient: Gradient, known: dict[str, Input | Node], vectors: set[str]) -> None:
    weight = known.get(gradient.weight)
    if not isinstance(weight, Input) or weight.kind != "weight":
        raise ProgramError(f"a gradient is given for {gradient.weight!r}", "a weight")
    matrix = len(weight.shape) == 2
    height = weight.shape[0] if matrix else 1
    (r0, r1), (c0, c1) = gradient.rows, gradient.columns
    if not (0 <= r0 < r1 <= height and 0 <= c0 < c1 <= weight.width):
        raise ProgramError(f"{gradient} is not inside the weight of shape {weight.shape}")
    if matrix != (gradient.left is not None):
        raise ProgramError(f"{gradient}: a matrix's gradient has a left side, a vector's none")
    for side, width in ((gradient.left, r1 - r0), (gradient.right, c1 - c0)):
        if side is not None and (side not in known or side in vectors or known[side].width != width):
            raise ProgramError(f"{gradient}: {side!r} has to be rows of width {width}")
