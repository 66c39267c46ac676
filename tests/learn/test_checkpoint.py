"""Checkpoints: what is written is read, and nothing else is."""

import errno
import os
import random
from pathlib import Path

import pytest
import torch

from elman.errors import RunError, StorageError
from elman.learn.checkpoint import add, load, newest_whole, save

TENSORS = {
    "w": torch.arange(6, dtype=torch.float32).reshape(2, 3),
    "half": torch.tensor([1.5, -2.0], dtype=torch.bfloat16),
    "step": torch.tensor(7.0),
    "none": torch.zeros(0, 4),
    "flags": torch.tensor([True, False]),
    "random": torch.arange(40, dtype=torch.uint8),
}
META = {"epoch": 2, "loss": 0.1 + 0.2, "history": [{"a": 1e-300}], "name": "Größe"}


def test_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    save(path, TENSORS, META)
    tensors, meta = load(path)
    assert meta == META
    assert tensors.keys() == TENSORS.keys()
    for name, tensor in TENSORS.items():
        assert tensors[name].dtype == tensor.dtype
        assert torch.equal(tensors[name], tensor)


def test_tied_transposed_and_sliced_tensors(tmp_path: Path) -> None:
    base = torch.arange(12.0).reshape(3, 4)
    tensors = {"a": base, "b": base, "t": base.T, "s": base[:, 1:3], "e": torch.ones(1).expand(5)}
    save(tmp_path / "a", tensors, {})
    read, _ = load(tmp_path / "a")
    assert all(torch.equal(read[name], tensors[name]) for name in tensors)


def test_every_flipped_bit_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a"
    save(path, TENSORS, META)
    raw = path.read_bytes()
    draw = random.Random(0)
    for bit in draw.sample(range(8 * len(raw)), 500):
        damaged = bytearray(raw)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        try:
            tensors, meta = load(path)
        except RunError:
            continue
        # Spaces that fill up the header carry nothing: a flip there may be harmless, but never wrong.
        assert meta == META
        assert all(torch.equal(tensors[name], TENSORS[name]) for name in TENSORS)


def test_every_cut_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a"
    save(path, TENSORS, META)
    raw = path.read_bytes()
    for size in [*range(0, len(raw), 7), len(raw) - 1]:
        path.write_bytes(raw[:size])
        with pytest.raises(RunError, match="damaged"):
            load(path)


@pytest.mark.parametrize("raw", [b"\xff" * 8 + b"{}", b"PK\x03\x04", b"\x02\0\0\0\0\0\0\0{}", b"\x80\x04."])
def test_other_files_are_refused(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "a").write_bytes(raw)
    with pytest.raises(RunError, match="damaged or not a checkpoint"):
        load(tmp_path / "a")


def test_two_are_kept_and_later_ones_go(tmp_path: Path) -> None:
    for step in (5, 10, 100, 2000):
        add(tmp_path, step, TENSORS, {"step": step})
    assert sorted(p.name for p in tmp_path.iterdir()) == ["step-000000100.safetensors", "step-000002000.safetensors"]
    (tmp_path / "step-000002000.safetensors").write_bytes(b"damaged")
    notes: list[str] = []
    found = newest_whole(tmp_path, notes.append)
    assert found is not None
    assert found[1] == {"step": 100}
    assert len(notes) == 1
    add(tmp_path, 150, TENSORS, {"step": 150})
    assert sorted(p.name for p in tmp_path.iterdir()) == ["step-000000100.safetensors", "step-000000150.safetensors"]


def test_none_there(tmp_path: Path) -> None:
    assert newest_whole(tmp_path) is None
    assert newest_whole(tmp_path / "nowhere") is None


def test_no_space_keeps_the_old_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add(tmp_path, 1, TENSORS, {"step": 1})
    add(tmp_path, 2, TENSORS, {"step": 2})

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="no space is left") as caught:
        add(tmp_path, 3, TENSORS, {"step": 3})
    assert caught.value.exit_code == 3
    monkeypatch.undo()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["step-000000001.safetensors", "step-000000002.safetensors"]
    found = newest_whole(tmp_path)
    assert found is not None
    assert found[1] == {"step": 2}
