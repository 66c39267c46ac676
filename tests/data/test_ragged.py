"""Ragged rows against plain lists."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.data.ragged import Ragged
from elman.errors import ArgumentError

rows_of_ids = st.lists(st.lists(st.integers(1, 99), max_size=7), max_size=9)


@given(rows=rows_of_ids, data=st.data())
def test_rows_are_those_given(rows: list[list[int]], data: st.DataObject) -> None:
    ragged = Ragged.of(rows)
    assert len(ragged) == len(rows)
    assert ragged.lengths.tolist() == [len(row) for row in rows]
    assert [ragged.row(i).tolist() for i in range(len(rows))] == rows
    assert (ragged.values.dtype, ragged.offsets.dtype) == (np.int32, np.int64)
    chosen = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=12)) if rows else []
    part = ragged.take(chosen)
    assert [part.row(i).tolist() for i in range(len(chosen))] == [rows[i] for i in chosen]
    ids, lengths = ragged.batch(np.array(chosen, dtype=np.int64))
    longest = max((len(rows[i]) for i in chosen), default=0)
    assert tuple(ids.shape) == (len(chosen), longest)
    assert ids.tolist() == [rows[i] + [0] * (longest - len(rows[i])) for i in chosen]
    assert lengths.tolist() == [len(rows[i]) for i in chosen]
    assert str(ids.dtype) == str(lengths.dtype) == "torch.int64"


def test_empty_batches_and_rows() -> None:
    ragged = Ragged.of([[], [3]])
    assert ragged.batch([])[0].shape == (0, 0)
    assert ragged.batch([0])[0].shape == (1, 0)
    assert Ragged.of([]).take([]).offsets.tolist() == [0]
    assert ragged.row(-1).tolist() == [3]
    with pytest.raises(IndexError):
        ragged.row(2)


@pytest.mark.parametrize("offsets", [[], [0], [0, 4], [1, 3], [0, 2, 1, 3], [[0, 3]]])
def test_offsets_that_do_not_fit(offsets: list[int]) -> None:
    with pytest.raises(ArgumentError, match="do not cut 3 values"):
        Ragged(np.arange(3), np.array(offsets))


def test_changing_a_batch_leaves_the_rows() -> None:
    ragged = Ragged.of([[1, 2], [3]])
    ids, lengths = ragged.batch([0, 1])
    ids.zero_()
    lengths.zero_()
    assert ragged.row(0).tolist() == [1, 2]
    assert ragged.lengths.tolist() == [2, 1]
