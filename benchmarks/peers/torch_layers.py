"""What the peers on torch share: calling a layer with and without gradients, and the figures of its result."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from benchmarks.case import BATCHES, ROWS, SYMBOLS, VOCABULARY, Case
from benchmarks.peers import Run, threads

Layer = Callable[[Tensor], Tensor]


def run_of(layer: Layer, case: Case, weights: dict[str, Tensor], others: tuple[Tensor, ...] = ()) -> Run:
    """A layer x → y as something to be timed.

    Gradients are asked for with `torch.autograd.grad`: none are zeroed, none are added up.

    Args:
        layer: takes x (n, T, d), gives y (n, T, o).
        case: what to do with it.
        weights: those whose gradients are compared between peers, by name.
        others: further weights that get a gradient.
    """
    torch.set_num_threads(threads())
    data = {name: torch.from_numpy(value) for name, value in case.data().items()}
    x = data["x"]
    if case.mode == "train":
        x.requires_grad_()
    leaves = [x, *weights.values(), *others]

    def dy(y: Tensor) -> Tensor:
        return data["dy"] if y.shape == data["dy"].shape else torch.ones_like(y)

    def forward() -> Tensor:
        with torch.inference_mode():
            return layer(x)

    def train() -> tuple[Tensor, tuple[Tensor, ...]]:
        y = layer(x)
        return y, torch.autograd.grad(y, leaves, dy(y))

    def numbers() -> list[float]:
        y, gradients = train() if case.mode == "train" else (forward(), ())
        return [
            float((y.detach() * dy(y)).sum()),
            *(float(gradient.norm()) for gradient in gradients[: 1 + len(weights)]),
        ]

    return Run(forward if case.mode == "forward" else train, numbers)


class Tutorial(nn.Module):
    """The tutorial's network: embedding of 16, three recurrent layers of 32 (ReLU), the last state, one output."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, 16)
        self.layer = layer
        self.readout = nn.Linear(32, 1)

    def forward(self, ids: Tensor) -> Tensor:
        """Symbols (n, T) → logits (n)."""
        return self.readout(self.layer(self.embedding(ids))[0][:, -1]).squeeze(-1)


def epoch_of(layer: nn.Module) -> Run:
    """Training steps of the tutorial's network, reported as seconds of an epoch of 18,750 reviews."""
    torch.set_num_threads(threads())
    torch.manual_seed(0)
    model = Tutorial(layer)
    optimizer = torch.optim.RMSprop(model.parameters(), lr=1e-3)
    ids = torch.randint(VOCABULARY, (BATCHES, ROWS, SYMBOLS))
    labels = torch.randint(2, (BATCHES, ROWS)).float()
    loss_of = nn.BCEWithLogitsLoss()

    def call() -> None:
        for batch, label in zip(ids, labels, strict=True):
            optimizer.zero_grad(set_to_none=True)
            loss_of(model(batch), label).backward()
            optimizer.step()

    return Run(call, scale=18_750 / (BATCHES * ROWS))


def packed(layer: nn.Module, lengths: Tensor) -> Layer:
    """A layer of torch.nn over rows of unequal length."""
    pack = partial(nn.utils.rnn.pack_padded_sequence, lengths=lengths, batch_first=True, enforce_sorted=False)
    return lambda x: nn.utils.rnn.pad_packed_sequence(layer(pack(x))[0], batch_first=True, total_length=x.shape[1])[0]
