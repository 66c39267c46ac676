"""The Elman cell against numbers worked by hand, its initial values, and the base class's contract."""

import copy
import inspect
import math
import pickle

import numpy as np
import pytest
import torch
from torch import nn

from elman.cells import Cell, Elman
from elman.errors import ArgumentError, ArgumentTypeError


def test_a_step_worked_by_hand() -> None:
    cell = Elman(2, 2).double()
    cell.U.data = torch.tensor([[1.0, 0.0], [0.5, -1.0]], dtype=torch.float64)
    cell.W.data = torch.tensor([[0.0, 2.0], [1.0, 0.0]], dtype=torch.float64)
    assert cell.b is not None
    cell.b.data = torch.tensor([0.1, -0.2], dtype=torch.float64)
    x, h = torch.tensor([[0.3, 0.4]], dtype=torch.float64), torch.tensor([[0.5, -0.25]], dtype=torch.float64)
    # x U = (0.3 + 0.2, -0.4); h W = (-0.25, 1.0); with b: (0.35, 0.4)
    y, state = cell.step(x, h=h)
    expected = torch.tensor([[math.tanh(0.35), math.tanh(0.4)]], dtype=torch.float64)
    torch.testing.assert_close(y, expected, rtol=0, atol=1e-15)
    assert torch.equal(state["h"], y)


@pytest.mark.parametrize(
    ("activation", "expected"), [("relu", 0.35), ("identity", 0.35), ("sigmoid", 1 / (1 + math.exp(-0.35)))]
)
def test_activations(activation: str, expected: float) -> None:
    cell = Elman(1, 1, activation).double()
    cell.U.data.fill_(0.5)
    cell.W.data.fill_(1.0)
    y, _ = cell.step(torch.tensor([[0.5]], dtype=torch.float64), h=torch.tensor([[0.1]], dtype=torch.float64))
    assert y.item() == pytest.approx(expected, abs=1e-15)


def test_any_function_may_be_the_activation_and_a_module_is_not_shared_between_siblings() -> None:
    cell = Elman(2, 3, activation=nn.PReLU(3))
    sibling = cell.like(input_size=5)
    assert sibling.activation is not cell.activation
    assert len(list(cell.parameters())) == 4
    assert sibling.U.shape == (5, 3)


def test_initial_values() -> None:
    torch.manual_seed(0)
    cell = Elman(40, 60)
    bound = math.sqrt(6 / 100)
    torch.testing.assert_close(cell.W @ cell.W.T, torch.eye(60), rtol=0, atol=1e-5)
    assert cell.U.abs().max() <= bound
    # 2,400 uniform draws: the standard deviation is bound/√3 within 4 standard errors (kurtosis 1.8)
    assert cell.U.std().item() == pytest.approx(bound / math.sqrt(3), rel=4 * math.sqrt(0.8 / 4 / 2400))
    assert cell.b is not None
    assert (cell.b == 0).all()
    assert Elman(2, 3, bias=False).b is None


def test_copies_and_pickles_remember_their_arguments() -> None:
    cell = Elman(2, 3, activation="relu", bias=False)
    for other in (copy.deepcopy(cell), pickle.loads(pickle.dumps(cell))):  # noqa: S301 - our own bytes
        sibling = other.like(input_size=7)
        assert sibling.U.shape == (7, 3)
        assert sibling.b is None
        assert sibling.activation is torch.relu


def test_a_subclass_without_a_constructor_has_siblings_too() -> None:
    class Leaky(Elman):
        """h_t = (h_{t-1} + φ(…)) / 2"""

        def step(self, x: torch.Tensor, *, h: torch.Tensor) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
            new, _ = super().step(x, h=h)
            return (h + new) / 2, {"h": (h + new) / 2}

    sibling = Leaky(2, 3, bias=False).like(input_size=5)
    assert isinstance(sibling, Leaky)
    assert (sibling.U.shape, sibling.b) == ((5, 3), None)
    assert inspect.signature(Leaky) == inspect.signature(Elman)
    assert list(inspect.signature(Leaky).parameters)[:4] == ["input_size", "hidden_size", "activation", "bias"]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((0, 3), ArgumentError),
        ((2, -1), ArgumentError),
        ((2, 3.0), ArgumentTypeError),
        ((True, 3), ArgumentTypeError),
        ((2, "3"), ArgumentTypeError),
        ((2, 3, "tan"), ArgumentError),
    ],
)
def test_wrong_arguments(arguments: tuple, error: type[Exception]) -> None:
    with pytest.raises(error):
        Elman(*arguments)


def test_sizes_may_be_numbers_of_numpy() -> None:
    cell = Elman(np.int32(2), np.int64(3))  # pyright: ignore[reportArgumentType]
    assert cell.states == {"h": 3}
    assert type(cell.states["h"]) is int


def test_contract_of_the_base_class() -> None:
    with pytest.raises(ArgumentError, match="keyword"):
        Cell(input_size=1, output_size=1, states={"x": 1})
    with pytest.raises(ArgumentError, match="keyword"):
        Cell(input_size=1, output_size=1, states={"h.0": 1})
    with pytest.raises(NotImplementedError, match="step"):
        Cell(input_size=1, output_size=1, states={"h": 1}).step(torch.zeros(1, 1))
    with pytest.raises(ArgumentError, match="no argument of that name"):
        Elman(2, 3).like(width=4)
