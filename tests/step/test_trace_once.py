"""What depends on weights alone is done once per call, under autograd; what the program reads is small and named."""

import copy
import io
from typing import Any

import pytest
import torch
from steps import Step, agree, inputs, weights
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812
from torch.nn.utils import parametrizations, parametrize

from elman.cells import Elman
from elman.step.capture.once import Constant
from elman.step.interpret import as_step
from elman.step.text import parse, to_text
from elman.step.trace import Capture, CaptureError, UnsupportedOperation, captured, trace

CELLS = {
    "sigmoid of a vector": lambda c, x, h: torch.sigmoid(c.b) * x + (1 - torch.sigmoid(c.b)) * h,
    "masked matrix": lambda c, x, h: x @ (c.W * c.mask) + h @ c.W.tril(),
    "skew-symmetric matrix": lambda c, x, h: x @ (c.W - c.W.t()) - h @ (c.W.T @ c.W),
    "orthogonal matrix": lambda c, x, h: x @ torch.linalg.matrix_exp(c.W - c.W.T),
    "Cayley transform": lambda c, x, h: h @ torch.linalg.solve(torch.eye(4) + c.W - c.W.T, torch.eye(4) - c.W + c.W.T),
    "normalised columns": lambda c, x, h: x @ F.normalize(c.W, dim=0) * c.g,
    "softmax of a vector": lambda c, x, h: x * c.b.softmax(0) + h * F.layer_norm(c.b, (4,)),
    "several results": lambda c, x, h: x * torch.var_mean(c.W, 0)[1] + h * torch.std(c.W, 1),
    "parts side by side": lambda c, x, h: (
        x @ torch.cat([c.W[:, 2:], c.W[:, :2]], 1) + h @ torch.stack(c.long.split(3)) @ c.V
    ),
    "detached": lambda c, x, h: x @ c.W.detach() + x * c.b.detach() + h @ c.W,
    "half detached": lambda c, x, h: x @ (c.W.detach() + c.W),
    "row of one": lambda c, x, h: x * c.b[None] + h * c.b.unsqueeze(0).tanh() + c.W[:1],
    "scalars": lambda c, x, h: x * c.a.exp() + h * c.g.view(1, 1) + c.b[0] * c.W[1, 2],
    "constants in weights": lambda c, x, h: x * (c.b * torch.tensor([1.0, 2, 3, 4])) + h @ (c.W * torch.arange(4)),
    "positions from a buffer": lambda c, x, h: x * c.b[c.order] + h @ c.W[:, c.order],
    "new tensor filled": lambda c, x, h: x * torch.ones_like(c.b) + h @ torch.diag_embed(c.b),
}  # fmt: skip


@pytest.mark.parametrize("name", CELLS)
def test_numbers_and_gradients(name: str) -> None:
    cell: Any = Step(CELLS[name], tensors={"order": torch.tensor([2, 0, 3, 1])})
    torch.set_default_dtype(torch.float64)
    try:
        capture = agree(cell)
    finally:
        torch.set_default_dtype(torch.float32)
    assert parse(to_text(capture.program)) == capture.program


def parametrized(register: Any) -> Any:
    cell: Any = Step(lambda c, x, h: x @ c.W + torch.tanh(h @ c.W.t()))
    register(cell)
    return cell


class Symmetric(nn.Module):
    def forward(self, w: Tensor) -> Tensor:
        return w.triu() + w.triu(1).transpose(-1, -2)


@pytest.mark.parametrize(
    "register",
    [
        lambda c: parametrize.register_parametrization(c, "W", Symmetric()),
        lambda c: parametrizations.weight_norm(c, "W", dim=1),
        lambda c: parametrizations.orthogonal(c, "W", orthogonal_map="cayley"),
    ],
    ids=["own", "weight norm", "orthogonal"],
)
def test_parametrized_weights(register: Any) -> None:
    capture = agree(parametrized(register))
    assert all(dotted.startswith("parametrizations.W.") for dotted in capture.sources.values())


def test_parameters_are_read_as_they_are() -> None:
    """No copies: views of a parameter are blocks of it in the program, and it arrives as itself."""
    cell: Any = Step(lambda c, x, h: x @ c.U[:, 4:8] + h[:, :2] @ c.U[1:3, :4] + h @ c.W.t() + x * c.long.chunk(3)[1])
    capture = agree(cell)
    assert not capture.once
    values = capture.weights(cell)
    assert values["U"] is cell.U
    blocks = {node.attributes for node in capture.program.nodes if node.op == "matmul"}
    assert blocks == {(0, 0, 4, 4, 8), (0, 1, 3, 0, 4), (1, 0, 4, 0, 4)}
    assert ("slice", (4, 8)) in {(node.op, node.attributes) for node in capture.program.nodes}


def test_a_detached_weight_is_no_part_of_it() -> None:
    cell: Any = Step(lambda c, x, h: x @ c.W.detach())
    capture = agree(cell)
    x, h = inputs()
    y, _ = as_step(capture.program, capture.weights(cell))(x, h=h)
    assert not y.requires_grad


def test_what_is_not_needed_is_not_computed() -> None:
    def function(c: Any, x: Tensor, h: Tensor) -> Tensor:
        torch.linalg.matrix_exp(c.W)
        _ = c.U @ c.U.t()
        return x * c.b.sigmoid()

    capture = agree(Step(function))
    assert [entry.results for entry in capture.once] == [("b.sigmoid",)]
    assert set(capture.sources) == {"b"}


def test_constants_are_shared_and_made_anew() -> None:
    cell: Any = Step(
        lambda c, x, h: x * torch.tensor([1.0, 2, 3, 4]) + h * torch.tensor([1.0, 2, 3, 4]) + torch.full((4,), 2.0)
    )
    capture = agree(cell)
    assert capture.constants == (Constant("constant", (1.0, 2.0, 3.0, 4.0), torch.float64),)
    assert capture.weights(cell)["constant"] is not capture.weights(cell)["constant"]


def test_names_are_dotted_and_never_taken_twice() -> None:
    class Cell(nn.Module):
        input_size = output_size = 3

        def __init__(self) -> None:
            super().__init__()
            self.states = {"h": 3, "W": 3}
            self.W = nn.Parameter(torch.randn(3, 3))
            self.gate = nn.ModuleDict({"a b": nn.Linear(3, 3), "x": nn.Linear(3, 3)})

        def step(self, x: Tensor, *, h: Tensor, W: Tensor) -> Any:
            h = torch.tanh(self.gate["x"](x) + self.gate["a b"](h) + W @ self.W)
            return h, {"h": h, "W": W * torch.sigmoid(self.W[0])}

    cell: Any = Cell()
    capture = trace(cell)
    names = [value.name for value in capture.program.inputs]
    assert names == [
        "x",
        "gate.x.weight",
        "gate.x.bias",
        "gate.a_b.weight",
        "gate.a_b.bias",
        "W2",
        "W2.select.sigmoid",
        "h",
        "W",
    ]
    assert capture.sources["W2"] == "W"
    x = torch.randn(4, 3)
    got = as_step(parse(to_text(capture.program)), capture.weights(cell))(x, h=x, W=2 * x)
    torch.testing.assert_close(got, cell.step(x, h=x, W=2 * x))


def test_the_same_parameter_under_two_names_is_one_weight() -> None:
    cell: Any = Step(lambda c, x, h: x @ c.W + h @ c.other)
    cell.other = cell.W
    capture = agree(cell)
    assert list(capture.sources) == ["W"]


def test_parameters_in_one_piece_of_memory() -> None:
    """As some optimisers and loaders lay them out; views of each are still its own."""
    memory = torch.randn(40, dtype=torch.float64)
    cell: Any = Step(lambda c, x, h: x @ c.A.t() + h @ c.B[:, 1:] + x * c.p)
    cell.A, cell.B, cell.p = (nn.Parameter(v) for v in (memory[:16].view(4, 4), memory[16:36].view(4, 5), memory[36:]))
    assert not agree(cell).once
    twice: Any = Step(lambda c, x, h: x @ c.A.t() + h @ c.B)
    twice.A, twice.B = nn.Parameter(memory[:16].view(4, 4)), nn.Parameter(memory[:16].view(4, 4))
    assert set(agree(twice).sources) == {"A", "B"}


@pytest.mark.parametrize("made", ["meta", "float32", "contiguous no more", "frozen"])
def test_weights_of_any_kind(made: str) -> None:
    cell: Any = Step(lambda c, x, h: torch.tanh(x @ c.W.t() + h @ c.W * c.b.sigmoid()))
    expected = to_text(trace(cell, dtype=torch.float64).program)
    dtype = torch.float64
    if made == "meta":
        cell = cell.to("meta")
    elif made == "float32":
        cell, dtype = cell.float(), torch.float32
    elif made == "frozen":
        cell.requires_grad_(False)
    else:
        cell.W = nn.Parameter(cell.W.detach().t().contiguous().t())
        agree(cell)
        return
    assert to_text(trace(cell, dtype=dtype).program) == expected


@pytest.mark.parametrize(
    "surroundings", [torch.no_grad, torch.inference_mode, lambda: torch.autocast("cpu", torch.bfloat16)]
)
def test_the_surroundings_do_not_matter(surroundings: Any) -> None:
    cell: Any = Step(lambda c, x, h: x @ c.W + h * c.b.exp())
    expected = trace(cell, dtype=torch.float64)
    with surroundings():
        assert trace(cell, dtype=torch.float64) == expected


def test_capture_draws_no_random_numbers_and_leaves_parameters_alone() -> None:
    cell: Any = Step(lambda c, x, h: x @ c.W)
    real, state = cell.W, torch.get_rng_state()
    trace(cell, dtype=torch.float64)
    assert cell.W is real
    assert real.requires_grad
    assert real.grad is None
    assert torch.equal(torch.get_rng_state(), state)


def test_weights_of_another_cell_with_the_same_names() -> None:
    function = CELLS["sigmoid of a vector"]
    first: Any = Step(function)
    second: Any = Step(function)
    with torch.no_grad():
        second.b.mul_(2)
    capture = trace(first, dtype=torch.float64)
    assert torch.equal(capture.weights(second)["b.sigmoid"], second.b.sigmoid())


def test_functional_call_reaches_the_weights() -> None:
    cell: Any = Step(lambda c, x, h: x @ (c.W * 2) + h * c.b)
    capture: Capture = trace(cell, dtype=torch.float64)
    x, h = inputs()

    class Run(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell = cell

        def forward(self, x: Tensor, h: Tensor) -> Tensor:
            return as_step(capture.program, capture.weights(self.cell))(x, h=h)[0]

    other = {f"cell.{name}": value + 1 for name, value in weights().items() if value.is_floating_point()}
    got = torch.func.functional_call(Run(), other, (x, h))
    torch.testing.assert_close(got, x @ (other["cell.W"] * 2) + h * other["cell.b"])


def test_copies_and_files_of_a_cell_carry_no_captures() -> None:
    cell = Elman(2, 3)
    assert captured(cell) is captured(cell)
    copied = copy.deepcopy(cell)
    assert captured(copied) is not captured(cell)
    assert to_text(captured(copied).program) == to_text(captured(cell).program)
    file = io.BytesIO()
    torch.save(cell, file)
    file.seek(0)
    loaded = torch.load(file, weights_only=False)
    assert to_text(captured(loaded).program) == to_text(captured(cell).program)
    assert set(cell.state_dict()) == {"U", "W", "b"}


def test_spectral_norm_writes_to_its_buffers_and_is_refused() -> None:
    cell = parametrized(lambda c: parametrizations.spectral_norm(c, "W"))
    before = {name: value.clone() for name, value in cell.state_dict().items()}
    with pytest.raises((CaptureError, UnsupportedOperation)):
        trace(cell, dtype=torch.float64)
    assert all(torch.equal(value, before[name]) for name, value in cell.state_dict().items())
    cell.eval()
    trace(cell, dtype=torch.float64)
