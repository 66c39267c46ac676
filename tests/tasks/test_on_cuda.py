"""Every task trained on a CUDA device: what the trained model says there, the run read on the processor says too.

`make test-cuda` runs these; elsewhere such devices are hidden from the tests, which compare bits.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import elman

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")

LINES = [
    f"the {a} {b} a {c}" for a in ("cat", "dog", "bird") for b in ("sees", "likes") for c in ("cat", "dog", "bird")
]
TURNED = [" ".join(reversed(line.split())) for line in LINES]
SMALL: dict[str, Any] = {"epochs": 3, "hidden": 8, "batch_size": 8, "threads": 1, "quiet": True}
READ: dict[str, Any] = {**SMALL, "embedding": 8, "tokens": "word"}


def classify(folder: Path) -> tuple[Path, dict[str, Any], Callable[[Any], Any]]:
    rows = [f"{line},{'good' if 'likes' in line else 'bad'}" for line in LINES * 3]
    options = {**SMALL, "embedding": 8, "pairs": 1, "task": "classify"}
    return written(folder, "reviews.csv", ["text,label", *rows]), options, lambda m: m.probabilities(LINES)


def tag(folder: Path) -> tuple[Path, dict[str, Any], Callable[[Any], Any]]:
    rows = [f"{w}\t{'B-X' if w in ('cat', 'dog') else 'O'}\n" + "\n" * (i % 5 == 4) for i, w in enumerate(words() * 3)]
    path = written(folder, "tags.conll", ["".join(rows)])
    return path, {**SMALL, "embedding": 8, "output": "crf"}, lambda m: m.predict([line.split() for line in LINES])


def series(folder: Path) -> tuple[Path, dict[str, Any], Callable[[Any], Any]]:
    draw = np.random.default_rng(0)
    rows = [",".join(f"{v:.3f}" for v in draw.normal(i % 2, 1, 12)) + f":{i % 2}" for i in range(40)]
    head = ["@problemName x", "@univariate true", "@classLabel true 0 1", "@data"]
    return written(folder, "x.ts", [*head, *rows]), SMALL, lambda m: m.probabilities(m.read(folder / "x.ts"))


def generate(folder: Path) -> tuple[Path, dict[str, Any], Callable[[Any], Any]]:
    def said(model: Any) -> Any:
        model.generate("the", length=5, seed=1)
        model.beam("the", length=5)
        return [one.log_probability for one in model.score("the cat sees a dog") if one.log_probability is not None]

    return written(folder, "text.txt", LINES * 6), {**READ, "task": "generate", "steps": 10, "tied": True}, said


def translate(folder: Path) -> tuple[Path, dict[str, Any], Callable[[Any], Any]]:
    rows = [f"{a}\t{b}" for a, b in zip(LINES, TURNED, strict=True)] * 4

    def said(model: Any) -> Any:
        model.translate(LINES)
        model.best(LINES[:2], 3)
        model.attention(LINES[0])
        return model.score(LINES, TURNED)

    return written(folder, "pairs.tsv", ["from\tto", *rows]), {**READ, "task": "translate"}, said


def chat(folder: Path) -> tuple[Path, dict[str, Any], Callable[[Any], Any]]:
    def said(model: Any) -> Any:
        reply = model.reply(LINES[:1], seed=1)
        model.replies([LINES[:1], LINES[1:3]], seed=1)
        model.why(LINES[:1], reply)
        return [model.evaluate(folder / "chats.txt")["perplexity"]]

    path = written(folder, "chats.txt", [f"{a} __eou__ {b} __eou__" for a, b in zip(LINES, TURNED, strict=True)] * 3)
    return path, {**READ, "task": "chat"}, said


def forecast(folder: Path) -> tuple[Path, dict[str, Any], Callable[[Any], Any]]:
    rows = [f"{d},{n},{5 + d % 7 + k}" for k, n in enumerate("ab") for d in range(60)]
    path = written(folder, "sales.csv", ["day,shop,y", *rows])
    options = {**SMALL, "task": "forecast", "horizon": 4, "output": "quantiles", "season": 7}
    return path, options, lambda m: m.predict(path).quantiles


def watch(folder: Path) -> tuple[Path, dict[str, Any], Callable[[Any], Any]]:
    draw = np.random.default_rng(0)
    rows = [f"{t},{np.sin(t / 3) + draw.normal(0, 0.1):.4f}" for t in range(600)]
    path = written(folder, "sensors.csv", ["minute,heat", *rows])
    options = {**SMALL, "task": "watch", "time": "minute", "windows": 64, "steps": 16}
    return path, options, lambda m: m.scores(path).score


def words() -> list[str]:
    return [word for line in LINES for word in line.split()]


def written(folder: Path, name: str, lines: Sequence[str]) -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("task", [classify, tag, series, generate, translate, chat, forecast, watch])
def test_trained_there_and_read_here(task: Callable[[Path], Any], tmp_path: Path) -> None:
    path, options, said = task(tmp_path)
    torch.cuda.reset_peak_memory_stats()
    held = torch.cuda.max_memory_allocated()
    model = elman.train(path, out=tmp_path / "run", **options)
    assert torch.cuda.max_memory_allocated() > held, "nothing was done on the device"
    there, here = said(model), said(elman.load(tmp_path / "run"))
    if task is tag:
        assert there == here
        return
    # cuDNN multiplies float32 numbers with 10 of their 23 bits (TF32), unless told otherwise.
    np.testing.assert_allclose(np.asarray(there, float), np.asarray(here, float), rtol=2e-2, atol=2e-3)
