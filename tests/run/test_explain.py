"""What is told about a layer: its equations, its work by hand, its machine and the reasons, what it stores."""

import pytest
import torch
from torch import Tensor, nn

import elman
from elman import cells, native
from elman.errors import ElmanError
from elman.layers import Recurrent

FASTEST = "native" if native.available() else "torch"


def told(layer: nn.Module, capsys: pytest.CaptureFixture[str], x: Tensor | None = None) -> str:
    elman.explain(layer, x)
    return capsys.readouterr().out


def test_the_blocks_of_a_network(capsys: pytest.CaptureFixture[str]) -> None:
    layer = Recurrent(cells.Elman(3, 5))
    text = told(layer, capsys)
    blocks = [line.strip() for line in text.splitlines() if "→" in line]
    assert blocks == ["input → hidden", "hidden → hidden (waits for the step before)", "hidden → output"]
    assert str(layer.program).splitlines()[0] in text
    # x U takes 3 · 5 multiply-adds, h W 5 · 5
    assert "all steps at once: 15 multiply-adds, add 5\n" in text
    assert "step by step: 25 multiply-adds, add 5, tanh 5\n" in text
    assert "nothing beside x and y" in text  # tanh'(a) is 1 - y²


def test_what_is_stored(capsys: pytest.CaptureFixture[str]) -> None:
    x = torch.zeros(4, 100, 3)
    text = told(Recurrent(cells.LSTM(3, 5)), capsys, x)
    assert "c' (5): 20 bytes per row and step, beside x and y; 8,000 bytes for 4 rows of 100 steps" in text
    frozen = Recurrent(cells.LSTM(3, 5)).double().requires_grad_(False)
    assert "nothing: no gradient is wanted" in told(frozen, capsys, x.double())
    assert "c' (5): 40 bytes" in told(frozen, capsys, x.double().requires_grad_())


@pytest.mark.filterwarnings("ignore:Elman runs as torch operations")
def test_machines_and_reasons(capsys: pytest.CaptureFixture[str]) -> None:
    text = told(Recurrent(cells.GRU(3, 5)), capsys)
    assert f"machine: {FASTEST}" in text
    assert native.instruction_set() in text
    text = told(Recurrent(cells.GRU(3, 5), machine="reference"), capsys)
    assert "machine: reference" in text
    assert "not native: reference was asked for" in text
    assert "input → hidden" in text
    half = told(Recurrent(cells.Elman(3, 5)).to(torch.bfloat16), capsys)
    assert "machine: torch" in half
    assert "not native: it computes in torch.float32 and torch.float64, and this is torch.bfloat16" in half


class Cumulative(cells.Elman):
    """Its step cannot be a program."""

    def step(self, x: Tensor, *, h: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        h = torch.cumsum(h, dim=1) + x @ self.U
        return h, {"h": h}


@pytest.mark.filterwarnings("ignore:Cumulative runs as the plain loop")
def test_a_step_that_is_no_program(capsys: pytest.CaptureFixture[str]) -> None:
    text = told(Recurrent(Cumulative(3, 5)), capsys)
    assert "machine: reference" in text
    assert "torch.cumsum" in text
    assert "whatever autograd stores" not in text  # nothing is said of what is not known
    with pytest.raises(ElmanError, match=r"torch\.cumsum"):
        _ = Recurrent(Cumulative(3, 5)).program


def test_stacks_and_models(capsys: pytest.CaptureFixture[str]) -> None:
    stack = Recurrent(cells.Elman(5, 5), layers=2)
    assert "l1.Elman · as l0.Elman, with weights of its own" in told(stack, capsys)
    model = nn.ModuleDict({"encoder": Recurrent(cells.Elman(3, 5)), "decoder": Recurrent(cells.Elman(3, 5))})
    text = told(model, capsys)
    assert text.index("encoder:") < text.index("decoder:")
    with pytest.raises(ElmanError, match="whole model"):
        elman.explain(model, torch.zeros(1, 1, 3))
    with pytest.raises(ElmanError, match="no recurrent layer"):
        elman.explain(nn.Linear(3, 5))
    with pytest.raises(ElmanError, match="model is a type"):
        elman.explain(cells.Elman)  # pyright: ignore[reportArgumentType]
    with pytest.raises(ElmanError, match="features"):
        elman.explain(stack, torch.zeros(1, 1, 3))
