"""The normal form of a program: the same values, nothing left to simplify, nothing that waits without need."""

from collections import Counter

import pytest
import torch
from equations import CELLS, program
from hypothesis import given, settings
from random_programs import programs, random_values

from elman.step.interpret import evaluate
from elman.step.program import Input, Node, Program
from elman.step.simplify import simplify
from elman.step.split import split
from elman.step.text import to_text


def step(nodes: tuple[Node, ...], new: str, *, d: int = 4, h: int = 4, more: tuple[Input, ...] = ()) -> Program:
    """A program over x, h, b and a matrix W (8, 8), whose one result is the new state."""
    inputs = (Input("x", "step", (d,)), Input("W", "weight", (8, 8)), Input("b", "weight", (h,)), *more)
    return Program((*inputs, Input("h", "state", (h,))), nodes, (("y", new),), (("h", new),))


def equation(simple: Program) -> list[tuple[object, ...]]:
    """Its nodes as plain tuples."""
    return [(node.op, *node.args, *node.attributes) for node in simple.nodes]


@settings(max_examples=300, derandomize=True)
@given(programs())
def test_it_means_the_same(program: Program) -> None:
    """Other orders of sums and products round differently: by far less than 1e-9 after a dozen operations."""
    values = random_values(program, 5)
    simple = simplify(program)
    before, after = evaluate(program, values), evaluate(simple, values)
    ends = zip((*program.outputs, *program.states), (*simple.outputs, *simple.states), strict=True)
    for (name, old), (same, new) in ends:
        assert name == same
        torch.testing.assert_close(after[new], before[old], rtol=1e-9, atol=1e-9)


@settings(max_examples=300, derandomize=True)
@given(programs())
def test_what_is_simple_stays_as_it_is(program: Program) -> None:
    simple = simplify(program)
    assert to_text(simplify(simple)) == to_text(simple)


@settings(max_examples=200, derandomize=True)
@given(programs())
def test_nothing_twice_and_nothing_for_nothing(program: Program) -> None:
    simple = simplify(program)
    content = [(node.op, node.args, node.attributes, node.width) for node in simple.nodes]
    assert len(set(content)) == len(content)
    used = {arg for node in simple.nodes for arg in node.args} | set(simple.results())
    assert all(node.name in used for node in simple.nodes)
    assert all(value.name in used for value in simple.of_kind("weight"))
    assert [value for value in simple.inputs if value.kind != "weight"] == [
        value for value in program.inputs if value.kind != "weight"
    ]


def test_gates_are_computed_apart() -> None:
    gates = Counter(node.attributes for node in program("lstm", 3, 5).nodes if node.op == "matmul")
    blocks = [(0, 5), (5, 10), (10, 15), (15, 20)]
    assert gates == Counter([(0, 0, rows, *block) for rows in (3, 5) for block in blocks])


def test_features_used_whole_are_not_computed_apart() -> None:
    nodes = (
        Node("p", "matmul", ("h", "W"), 8, (0, 0, 4, 0, 8)),
        Node("total", "sum", ("p",), 1),
        Node("a", "slice", ("p",), 4, (0, 4)),
        Node("c", "add", ("a", "total"), 4),
    )
    assert [node.op for node in simplify(step(nodes, "c")).nodes] == ["matmul", "slice", "sum", "add"]


def test_overlapping_features_are_computed_once() -> None:
    nodes = (
        Node("p", "matmul", ("h", "W"), 8, (0, 0, 4, 0, 8)),
        Node("a", "slice", ("p",), 4, (0, 4)),
        Node("b1", "slice", ("p",), 4, (2, 6)),
        Node("c", "mul", ("a", "b1"), 4),
    )
    assert [node.op for node in simplify(step(nodes, "c")).nodes] == ["matmul", "slice", "slice", "mul"]


def test_x_and_h_side_by_side_are_multiplied_apart() -> None:
    nodes = (
        Node("both", "concat", ("h", "x"), 8),
        Node("p", "matmul", ("both", "W"), 4, (0, 0, 8, 2, 6)),
        Node("q", "matmul", ("both", "W"), 4, (1, 3, 7, 0, 8)),
        Node("c", "add", ("p", "q"), 4),
    )
    assert equation(simplify(step(nodes, "c"))) == [
        ("matmul", "x", "W", 0, 4, 8, 2, 6),
        ("matmul", "x", "W", 1, 3, 7, 4, 8),
        ("add", "a1", "a2"),
        ("matmul", "h", "W", 0, 0, 4, 2, 6),
        ("add", "a3", "a4"),
        ("matmul", "h", "W", 1, 3, 7, 0, 4),
        ("add", "a5", "a6"),
    ]


def test_a_sum_begins_with_what_waits_for_nothing() -> None:
    nodes = (
        Node("p", "matmul", ("h", "W"), 4, (0, 0, 4, 0, 4)),
        Node("q", "matmul", ("x", "W"), 4, (0, 4, 8, 0, 4)),
        Node("r", "sub", ("p", "b"), 4),
        Node("s", "sub", (1.0, "q"), 4),
        Node("t", "sub", ("r", "s"), 4),
    )
    before, loop = split(simplify(step(nodes, "t")))
    assert [node.op for node in before.nodes] == ["matmul", "sub", "add"]
    assert [node.op for node in loop.nodes] == ["matmul", "add"]


def test_a_product_begins_with_what_waits_for_nothing() -> None:
    nodes = (
        Node("e", "mul", ("h", 2.0), 4),
        Node("f", "mul", ("e", "x"), 4),
        Node("n", "sum", ("x",), 1),
        Node("k", "mul", ("f", "n"), 4),
        Node("l", "mul", ("k", 0.25), 4),
    )
    assert equation(simplify(step(nodes, "l"))) == [
        ("sum", "x"),
        ("mul", "a1", 0.5),
        ("mul", "a2", "x"),
        ("mul", "a3", "h"),
    ]


X, H = "x", "h"


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        (
            [("tanh", H), ("mul", X, H), ("mul", "0", X), ("add", "1", "2")],
            [("tanh", H), ("add", H, "a1"), ("mul", X, "a2")],
        ),
        ([("tanh", H), ("mul", "0", H), ("sub", "1", "0")], [("tanh", H), ("add", H, -1.0), ("mul", "a1", "a2")]),
        ([("add", H, H)], [("mul", H, 2.0)]),
        ([("add", H, 0.0), ("mul", "0", 1.0), ("div", "1", 1.0), ("sub", "2", 0.0), ("tanh", "3")], [("tanh", H)]),
        ([("neg", H), ("neg", "0"), ("tanh", "1")], [("tanh", H)]),
        ([("neg", H), ("add", X, "0")], [("sub", X, H)]),
        ([("neg", H), ("mul", "0", X), ("add", "1", X)], [("mul", H, X), ("sub", X, "a1")]),
        (
            [("neg", H), ("exp", X), ("div", "0", "1"), ("add", "2", X)],
            [("exp", X), ("div", H, "a1"), ("sub", X, "a2")],
        ),
        ([("sub", 0.0, H)], [("neg", H)]),
        ([("mul", H, -1.0)], [("neg", H)]),
        ([("mul", H, 3.0), ("mul", 0.5, "0")], [("mul", H, 1.5)]),
        ([("add", H, 3.0), ("sub", "0", 1.0)], [("add", H, 2.0)]),
        ([("pow", H, 2.0)], [("mul", H, H)]),
        ([("pow", H, 3.0)], [("mul", H, H), ("mul", "a1", H)]),
        ([("pow", H, 0.5)], [("sqrt", H)]),
        ([("pow", H, -1.0)], [("reciprocal", H)]),
        ([("pow", H, 1.0), ("tanh", "0")], [("tanh", H)]),
        ([("div", H, 4.0)], [("mul", H, 0.25)]),
        ([("div", H, 3.0)], [("div", H, 3.0)]),
        ([("tanh", H), ("tanh", H), ("mul", "0", "1")], [("tanh", H), ("mul", "a1", "a1")]),
        ([("add", H, X), ("add", X, H), ("mul", "0", "1")], [("add", X, H), ("mul", "a1", "a1")]),
        ([("where", H, X, X), ("tanh", "0")], [("tanh", X)]),
        ([("ne", H, 0.0), ("where", "0", X, 1.0)], [("where", H, X, 1.0)]),
    ],
)
def test_laws_of_arithmetic(nodes: list[tuple], expected: list[tuple]) -> None:
    """Arguments "0", "1", … are the results of the nodes before."""
    given = [
        Node(f"n{i}", op, tuple(f"n{a}" if str(a).isdigit() else a for a in args), 4)
        for i, (op, *args) in enumerate(nodes)
    ]
    assert equation(simplify(step(tuple(given), given[-1].name))) == expected


def test_numbers_alone_are_computed_now() -> None:
    nodes = (
        Node("f", "full", (), 4, (2.0,)),
        Node("g", "sqrt", ("f",), 4),
        Node("k", "mul", ("g", "f"), 4),
        Node("c", "mul", ("k", "h"), 4),
    )
    assert equation(simplify(step(nodes, "c"))) == [("mul", "h", 2.0**0.5 * 2)]


def test_features_are_not_moved_for_nothing() -> None:
    nodes = (
        Node("a", "slice", ("h",), 3, (0, 3)),
        Node("c", "slice", ("a",), 2, (1, 3)),
        Node("d", "slice", ("h",), 1, (3, 4)),
        Node("e", "slice", ("h",), 1, (0, 1)),
        Node("f", "concat", ("e", "c", "d"), 4),
        Node("n", "sum", ("x",), 1),
        Node("w", "expand", ("n",), 4),
        Node("t", "mul", ("f", "w"), 4),
    )
    assert equation(simplify(step(nodes, "t"))) == [("sum", "x"), ("mul", "h", "a1")]


def test_a_shared_factor_leaves_a_sum_over_features() -> None:
    nodes = (
        Node("m", "max", ("h",), 1),
        Node("p", "mul", ("h", "m"), 4),
        Node("q", "div", ("p", "m"), 4),
        Node("n", "sum", ("q",), 1),
        Node("t", "add", ("x", "n"), 4),
    )
    operations = [(node.op, node.width) for node in simplify(step(nodes, "t")).nodes]
    assert sorted(operations) == [("add", 4), ("div", 1), ("max", 1), ("mul", 1), ("sum", 1)]


@pytest.mark.parametrize("wide", [("m", "x"), ("x", "m")], ids=str)
def test_a_narrow_term_that_comes_twice_in_a_wide_sum(wide: tuple[str, str]) -> None:
    nodes = (Node("m", "max", ("h",), 1), Node("v", "add", wide, 4), Node("t", "add", ("m", "v"), 4))
    simple = simplify(step(nodes, "t"))
    assert [(node.op, node.width) for node in simple.nodes] == [("max", 1), ("mul", 1), ("add", 4)]
    values = random_values(simple, 3)
    expected = values["x"] + 2 * values["h"].amax(dim=1, keepdim=True)
    torch.testing.assert_close(evaluate(simple, values)[simple.outputs[0][1]], expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", CELLS)
def test_cells_of_the_same_content_have_the_same_text(name: str) -> None:
    """Whatever their weights are; so that all that is made of a program can be found by its text."""
    assert to_text(program(name)) == to_text(program(name))


def test_names_of_inputs_are_not_taken() -> None:
    odd = step(
        (Node("n", "add", ("x", "a1"), 4), Node("m", "mul", ("n", "h"), 4)), "m", more=(Input("a1", "row", (4,)),)
    )
    assert [node.name for node in simplify(odd).nodes] == ["a2", "a3"]


def test_a_long_chain_needs_no_deep_recursion() -> None:
    """Two thousand operations, of which each uses the one before: sums, products, functions."""
    nodes = [Node("n0", "tanh", ("h",), 4)]
    for i, op in enumerate(("add", "add", "mul", "tanh", "add", "mul", "mul") * 300):
        args = (f"n{i}",) if op == "tanh" else (f"n{i}", "x")
        nodes.append(Node(f"n{i + 1}", op, args, 4))
    assert len(simplify(step(tuple(nodes), nodes[-1].name)).nodes) <= len(nodes)
