"""The tests of long memory that papers use: what is drawn, what is asked, and when it counts as solved."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Literal

import torch
from torch import Generator, Tensor
from torch.nn.functional import cross_entropy, mse_loss, one_hot, softmax

Part = Literal["train", "validation", "test"]
Rows = tuple[Tensor, Tensor, Tensor]  # x (n, time, d), lengths (n), targets
RECALLED = 10  # symbols to be copied
LENGTHS = (25, 50, 100, 200, 400)


@dataclass(frozen=True)
class Task:
    """One test.

    Args:
        title: its name in tables.
        text: what is asked, and when it is solved, for the results page.
        inputs, outputs: widths of x_t and o_t.
        draw: `draw(n, T, generator, part)` → x, lengths, targets; fresh ones at each call, unless they come from data.
        loss: from the outputs and the targets.
        right: which of the answers are right (…), booleans.
        each_step: whether an output is asked at each step, or after the last one.
        lengths: the values of T to be tried.
        solved: the share of right answers from which a test is solved; None where the share itself is the result.
    """

    title: str
    text: str
    inputs: int
    outputs: int
    draw: Callable[[int, int, Generator, Part], Rows]
    loss: Callable[[Tensor, Tensor], Tensor]
    right: Callable[[Tensor, Tensor], Tensor]
    each_step: bool = False
    lengths: tuple[int, ...] = LENGTHS
    solved: float | None = 0.99


def adding(n: int, time: int, generator: Generator, part: Part) -> Rows:
    """Numbers from [0, 1) and marks; one number of each half is marked, and their sum is asked."""
    rows, half = torch.arange(n), time // 2
    x = torch.stack([torch.rand(n, time, generator=generator), torch.zeros(n, time)], dim=2)
    x[rows, torch.randint(0, half, (n,), generator=generator), 1] = 1
    x[rows, torch.randint(half, time, (n,), generator=generator), 1] = 1
    return x, torch.full((n,), time), (x[..., 0] * x[..., 1]).sum(dim=1, keepdim=True)


def copying(n: int, time: int, generator: Generator, part: Part) -> Rows:
    """Ten of eight symbols (1 to 8), T - 1 blanks (0), the sign to begin (9), ten blanks: then the ten symbols."""
    symbols = torch.randint(1, 9, (n, RECALLED), generator=generator)
    given = torch.zeros(n, time + 2 * RECALLED, dtype=torch.int64)
    given[:, :RECALLED] = symbols
    given[:, time + RECALLED - 1] = 9
    wanted = torch.zeros_like(given)
    wanted[:, -RECALLED:] = symbols
    return one_hot(given, 10).float(), torch.full((n,), given.shape[1]), wanted


def temporal_order(n: int, time: int, generator: Generator, part: Part) -> Rows:
    """X or Y after a tenth and after half of the sequence, among a, b, c, d, between E and B: in which order?"""
    rows = torch.arange(n)
    lengths = torch.randint(time, time + time // 10 + 1, (n,), generator=generator)
    symbols = torch.randint(2, 6, (n, int(lengths.max())), generator=generator)  # 0 E, 1 B, 2-5 a-d, 6 X, 7 Y
    symbols[:, 0], symbols[rows, lengths - 1] = 0, 1
    which = torch.randint(0, 2, (n, 2), generator=generator)
    for place, column in ((time // 10, 0), (time // 2, 1)):
        at = torch.randint(place, place + time // 10 + 1, (n,), generator=generator).clamp(min=1)
        symbols[rows, at] = 6 + which[:, column]
    return one_hot(symbols, 8).float(), lengths, 2 * which[:, 0] + which[:, 1]


@cache
def _digits(permuted: bool) -> tuple[Tensor, Tensor]:
    """Pixels (1797, 64, 1) from 0 to 1 and classes, in one random order of rows; and of pixels."""
    from sklearn.datasets import load_digits

    pixels, classes = load_digits(return_X_y=True)
    generator = torch.Generator().manual_seed(0)
    order = torch.randperm(len(pixels), generator=generator)
    columns = torch.randperm(64, generator=generator) if permuted else torch.arange(64)
    x = torch.from_numpy(pixels).float()[order][:, columns].unsqueeze(2) / 16
    return x, torch.from_numpy(classes).long()[order]


def digits(permuted: bool) -> Callable[[int, int, Generator, Part], Rows]:
    """Rows drawn from the first 1,149 digits, or all of the next 288 (validation) or of the last 360 (test)."""

    def draw(n: int, time: int, generator: Generator, part: Part) -> Rows:
        x, classes = _digits(permuted)
        parts = {"validation": torch.arange(1149, 1437), "test": torch.arange(1437, 1797)}
        rows = torch.randint(0, 1149, (n,), generator=generator) if part == "train" else parts[part]
        return x[rows], torch.full((len(rows),), 64), classes[rows]

    return draw


def _best(o: Tensor, wanted: Tensor) -> Tensor:
    return o.argmax(dim=-1) == wanted


DIGITS = (
    "1,797 handwritten digits of 8 × 8 pixels (scikit-learn), one pixel a step, {}; ten classes. 1,149 rows to train, \
288 to choose the rate of learning, 360 to test."
)
TASKS = {
    "adding": Task(
        "Adding problem (Hochreiter and Schmidhuber 1997)",
        "T random numbers from [0, 1), one of each half marked; their sum after the last step. Always to answer 1 has "
        "a mean squared error of 1/6 = 0.1667. An answer is right as in the paper: off by less than 0.04 of the range "
        "of the sum (0.08); solved when 99 % of 1,000 fresh sequences are right. (The paper draws from [-1, 1] and "
        "marks among the first ten and the first half; the form here is that of later papers.)",
        2,
        1,
        adding,
        mse_loss,
        lambda o, wanted: (o - wanted).abs() < 0.08,
    ),
    "copying": Task(
        "Copying (in the form of Arjovsky et al. 2016)",
        "Ten symbols out of eight, T blanks, then the ten symbols again. Without memory the mean cross-entropy is "
        "10 log 8 / (T + 20). Solved when 99 % of the symbols of 1,000 fresh sequences are recalled.",
        10,
        9,
        copying,
        lambda o, wanted: cross_entropy(o.flatten(0, 1), wanted.flatten()),
        lambda o, wanted: _best(o[:, -RECALLED:], wanted[:, -RECALLED:]),
        each_step=True,
    ),
    "order": Task(
        "Temporal order, two symbols (Hochreiter and Schmidhuber 1997, task 6a)",
        "T to 1.1 T symbols; X or Y stands near T/10 and near T/2; four classes for XX, XY, YX, YY. An answer is right "
        "as in the paper: every output off by less than 0.3; solved when 99 % of 1,000 fresh sequences are right.",
        8,
        4,
        temporal_order,
        cross_entropy,
        # of probabilities the one that shall be 1 is off the most
        lambda o, wanted: softmax(o, dim=-1).gather(1, wanted.unsqueeze(1)).squeeze(1) > 0.7,
    ),
    "digits": Task(
        "Digits, pixel by pixel",
        DIGITS.format("row after row"),
        1,
        10,
        digits(permuted=False),
        cross_entropy,
        _best,
        lengths=(64,),
        solved=None,
    ),
    "permuted digits": Task(
        "Digits, pixel by pixel, permuted",
        DIGITS.format("in one random order"),
        1,
        10,
        digits(permuted=True),
        cross_entropy,
        _best,
        lengths=(64,),
        solved=None,
    ),
}
