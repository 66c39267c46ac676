"""A model of series in its run folder: written whole, read back, described by a card."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from elman.data.config_file import merge
from elman.learn.card import Card, Result, card_of, model_card
from elman.learn.contents import Run
from elman.learn.folder import RunFolder
from elman.learn.models import beside, readable
from elman.learn.weights import count_weights, tensors_of
from elman.tasks.series.contrasts import Nearest
from elman.tasks.series.model import SeriesModel
from elman.tasks.series.network import Network
from elman.tasks.series.options import SeriesOptions
from elman.tasks.series.results import NAMES, verdict
from elman.tasks.series.scaling import Scaling

WEIGHTS, NEAREST, CARD = "model.safetensors", "nearest.safetensors", "README.md"


def finish(model: SeriesModel, run: RunFolder) -> None:
    """Write all that came of a training into its folder, which has begun."""
    from safetensors.torch import save as to_bytes

    weights = tensors_of(model.network)
    scaling = model.scaling
    moments = {"scaling.mean": scaling.mean, "scaling.deviation": scaling.deviation}
    weights |= {name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in moments.items()}
    files: dict[str, bytes | str] = {WEIGHTS: to_bytes(weights), CARD: model_card(card(model, run.path))}
    if model.contrasts is not None:
        own = {"points": model.contrasts.points, "answers": model.contrasts.answers}
        files[NEAREST] = to_bytes({name: torch.from_numpy(np.ascontiguousarray(v)) for name, v in own.items()})
    about: dict[str, Any] = {
        "task": model.task, "classes": model.classes, "unit": list(model.unit), "indicators": scaling.indicators,
        **model.record,
    }  # fmt: skip
    run.finish(files, about)


def from_run(run: Run) -> SeriesModel:
    """The model of a run that was read."""
    from safetensors.torch import load

    with readable(run, "model of series"):
        about = run.about
        options, _ = merge(SeriesOptions, yaml=run.config)
        weights = load(run.file(WEIGHTS))
        mean, deviation = (weights.pop(f"scaling.{name}").numpy() for name in ("mean", "deviation"))
        scaling = Scaling(options.model.scale, mean, deviation, about["indicators"])
        classes = about["classes"]
        network = Network(scaling.channels, len(classes) if classes else 1, options.model)
        network.load_state_dict(weights)
        nearest = None
        if NEAREST in run.files:
            own = load(run.file(NEAREST))
            nearest = Nearest(own["points"].numpy(), own["answers"].numpy())
        unit = (float(about["unit"][0]), float(about["unit"][1]))
    record = run.record("classes", "unit", "indicators")
    return SeriesModel(network, scaling, classes, options, unit=unit, contrasts=nearest, record=record)


def card(model: SeriesModel, folder: Path) -> Card:
    """What the model card says."""
    record, own = model.record, model.options.model
    results = record.get("results", {})
    what = "a number for it" if model.classes is None else f"which of {len(model.classes)} classes it belongs to"
    return card_of(
        record,
        folder,
        summary=f"A recurrent network ({own.cell}) that reads a numeric series and tells {what}.",
        facts=_facts(model),
        results=[_result(part, name, n) for part, result in results.items() for name, n in beside(result).items()
                 if "accuracy" in n],
        verdict=verdict(results) if results else "",
        usage='import elman\n\nmodel = elman.load("FOLDER")\nmodel.predict(X)  # arrays (channels, T)',
        commands="elman predict FOLDER new.csv -o answers.csv\nelman evaluate FOLDER test.csv",
        limits=["It knows series like those it was trained on: the same channels, in the same units."],
    )  # fmt: skip


def _facts(model: SeriesModel) -> dict[str, str]:
    own, record = model.options.model, model.record
    facts = {
        "classes": "numbers" if model.classes is None else ", ".join(model.classes),
        "series": ", ".join(f"{part} {count:,}" for part, count in record.get("rows", {}).items()),
        "network": f"{own.layers} × {own.cell} {own.hidden}{' in both directions' if own.bidirectional else ''}, "
        f"{own.pooling} of the steps" + (f", convolutions of {own.convolutions} filters" if own.convolutions else ""),
        "weights": f"{count_weights(model.network):,}",
    }
    if history := record.get("history"):
        facts["training"] = f"{history['steps']:,} steps in {history['seconds']:.0f} s"
    return facts


def _result(part: str, name: str, n: dict[str, Any]) -> Result:
    return Result(NAMES[name], part, n["rows"], n["accuracy"], n["accuracy_low"], n["accuracy_high"],
                  {"macro F1": n["macro_f1"]})  # fmt: skip
