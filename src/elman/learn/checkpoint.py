"""Checkpoints: one safetensors file each, written whole or not at all, with a sum over everything in it."""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from elman.data.files import write_whole
from elman.errors import RunError

KEPT = 2  # checkpoints in a folder


def save(path: Path, tensors: Mapping[str, Tensor], meta: Mapping[str, Any]) -> None:
    """Write tensors and plain values into one file.

    Args:
        path: the file, replaced in one step if it is there.
        tensors: name → tensor, on any device.
        meta: what else belongs to it; anything that JSON can say (NaN and infinity it cannot).

    Raises:
        StorageError: it cannot be written; what was there before is still there.

    Example:
        >>> folder = getfixture("tmp_path")
        >>> save(folder / "a.safetensors", {"w": torch.ones(2)}, {"step": 7})
        >>> load(folder / "a.safetensors")
        ({'w': tensor([1., 1.])}, {'step': 7})
    """
    from safetensors.torch import save as to_bytes

    # A copy of each: safetensors refuses tensors that share memory, as tied weights do.
    own = {name: t.detach().to("cpu", copy=True).contiguous() for name, t in tensors.items()}
    text = json.dumps(meta, allow_nan=False, sort_keys=True)
    header = {"elman": text, "sha256": _digest(own, text)}
    write_whole(path, to_bytes(own, header))


def load(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read what `save` wrote.

    Returns:
        The tensors, on the processor, and the plain values.

    Raises:
        RunError: the file is damaged: cut short, changed in a single bit, or not a checkpoint.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load as from_bytes

    raw = path.read_bytes()
    try:
        tensors = from_bytes(raw)
        size = int.from_bytes(raw[:8], "little")
        header = json.loads(raw[8 : 8 + size])["__metadata__"]
        text, digest = header["elman"], header["sha256"]
        meta = json.loads(text)
    except (SafetensorError, ValueError, KeyError, TypeError):
        raise RunError(f"{path} is damaged or not a checkpoint", expected="a checkpoint written by elman") from None
    if _digest(tensors, text) != digest:
        raise RunError(f"{path} is damaged: its content does not have the sum written in it")
    return tensors, meta


def newest_whole(
    folder: Path, note: Callable[[str], None] = lambda text: None
) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    """The newest checkpoint of a folder that is undamaged.

    Args:
        folder: where the checkpoints lie; it need not exist.
        note: told about every damaged checkpoint that is passed over.

    Returns:
        As `load`, or None where there is none.
    """
    for path in reversed(_in_order(folder)):
        try:
            return load(path)
        except RunError as error:
            note(f"{error.found}; the one before it is used.")
    return None


def add(folder: Path, step: int, tensors: Mapping[str, Tensor], meta: Mapping[str, Any]) -> None:
    """Write the checkpoint of a step into a folder, and keep the one before it, in case this one gets damaged.

    Those of later steps are deleted too: they are damaged, or the training would have gone on from them.

    Raises:
        StorageError: it cannot be written; the earlier ones are still there.
    """
    path = folder / f"step-{step:09d}.safetensors"
    save(path, tensors, meta)
    others = _in_order(folder)
    place = others.index(path)
    for other in others[: max(place + 1 - KEPT, 0)] + others[place + 1 :]:
        other.unlink(missing_ok=True)


def _in_order(folder: Path) -> list[Path]:
    return sorted(folder.glob("step-*.safetensors"))


def _digest(tensors: Mapping[str, Tensor], text: str) -> str:
    """SHA-256 over the names, types, shapes and bytes of all tensors, and the text."""
    total = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        total.update(f"\n{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        if tensor.numel():
            total.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return total.hexdigest()
