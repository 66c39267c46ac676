"""A fingerprint differs whenever a step may do something else, and only then."""

import functools
import types
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from elman.cells import Elman
from elman.step.fingerprint import fingerprint
from elman.step.text import to_text
from elman.step.trace import captured

FACTOR = 2.0
TABLE = {"a": [1.0]}


@dataclass
class Settings:
    rate: float = 0.5
    names: list[str] = field(default_factory=lambda: ["a"])


def helper(x: Tensor) -> Tensor:
    return x * FACTOR


class Cell(Elman):
    """A cell that depends on everything a step can depend on."""

    scale = 1.0
    choices: ClassVar[list[str]] = ["a"]

    def __init__(self, power: float = 1.0) -> None:
        super().__init__(2, 3, activation=lambda a: torch.tanh(a) * power)
        self.a, self.flag, self.word = 0.9, True, "x"
        self.parts = [0.5, {"b": (1, 2.0)}]
        self.settings = Settings()
        self.space = types.SimpleNamespace(c=1)
        self.array = np.ones(2)
        self.norm = nn.LayerNorm(3)
        self.drop = nn.Dropout(0.1)
        self.bound = functools.partial(torch.mul, other=2.0)
        self.register_buffer("mask", torch.ones(3))

    def step(self, x: Tensor, *, h: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        y, state = super().step(helper(x), h=h)
        return y * self.scale * TABLE["a"][0], state


def _set(name: str, value: Any) -> Callable[[Any], None]:
    return lambda cell: setattr(cell, name, value)


CHANGES: dict[str, Callable[[Any], None]] = {
    "number": _set("a", 0.5),
    "type of a number": _set("a", 1),
    "sign of zero": lambda c: setattr(c, "a", -0.0),
    "flag": _set("flag", False),
    "word": _set("word", "y"),
    "new attribute": _set("extra", None),
    "activation": _set("activation", torch.sin),
    "in a list": lambda c: c.parts.append(1),
    "in a dict in a list": lambda c: c.parts[1].update(b=(1, 2.5)),
    "in an object": lambda c: setattr(c.settings, "rate", 0.25),
    "in a list of an object": lambda c: c.settings.names.append("b"),
    "in a namespace": lambda c: setattr(c.space, "c", 2),
    "in an array": lambda c: c.array.__setitem__(0, 3.0),
    "in a submodule": lambda c: setattr(c.norm, "eps", 1e-3),
    "probability of dropout": lambda c: setattr(c.drop, "p", 0.2),
    "mode": lambda c: c.eval(),
    "mode of a submodule": lambda c: c.drop.eval(),
    "dtype": lambda c: c.double(),
    "another width": lambda c: setattr(c, "b", nn.Parameter(torch.zeros(1))),
    "no bias": lambda c: setattr(c, "b", None),
    "no buffer": _set("mask", None),
    "tied weights": lambda c: setattr(c.norm, "weight", c.norm.bias),
    "hook": lambda c: c.norm.register_forward_hook(lambda *_: None),
    "partial": _set("bound", functools.partial(torch.mul, other=3.0)),
    "submodule": lambda c: setattr(c, "norm", nn.LayerNorm(3, elementwise_affine=False)),
}


@pytest.mark.parametrize("name", CHANGES)
def test_changes_of_the_cell(name: str) -> None:
    cell: Any = Cell()
    if name == "sign of zero":
        cell.a = 0.0
    before = fingerprint(cell)
    assert fingerprint(cell) == before
    assert hash(fingerprint(cell)) == hash(before)
    CHANGES[name](cell)
    assert fingerprint(cell) != before


def test_changes_around_the_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    cell: Any = Cell()
    seen = [fingerprint(cell)]

    def changed() -> None:
        now = fingerprint(cell)
        assert now not in seen
        assert now == fingerprint(cell)
        seen.append(now)

    monkeypatch.setattr(Cell, "scale", 0.5)
    changed()
    monkeypatch.setitem(globals(), "FACTOR", 3.0)
    changed()
    monkeypatch.setitem(globals(), "helper", lambda x: x)
    changed()
    TABLE["a"].append(1.0)
    changed()
    TABLE["a"].pop()
    Cell.choices.append("b")
    changed()
    Cell.choices.pop()
    monkeypatch.setattr(Cell, "step", Elman.step)
    changed()
    monkeypatch.setattr(Cell, "added", 1, raising=False)
    changed()
    torch.set_default_dtype(torch.float64)
    try:
        changed()
    finally:
        torch.set_default_dtype(torch.float32)


def test_what_a_function_closes_over() -> None:
    power = 1.0
    cell = Elman(2, 3, activation=lambda a: torch.tanh(a) * power)
    before = fingerprint(cell)
    power = 2.0
    assert fingerprint(cell) != before


def test_training_steps_do_not_change_it() -> None:
    cell: Any = Cell()
    before = fingerprint(cell)
    with torch.no_grad():
        cell.W.mul_(2)
    cell.U.grad = torch.ones_like(cell.U)
    cell.W.requires_grad_(False)
    cell.load_state_dict(cell.state_dict())
    assert fingerprint(cell) == before


def test_anything_may_be_an_attribute() -> None:
    cell: Any = Cell()
    knot: list[Any] = []
    knot.append(knot)
    cell.knot, cell.me, cell.type, cell.set, cell.nan = knot, cell.step, int, {1, 2.0, "a"}, float("nan")
    cell.object, cell.code, cell.generator = object(), compile("1", "", "eval"), torch.Generator()
    assert fingerprint(cell) == fingerprint(cell)


def test_a_changed_cell_is_captured_anew_and_an_old_state_found_again() -> None:
    class Leaky(Elman):
        a = 0.9

        def step(self, x: Tensor, *, h: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
            h = self.a * h + self.activation(x @ self.U)
            return h, {"h": h}

    cell = Leaky(2, 3)
    first = captured(cell)
    assert captured(cell) is first
    cell.a = 0.5
    second = captured(cell)
    assert second is not first
    assert "#0.5" in to_text(second.program)
    cell.activation = torch.relu
    assert "relu" in to_text(captured(cell).program)
    cell.activation = torch.tanh
    assert captured(cell) is second
    assert captured(cell.double(), torch.float64) is not second
