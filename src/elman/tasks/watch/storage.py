"""A watcher in its run folder: written whole, read back, described by a card."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from elman.data.config_file import merge
from elman.learn.card import Card, card_of, course, model_card
from elman.learn.contents import Run
from elman.learn.folder import RunFolder
from elman.learn.models import readable
from elman.learn.weights import count_weights, tensors_of
from elman.tasks.watch.calibration import Calibration
from elman.tasks.watch.material import Units
from elman.tasks.watch.network import Network
from elman.tasks.watch.options import WatchOptions
from elman.tasks.watch.results import bound, table, verdict
from elman.tasks.watch.watcher import Rated, Watcher

WEIGHTS, CARD, CALIBRATION = "model.safetensors", "README.md", "calibration.safetensors"


def finish(model: Watcher, run: RunFolder) -> None:
    """Write all that came of a training into its folder, which has begun."""
    from safetensors.torch import save as to_bytes

    weights = tensors_of(model.network) | _tensors(
        {"units.mean": model.units.mean, "units.deviation": model.units.deviation}
    )
    scores = {"starts": model.calibration.starts}  # of all
    for k, rated in enumerate(model.rated.values()):
        scores |= {f"{k}.tails": rated.tails, f"{k}.scores": rated.calibration.scores}
    about: dict[str, Any] = {
        "task": model.task, "columns": list(model.columns), "season": model.season, "roles": model.roles,
        "rated": list(model.rated), **model.record,
    }  # fmt: skip
    files: dict[str, bytes | str] = {
        WEIGHTS: to_bytes(weights), CALIBRATION: to_bytes(_tensors(scores)), CARD: model_card(card(model, run.path))
    }  # fmt: skip
    run.finish(files, about)


def from_run(run: Run) -> Watcher:
    """The model of a run that was read."""
    from safetensors.torch import load

    with readable(run, "watcher"):
        about = run.about
        options, _ = merge(WatchOptions, yaml=run.config)
        weights, scores = load(run.file(WEIGHTS)), load(run.file(CALIBRATION))
        units = Units(weights.pop("units.mean").numpy(), weights.pop("units.deviation").numpy())
        columns = tuple(about["columns"])
        network = Network(len(columns), options.model)
        network.load_state_dict(weights)
        rated: dict[str, Rated] = {}
        for k, name in enumerate(about["rated"]):
            own = Calibration(scores[f"{k}.scores"].numpy(), scores["starts"].numpy())
            rated[name] = Rated(scores[f"{k}.tails"].numpy(), own)
        if units.mean.shape != (len(columns),) or rated["model"].tails.shape != units.mean.shape:
            raise ValueError("its columns are others than its scales")
        model = Watcher(network, options, units, columns, rated, int(about["season"]), about["roles"])
    model.record = run.record("columns", "season", "roles", "rated")
    return model


def _tensors(arrays: dict[str, np.ndarray]) -> dict[str, Tensor]:
    return {name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in arrays.items()}


def card(model: Watcher, folder: Path) -> Card:
    """What the model card says."""
    record, own = model.record, model.options.model
    results = record.get("results", {})
    facts = {
        "columns": ", ".join(model.columns),
        "network": f"{own.layers} × {own.cell} {own.hidden}, {own.output.replace('_', ' ')}",
        "weights": f"{count_weights(model.network):,}",
        **course(record),
    }
    told = [verdict(results), bound(results["held back"]), f"```text\n{table(results)}\n```"] if results else []
    return card_of(
        record,
        folder,
        summary=f"A recurrent network ({own.cell}) that watches numbers step by step and tells what is unlike before.",
        facts=facts,
        verdict="\n\n".join(told),
        usage='import elman\n\nstream = elman.load("FOLDER").stream()\nstream([20.5, 1.0]).alarm',
        commands="sensors | elman watch FOLDER\nelman evaluate FOLDER labelled.csv --label anomaly",
        limits=[
            "What it takes for normal is what stood in the training's file, anomalies included.",
            "The share of alarms holds as long as what is normal stays the same.",
        ],
    )
