"""A forecaster in its run folder: written whole, read back, described by a card."""

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from elman.data.config_file import merge
from elman.data.series.frequency import Frequency
from elman.data.series.scaling import Scale
from elman.learn.card import Card, card_of, course, model_card
from elman.learn.contents import Run
from elman.learn.folder import RunFolder
from elman.learn.models import readable
from elman.learn.weights import count_weights, tensors_of
from elman.tasks.forecast.covariates import Covariates
from elman.tasks.forecast.forecaster import Forecaster
from elman.tasks.forecast.network import Sizes
from elman.tasks.forecast.networks import make_network
from elman.tasks.forecast.options import ForecastOptions
from elman.tasks.forecast.results import table, verdict

WEIGHTS, CARD, MEMBERS = "model.safetensors", "README.md", "members"


def finish(model: Forecaster, run: RunFolder) -> None:
    """Write all that came of a training into its folder, which has begun."""
    from safetensors.torch import save as to_bytes

    weights = tensors_of(model.network)
    scale = {"scale.shift": model.scale.shift, "scale.size": model.scale.size}
    if model.scale.offset is not None:
        scale["scale.offset"] = model.scale.offset
    if model.margins is not None:
        scale["margins"] = model.margins
    weights |= {name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in scale.items()}
    about: dict[str, Any] = {
        "task": model.task,
        "sizes": asdict(model.network.sizes),
        "covariates": model.covariates.plain(),
        "names": model.names,
        "frequency": asdict(model.frequency),
        "log": model.scale.log,
        **model.record,
    }
    run.finish({WEIGHTS: to_bytes(weights), CARD: model_card(card(model, run.path))}, about)
    shutil.rmtree(run.path / MEMBERS, ignore_errors=True)  # what an interrupted ensemble went on from


def from_run(run: Run) -> Forecaster:
    """The model of a run that was read."""
    from safetensors.torch import load

    with readable(run, "forecaster"):
        about = run.about
        options, _ = merge(ForecastOptions, yaml=run.config)
        weights = load(run.file(WEIGHTS))
        scale = {name: weights.pop(f"scale.{name}", None) for name in ("shift", "size", "offset")}
        margins = weights.pop("margins", None)
        if scale["shift"] is None or scale["size"] is None:
            raise ValueError("the scale of the series is missing")
        network = make_network(Sizes(**about["sizes"]), options.model, options.training.ensemble)
        network.load_state_dict(weights)
        model = Forecaster(
            network,
            options,
            Covariates.from_plain(about["covariates"]),
            about["names"],
            Scale(
                scale["shift"].numpy(),
                scale["size"].numpy(),
                bool(about["log"]),
                None if scale["offset"] is None else scale["offset"].numpy(),
            ),
            Frequency(**about["frequency"]),
            margins=None if margins is None else margins.numpy(),
        )
    model.record = run.record("sizes", "covariates", "names", "frequency", "log")
    return model


def card(model: Forecaster, folder: Path) -> Card:
    """What the model card says."""
    record, own, sizes = model.record, model.options.model, model.network.sizes
    results = record.get("results", {})
    members = model.options.training.ensemble
    several = f"{members} of " if members > 1 else ""
    facts = {
        "series": f"{len(model.names):,}, {model.frequency.name}, season {sizes.season}",
        "horizon": f"{sizes.horizon} steps, from {sizes.context}",
        "network": f"{several}{own.network}, {own.layers} × {own.cell} {own.hidden}, {own.output}",
        "scale": f"{own.scaling} of each series, {own.window} of each window{', of logarithms' if own.log else ''}",
        "weights": f"{count_weights(model.network):,}",
    }
    facts |= course(record)
    lines = [verdict(results), f"```text\n{table(results)}\n```"] if results else []
    return card_of(
        record,
        folder,
        summary=f"A recurrent network ({own.cell}) that continues series by {sizes.horizon} steps.",
        facts=facts,
        verdict="\n\n".join(lines),
        usage='import elman\n\nmodel = elman.load("FOLDER")\nmodel.predict("sales.csv").points',
        commands="elman predict FOLDER sales.csv -o forecast.csv\nelman evaluate FOLDER sales.csv",
        limits=[
            f"It forecasts {sizes.horizon} steps of series that are {model.frequency.name}.",
            *(["The validation windows have chosen the epoch, so their figures flatter it."] if results else []),
        ],
    )
