"""The unfolded graph is that of the program: its edges are those that the equations of each cell have, by hand."""

from collections import Counter

import pytest
import torch
from torch import Tensor, nn

import elman
from elman import cells
from elman.cells import Cell
from elman.errors import ArgumentError, ArgumentTypeError
from elman.layers.unfold import Unfolded, unfold

INPUT, HIDDEN, OUTPUT, SKIP = "input → hidden", "hidden → hidden", "hidden → output", "input → output"


class FromOutput(Cell):
    """Recurrence from the output alone: h_t = tanh(x_t U + y_{t-1} W), y_t = h_t V."""

    def __init__(self, input_size: int, hidden_size: int, output_size: int, uses: str = "xy") -> None:
        super().__init__(input_size=input_size, output_size=output_size, states={"y": output_size})
        self.uses = uses
        self.U, self.W = (
            nn.Parameter(torch.randn(input_size, hidden_size)),
            nn.Parameter(torch.randn(output_size, hidden_size)),
        )
        self.V = nn.Parameter(torch.randn(hidden_size, output_size))

    def step(self, x: Tensor, *, y: Tensor) -> tuple[Tensor, dict[str, Tensor]]:  # pyright: ignore[reportIncompatibleMethodOverride]
        a = 0.0
        if "x" in self.uses:
            a = a + x @ self.U
        if "y" in self.uses:
            a = a + y @ self.W
        y = torch.tanh(a) @ self.V  # pyright: ignore[reportArgumentType]
        return y, {"y": y}


class Skips(Cell):
    """An output of its own, which sees x too, and a weight that is computed from a parameter.

    h_t = tanh(x_t U + σ(r) h_{t-1}), y_t = tanh(h_t A) B + x_t S
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size=input_size, output_size=2, states={"h": hidden_size})
        self.U, self.S = nn.Parameter(torch.randn(input_size, hidden_size)), nn.Parameter(torch.randn(input_size, 2))
        self.A, self.B = nn.Parameter(torch.randn(hidden_size, 7)), nn.Parameter(torch.randn(7, 2))
        self.r = nn.Parameter(torch.randn(hidden_size))

    def step(self, x: Tensor, *, h: Tensor) -> tuple[Tensor, dict[str, Tensor]]:  # pyright: ignore[reportIncompatibleMethodOverride]
        h = torch.tanh(x @ self.U + torch.sigmoid(self.r) * h)
        return torch.tanh(h @ self.A) @ self.B + x @ self.S, {"h": h}


def arrows(unfolded: Unfolded, t: int = 1) -> set[tuple[str, str, str, str]]:
    """The edges into step t as (source at its step, target, weights, block)."""
    return {
        (f"{e.source.lane}{e.source.step}", e.target.lane, " ".join(e.weights), e.block)
        for e in unfolded.edges
        if e.target.step == t
    }


def one(cell: Cell, steps: int = 3) -> Unfolded:
    return unfold(elman.Recurrent(cell), steps)


def test_the_simple_network_has_the_three_edges_of_every_textbook():
    assert arrows(one(cells.Elman(3, 5)), 2) == {
        ("x2", "h", "U b", INPUT),
        ("h1", "h", "W", HIDDEN),
        ("h2", "y", "", OUTPUT),
    }
    assert ("x2", "h", "U", INPUT) in arrows(one(cells.Elman(3, 5, bias=False)), 2)


def test_an_output_that_is_fed_back_is_one_node_and_the_hidden_units_another():
    unfolded = one(FromOutput(3, 5, 2))
    assert arrows(unfolded, 3) == {("x3", "h", "U", INPUT), ("y2", "h", "W", HIDDEN), ("h3", "y", "V", OUTPUT)}
    assert {(node.lane, node.kind) for node in unfolded.nodes if node.step == 3} == {
        ("x", "input"), ("h", "hidden"), ("y", "output"),
    }  # fmt: skip
    assert [(node.lane, node.step) for node in unfolded.nodes if node.kind == "initial"] == [("y", 0)]


@pytest.mark.parametrize(("uses", "left"), [("x", ("x2", "U", INPUT)), ("y", ("y1", "W", HIDDEN))])
def test_without_a_use_there_is_no_edge(uses: str, left: tuple[str, str, str]):
    source, weight, block = left
    expected = {(source, "h", weight, block), ("h2", "y", "V", OUTPUT)}
    assert arrows(one(FromOutput(3, 5, 2, uses=uses)), 2) == expected


def test_lstm():
    # c_t and h_t both need the gates, which are of x_t and h_{t-1}; c_{t-1} reaches h_t only through c_t.
    assert arrows(one(cells.LSTM(3, 5)), 2) == {
        ("x2", "c", "U b", INPUT), ("h1", "c", "W", HIDDEN), ("c1", "c", "", HIDDEN),
        ("x2", "h", "U b", INPUT), ("h1", "h", "W", HIDDEN), ("c2", "h", "", HIDDEN),
        ("h2", "y", "", OUTPUT),
    }  # fmt: skip


@pytest.mark.parametrize("reset_after", [True, False])
def test_gru_has_the_edges_of_the_simple_network(reset_after: bool):
    recurrent = "W c" if reset_after else "W"
    assert arrows(one(cells.GRU(3, 5, reset_after=reset_after)), 2) == {
        ("x2", "h", "U b", INPUT), ("h1", "h", recurrent, HIDDEN), ("h2", "y", "", OUTPUT),
    }  # fmt: skip


def test_scrn():
    assert arrows(one(cells.SCRN(3, 5, context=2, learn_alpha=True)), 2) == {
        ("x2", "s", "B r", INPUT), ("s1", "s", "r", HIDDEN), ("s2", "h", "P", HIDDEN),
        ("x2", "h", "A", INPUT), ("h1", "h", "R", HIDDEN), ("h2", "y", "", OUTPUT), ("s2", "y", "", OUTPUT),
    }  # fmt: skip


def test_an_output_that_sees_the_input_too():
    assert arrows(one(Skips(3, 5)), 2) == {
        ("x2", "h", "U", INPUT), ("h1", "h", "r", HIDDEN), ("h2", "y", "A B", OUTPUT), ("x2", "y", "S", SKIP),
    }  # fmt: skip


@pytest.mark.parametrize("steps", [1, 2, 7])
@pytest.mark.parametrize(
    ("layer", "count", "initial"),
    [
        (elman.Recurrent(cells.Elman(3, 5)), 3, 1),
        (elman.Recurrent(cells.LSTM(3, 5)), 7, 2),
        (elman.Recurrent(cells.Elman(3, 5), layers=2), 5, 2),  # the second reads the first's state itself
        (elman.Recurrent(cells.Elman(3, 5), bidirectional=True), 6, 2),
        (elman.Recurrent(cells.Elman(3, 5), layers=2, bidirectional=True), 12, 4),
    ],
    ids=["elman", "lstm", "two layers", "both directions", "two layers, both directions"],
)
def test_every_step_has_the_same_edges(layer: elman.Recurrent, count: int, initial: int, steps: int):
    unfolded = unfold(layer, steps)
    assert len(unfolded.edges) == count * steps
    assert sum(node.kind == "initial" for node in unfolded.nodes) == initial
    kinds = Counter((e.source.lane, e.target.lane, e.lag, e.weights, e.block) for e in unfolded.edges)
    assert set(kinds.values()) == {steps}
    ends = {node for edge in unfolded.edges for node in (edge.source, edge.target)}
    assert ends <= set(unfolded.nodes)
    assert len(set(unfolded.nodes)) == len(unfolded.nodes)


def test_nodes_come_after_what_they_are_computed_from():
    unfolded = unfold(elman.Recurrent(cells.LSTM(3, 5), layers=2, bidirectional=True), 2)
    place = {node: index for index, node in enumerate(unfolded.nodes)}
    assert all(place[edge.source] < place[edge.target] for edge in unfolded.edges if edge.lag == 0)


def test_the_backward_direction_goes_from_the_end_to_the_beginning():
    unfolded = unfold(elman.Recurrent(cells.Elman(3, 5), bidirectional=True), 4)
    lags = {(e.target.lane, e.lag) for e in unfolded.edges if e.lag}
    assert lags == {("h", 1), ("backward.h", -1)}
    assert {(n.lane, n.step) for n in unfolded.nodes if n.kind == "initial"} == {("h", 0), ("backward.h", 5)}
    assert {e.source.lane for e in unfolded.edges if e.target.lane == "y"} == {"h", "backward.h"}


def test_a_layer_reads_the_layer_below_and_weights_are_its_own():
    unfolded = unfold(elman.Recurrent(cells.LSTM(3, 5), layers=2), 1)
    into = {e.source.lane: (e.layer, e.block) for e in unfolded.edges if e.target.lane == "l1.c"}
    assert into == {"l0.h": (1, INPUT), "l1.h": (1, HIDDEN), "l1.c": (1, HIDDEN)}


def test_connections_past_a_layer():
    cell = cells.Elman(5, 5)
    residual = unfold(elman.Recurrent(cell, layers=3, connections="residual"), 1)
    assert {e.source.lane for e in residual.edges if e.target.lane == "l2.y"} == {"l2.h", "l1.y"}
    assert {e.source.lane for e in residual.edges if e.target.lane == "l1.y"} == {"l1.h", "l0.h"}
    dense = unfold(elman.Recurrent(cell, layers=3, connections="dense"), 1)
    below = {e.source.lane for e in dense.edges if e.target.lane == "l2.h" and e.lag == 0}
    assert below == {"x", "l0.h", "l1.h"}
    assert {e.source.lane for e in dense.edges if e.target.lane == "l2.y"} == {"l0.h", "l1.h", "l2.h"}


@pytest.mark.parametrize("steps", [0, -1, 2.0, True, "3"])
def test_steps_that_are_no_number_of_steps_are_refused(steps: object):
    with pytest.raises((ArgumentError, ArgumentTypeError), match="steps"):
        unfold(elman.Recurrent(cells.Elman(3, 5)), steps)  # pyright: ignore[reportArgumentType]


def test_a_cell_is_not_a_layer():
    with pytest.raises(ArgumentTypeError, match=r"elman\.Recurrent\(cell\)"):
        unfold(cells.Elman(3, 5), 3)  # pyright: ignore[reportArgumentType]


def test_the_drawing_in_letters():
    drawn = str(unfold(elman.Recurrent(FromOutput(3, 5, 2)), 2)).splitlines()
    assert drawn == [
        "FromOutput, 2 steps",
        "",
        "y₀      y₁      y₂",
        "        ↑ V     ↑ V",
        "        h₁      h₂",
        "        ↑ U     ↑ U",
        "        ↘ y₀ W  ↘ y₁ W",
        "        x₁      x₂",
    ]


def test_arrows_of_the_backward_direction_point_to_the_left():
    drawn = str(unfold(elman.Recurrent(cells.Elman(3, 5), bidirectional=True), 2))
    lines = {line.split()[0]: line for line in drawn.splitlines() if line and line[0] not in " E"}
    assert "→" not in lines["backward.h"]
    assert lines["backward.h"].split()[1::2] == ["h₁", "h₂", "h₃"]
    assert "←" not in lines["h"]
    assert lines["h"].split()[1::2] == ["h₀", "h₁", "h₂"]


@pytest.mark.parametrize("steps", [1, 2, 9, 10, 100, 12345])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_the_drawing_keeps_within_100_columns(steps: int, bidirectional: bool):
    drawn = str(unfold(elman.Recurrent(cells.LSTM(3, 5), layers=2, bidirectional=bidirectional), steps))
    assert max(map(len, drawn.splitlines())) <= 100
    last = str(steps).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))
    assert f"h{last}" in drawn
    assert ("…" in drawn) == (steps > 5)
