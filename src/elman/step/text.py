"""A program as text: one line per value, exact, and read back only if every word of it is right.

    elman program 1
    step x 3
    weight U 3 4
    weight b 4
    state h 4
    node a1 4 matmul x U ; 0 0 3 0 4          name, width, operation, arguments; attributes
    node a2 4 mul a1 #0.5                     a number is written #…
    output y a2
    next h a2                                 the new value of a state
    gradient U 0 3 0 4 x a1                   rows, columns, left (- for a vector), right

A number is written so that exactly the same number is read.
"""

from elman.step.check import ProgramError, check
from elman.step.program import Argument, Gradient, Input, Kind, Node, Program

HEAD = "elman program 1"
KINDS: tuple[Kind, ...] = ("weight", "step", "previous", "row", "state")


def to_text(program: Program) -> str:
    """The program as text: equal programs give equal text, and `parse` gives back an equal program.

    Example:
        >>> half = Program(
        ...     inputs=(Input("x", "step", (2,)), Input("h", "state", (2,))),
        ...     nodes=(Node("a1", "add", ("h", "x"), 2), Node("a2", "mul", ("a1", 0.5), 2)),
        ...     outputs=(("y", "a2"),),
        ...     states=(("h", "a2"),),
        ... )
        >>> print(to_text(half), end="")
        elman program 1
        step x 2
        state h 2
        node a1 2 add h x
        node a2 2 mul a1 #0.5
        output y a2
        next h a2
        >>> parse(to_text(half)) == half
        True
    """
    lines = [HEAD]
    lines += [" ".join([value.kind, value.name, *map(str, value.shape)]) for value in program.inputs]
    for node in program.nodes:
        words = ["node", node.name, str(node.width), node.op, *map(_word, node.args)]
        if node.attributes:
            # The attribute of "full" and "clip_gradient" is a number; all others are positions.
            write = _word if node.op in ("full", "clip_gradient") else str
            words += [";", *(write(value) for value in node.attributes)]
        lines.append(" ".join(words))
    lines += [f"output {name} {value}" for name, value in program.outputs]
    lines += [f"next {name} {value}" for name, value in program.states]
    for gradient in program.gradients:
        block = " ".join(map(str, (*gradient.rows, *gradient.columns)))
        left = "-" if gradient.left is None else gradient.left
        lines.append(f"gradient {gradient.weight} {block} {left} {gradient.right}")
    return "\n".join(lines) + "\n"


def _word(argument: Argument) -> str:
    return argument if isinstance(argument, str) else f"#{float(argument)!r}"


def parse(text: str) -> Program:
    """The program that `to_text` wrote, checked.

    Raises:
        ProgramError: the text is not exactly what `to_text` writes for a program that keeps all laws.
    """
    head, *lines = text.split("\n")
    if head != HEAD:
        raise ProgramError(f"the text of a program begins with {head[:40]!r}", repr(HEAD))
    inputs: list[Input] = []
    nodes: list[Node] = []
    outputs: list[tuple[str, str]] = []
    states: list[tuple[str, str]] = []
    gradients: list[Gradient] = []
    for number, line in enumerate(lines, 2):
        kind, *words = line.split(" ")
        try:
            if kind in KINDS:
                inputs.append(Input(words[0], kind, tuple(map(int, words[1:]))))
            elif kind == "node":
                nodes.append(_node(words))
            elif kind in ("output", "next"):
                name, value = words
                (outputs if kind == "output" else states).append((name, value))
            elif kind == "gradient":
                gradients.append(_gradient(words))
            elif line or number <= len(lines):
                raise ValueError
        except (ValueError, IndexError):
            raise ProgramError(f"line {number} of the text of a program is {line[:80]!r}") from None
    program = check(Program(tuple(inputs), tuple(nodes), tuple(outputs), tuple(states), tuple(gradients)))
    if to_text(program) != text:
        raise ProgramError("the text of a program is not written the way elman writes it")
    return program


def _node(words: list[str]) -> Node:
    name, width, op, *rest = words
    split = rest.index(";") if ";" in rest else len(rest)
    args = tuple(float(word[1:]) if word.startswith("#") else word for word in rest[:split])
    attributes = tuple(float(word[1:]) if word.startswith("#") else int(word) for word in rest[split + 1 :])
    return Node(name, op, args, int(width), attributes)


def _gradient(words: list[str]) -> Gradient:
    weight, r0, r1, c0, c1, left, right = words
    rows, columns = (int(r0), int(r1)), (int(c0), int(c1))
    return Gradient(weight, rows, columns, None if left == "-" else left, right)
