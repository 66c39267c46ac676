"""Every law of a program, broken once."""

from dataclasses import replace

import pytest

from elman.step.check import ProgramError, check
from elman.step.program import Gradient, Input, Node, Program

INPUTS = (
    Input("x", "step", (3,)),
    Input("W", "weight", (3, 4)),
    Input("b", "weight", (4,)),
    Input("g", "weight", ()),
    Input("h", "state", (4,)),
)
GOOD = Program(
    inputs=INPUTS,
    nodes=(
        Node("p", "matmul", ("x", "W"), 4, (0, 0, 3, 0, 4)),
        Node("q", "matmul", ("h", "W"), 3, (1, 0, 3, 0, 4)),
        Node("part", "slice", ("b",), 2, (1, 3)),
        Node("s", "sum", ("q",), 1),
        Node("v", "expand", ("b",), 4),
        Node("t", "where", ("p", "s", 2.0), 4),
        Node("c", "concat", ("t", "q"), 7),
        Node("d", "mul", ("p", "g"), 4),
        Node("one", "full", (), 3, (1.0,)),
        Node("e", "slice", ("c",), 2, (0, 2)),
        Node("f", "add", ("e", "part"), 2),
    ),
    outputs=(("y", "f"),),
    states=(("h", "t"),),
    gradients=(Gradient("W", (0, 3), (1, 3), "x", "e"), Gradient("b", (0, 1), (2, 4), None, "f")),
)


def test_a_lawful_program_passes() -> None:
    assert check(GOOD) is GOOD


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (Node("p", "tanh", ("x",), 3), "two values are named 'p'"),
        (Node("two words", "tanh", ("x",), 3), "is not a name"),
        (Node("#1", "tanh", ("x",), 3), "is not a name"),
        (Node("-", "tanh", ("x",), 3), "is not a name"),
        (Node("", "tanh", ("x",), 3), "is not a name"),
        (Node("n", "tanh", ("later",), 3), "'later' is not known"),
        (Node("n", "tanh", ("n",), 3), "'n' is not known"),
        (Node("n", "cosh", ("x",), 3), "no such operation"),
        (Node("n", "__init__", ("x",), 3), "no such operation"),
        (Node("n", "tanh", ("x", "x"), 3), "takes 1 argument"),
        (Node("n", "tanh", ("x",), 4), "widths"),
        (Node("n", "tanh", ("x",), 0), "size of 0"),
        (Node("n", "tanh", ("x",), 3, (1,)), "0 whole numbers"),
        (Node("n", "add", ("x", "h"), 4), "widths"),
        (Node("n", "add", ("x", None), 3), "neither a name nor a number"),  # type: ignore[arg-type]
        (Node("n", "add", ("x", True), 3), "neither a name nor a number"),
        (Node("n", "add", ("b", 1.0), 4), "has to be rows"),
        (Node("n", "add", (1.0, 1.0), 1), "has to be rows"),
        (Node("n", "add", ("h", "W"), 4), "only be multiplied"),
        (Node("n", "matmul", ("h", "W"), 3, (0, 0, 3, 0, 4)), "rows of width 4"),
        (Node("n", "matmul", ("x", "W"), 4, (0, 0, 3, 0, 5)), "not inside"),
        (Node("n", "matmul", ("x", "W"), 4, (0, 3, 0, 0, 4)), "not inside"),
        (Node("n", "matmul", ("x", "W"), 4, (0, 0, 3, -4, 0)), "not inside"),
        (Node("n", "matmul", ("x", "W"), 4, (0, 0, 3, 0, 4.0)), "5 whole numbers"),
        (Node("n", "matmul", ("x", "h"), 4, (0, 0, 3, 0, 4)), "rows and a matrix"),
        (Node("n", "matmul", ("b", "W"), 3, (1, 0, 3, 0, 4)), "has to be rows"),
        (Node("n", "sum", ("x",), 3), "has to be 1"),
        (Node("n", "max", ("x", "x"), 1), "one argument"),
        (Node("n", "sum", ("b",), 1), "has to be rows"),
        (Node("n", "slice", ("x",), 2, (2, 4)), "not inside"),
        (Node("n", "slice", ("x",), 1, (-1, 0)), "not inside"),
        (Node("n", "slice", ("x",), 1, (0, 2)), "not inside"),
        (Node("n", "slice", ("W",), 1, (0, 1)), "rows or a vector"),
        (Node("n", "slice", (1.0,), 1, (0, 1)), "rows or a vector"),
        (Node("n", "concat", ("x", "x"), 5), "add up"),
        (Node("n", "concat", (), 0), "size of 0"),
        (Node("n", "concat", ("x", "b"), 7), "has to be rows"),
        (Node("n", "expand", ("x",), 5), "the width 3"),
        (Node("n", "expand", ("b",), 5), "the width 4"),
        (Node("n", "expand", (1.0,), 5), "rows of width 1"),
        (Node("n", "full", (), 3), "one number"),
        (Node("n", "full", (), 3, ("1",)), "one number"),  # type: ignore[arg-type]
    ],
    ids=lambda value: f"{value.op}{value.args}" if isinstance(value, Node) else "",
)
def test_an_unlawful_node(node: Node, message: str) -> None:
    with pytest.raises(ProgramError, match=message):
        check(replace(GOOD, nodes=(*GOOD.nodes, node)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"inputs": (*INPUTS, INPUTS[0])}, "two values"),
        ({"inputs": (*INPUTS, Input("z", "step", (2, 2)))}, "has the shape"),
        ({"inputs": (*INPUTS, Input("z", "weight", (2, 2, 2)))}, "has the shape"),
        ({"inputs": (*INPUTS, Input("z", "row", ()))}, "has the shape"),
        ({"inputs": (*INPUTS, Input("z", "weight", (2**31,)))}, "has a size"),
        ({"inputs": (*INPUTS, Input("z", "other", (2,)))}, "of the kind"),  # type: ignore[arg-type]
        ({"inputs": (*INPUTS, Input("z", "state", (2,)))}, "new values are given"),
        ({"outputs": (("y", "nothing"),)}, "the name of rows"),
        ({"outputs": (("y", "b"),)}, "the name of rows"),
        ({"outputs": (("y", "f"), ("y", "e"))}, "named twice"),
        ({"states": (("h", "q"),)}, "has the width 3"),
        ({"states": (("h", "b"),)}, "the name of rows"),
        ({"states": ()}, "new values are given"),
        ({"gradients": (Gradient("x", (0, 1), (0, 1), None, "s"),)}, "a weight"),
        ({"gradients": (Gradient("b", (0, 1), (0, 1), "x", "s"),)}, "left side"),
        ({"gradients": (Gradient("W", (0, 1), (0, 1), None, "s"),)}, "left side"),
        ({"gradients": (Gradient("W", (0, 3), (0, 2), "x", "q"),)}, "rows of width 2"),
        ({"gradients": (Gradient("W", (0, 2), (0, 3), "x", "q"),)}, "rows of width 2"),
        ({"gradients": (Gradient("W", (0, 4), (0, 3), "h", "q"),)}, "not inside"),
        ({"gradients": (Gradient("b", (0, 1), (1, 5), None, "h"),)}, "not inside"),
        ({"gradients": (Gradient("b", (0, 1), (0, 4), None, "b"),)}, "has to be rows"),
    ],
)
def test_unlawful_inputs_and_results(change: dict, message: str) -> None:
    with pytest.raises(ProgramError, match=message):
        check(replace(GOOD, **change))
