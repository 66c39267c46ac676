"""Lists of unequal sequences to batches and back: every number in its place, gradients through, clear errors."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import elman
from elman.errors import ArgumentError, ArgumentTypeError
from elman.layers import ragged, unragged


@given(lengths=st.lists(st.integers(0, 6), min_size=1, max_size=6), width=st.integers(1, 3), seed=st.integers(0, 99))
def test_every_number_in_its_place(lengths: list[int], width: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    rows = [torch.randn(length, width, generator=generator) for length in lengths]
    x, got = ragged(rows)
    assert got.dtype == torch.int64
    assert got.tolist() == lengths
    assert x.shape == (len(rows), max(lengths), width)
    for i, row in enumerate(rows):
        assert torch.equal(x[i, : len(row)], row)
        assert (x[i, len(row) :] == 0).all()
    for row, back in zip(rows, unragged(x, got), strict=True):
        assert torch.equal(row, back)


def test_what_a_sequence_may_be() -> None:
    array = np.arange(6, dtype=np.float32).reshape(3, 2)
    frozen = array.copy()
    frozen.flags.writeable = False
    for row in (
        torch.from_numpy(array),
        array,
        frozen,
        array.tolist(),
        tuple(array),
        list(torch.tensor(array)),
        array[::-1].copy()[::-1],
    ):
        x, lengths = ragged([row, []])
        assert x[0].tolist() == [[0, 1], [2, 3], [4, 5]]
        assert x.dtype == torch.float32
        assert lengths.tolist() == [3, 0]
    ids, lengths = ragged(iter([np.array([5, 6, 7]), torch.tensor([], dtype=torch.int64), [8]]))
    assert ids.tolist() == [[5, 6, 7], [0, 0, 0], [8, 0, 0]]
    assert ids.dtype == torch.int64
    assert lengths.tolist() == [3, 0, 1]
    assert ragged([[5, 6], [8]], padding=-100)[0].tolist() == [[5, 6], [8, -100]]
    assert ragged([[1, 2], [0.5]], dtype=torch.float64)[0].tolist() == [[1, 2], [0.5, 0]]
    images, lengths = ragged([torch.ones(2, 3, 4), torch.ones(1, 3, 4)])
    assert images.shape == (2, 2, 3, 4)
    assert images.sum() == 3 * 12


def test_nested_tensors() -> None:
    rows = [torch.randn(3, 2), torch.randn(1, 2)]
    x, lengths = ragged(torch.nested.nested_tensor(rows, layout=torch.jagged))
    assert lengths.tolist() == [3, 1]
    assert torch.equal(x, torch.stack([rows[0], torch.cat([rows[1], torch.zeros(2, 2)])]))


def test_gradients_go_back_to_every_sequence() -> None:
    rows = [torch.randn(3, 2, requires_grad=True), torch.randn(0, 2, requires_grad=True), torch.randn(1, 2)]
    x, lengths = ragged(rows)
    y, _ = elman.Recurrent(elman.cells.Elman(2, 4))(x, lengths)
    assert [row.shape for row in unragged(y, lengths)] == [(3, 4), (0, 4), (1, 4)]
    (3 * x).sum().backward()
    assert rows[0].grad is not None
    assert (rows[0].grad == 3).all()


def test_nothing_but_empty_sequences() -> None:
    for rows in ([], [[], []]):
        with pytest.raises(ArgumentError, match=r"step=\(\) for numbers, and dtype="):
            ragged(rows)
        with pytest.raises(ArgumentError, match="tells what one step"):
            ragged(rows, step=(3,))
        x, lengths = ragged(rows, step=(3,), dtype=torch.float64)
        assert (x.shape, x.dtype) == ((len(rows), 0, 3), torch.float64)
        assert lengths.tolist() == [0] * len(rows)
        assert ragged(rows, step=(), dtype=torch.int64)[0].shape == (len(rows), 0)
    x, lengths = ragged([torch.zeros(0, 3), []])
    assert x.shape == (2, 0, 3)
    ids, lengths = ragged([torch.zeros(0, dtype=torch.int64), []])
    assert (ids.shape, ids.dtype) == ((2, 0), torch.int64)
    assert unragged(torch.zeros(0, 0, 3), lengths[:0]) == []


@pytest.mark.parametrize(
    ("rows", "options", "error", "words"),
    [
        ([[1, 2], [[3, 4]]], {}, ArgumentError, r"shape \(2,\) in sequence 1.*\(\), as in sequence 0"),
        ([torch.zeros(2, 3), torch.zeros(2, 4)], {}, ArgumentError, r"\(4,\) in sequence 1.*\(3,\)"),
        ([torch.zeros(2, 3)], {"step": (4,)}, ArgumentError, r"\(4,\), as step says"),
        ([[1, 2], [0.5]], {}, ArgumentTypeError, "sequence 1 is of type torch.float32.*dtype="),
        ([[1, 2], "ab"], {}, ArgumentTypeError, "sequence 1 is a str"),
        ([[[1, 2], [3]]], {}, ArgumentTypeError, "sequence 0 is a list"),
        ([np.array(["a"])], {}, ArgumentTypeError, "not an array of numbers"),
        ([1, 2, 3], {}, ArgumentError, r"single number.*Write \[1\]"),
        ("abc", {}, ArgumentTypeError, "sequences are a str"),
        (3, {}, ArgumentTypeError, "sequences are a int"),
        ([[1]], {"step": 1}, ArgumentTypeError, "step is 1"),
        ([[1]], {"dtype": "float32"}, ArgumentTypeError, "such as torch.float32"),
        ([[1]], {"padding": "0"}, ArgumentTypeError, "padding is '0'"),
    ],
)
def test_wrong_sequences(rows: object, options: dict, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        ragged(rows, **options)  # pyright: ignore[reportArgumentType]


def test_wrong_outputs() -> None:
    with pytest.raises(ArgumentError, match="rows and steps"):
        unragged(torch.zeros(3), [1])
    with pytest.raises(ArgumentTypeError, match="y is a list"):
        unragged([[1]], [1])  # pyright: ignore[reportArgumentType]
    with pytest.raises(ArgumentError, match=r"lengths\[0\] is 4"):
        unragged(torch.zeros(1, 3), [4])
