"""neuralforecast's RNN, LSTM and GRU as a process of its own, see `benchmarks.peers.forecast_job`.

Run by the interpreter of an environment that holds neuralforecast; elman is neither there nor needed.
"""

import logging
import sys
import warnings
from contextlib import redirect_stdout
from importlib import import_module
from importlib.metadata import version
from typing import Any

from benchmarks.peers.forecast_job import FORECASTS, Job, Timed, mebibytes, tell, timed

KINDS = {"elman": "RNN", "lstm": "LSTM", "gru": "GRU"}


def read(path: str) -> Any:
    """A row for each series, as neuralforecast wants it: a row for each step."""
    pandas = import_module("pandas")
    wide = pandas.read_csv(path)
    long = wide.melt(id_vars=wide.columns[0], var_name="ds", value_name="y").dropna()
    long = long.rename(columns={wide.columns[0]: "unique_id"})
    long["ds"] = long["ds"].str[1:].astype(int)
    return long.sort_values(["unique_id", "ds"], ignore_index=True)


def model_of(job: Job) -> Any:
    """The network. What is not named is as neuralforecast has it: robust scale of each window, Adam, a decoder of two
    layers; forecasts of 1,024 windows at a time. No logger, no checkpoint, no bar."""
    models = import_module("neuralforecast.models")
    losses = import_module("neuralforecast.losses.pytorch")
    return getattr(models, KINDS[job.cell])(
        h=job.horizon,
        input_size=job.context,
        encoder_n_layers=job.layers,
        encoder_hidden_size=job.hidden,
        decoder_hidden_size=job.hidden,
        loss=losses.MAE(),
        max_steps=job.steps,
        val_check_steps=job.check,
        learning_rate=job.rate,
        windows_batch_size=job.batch,
        valid_batch_size=512,
        random_seed=job.seed,
        accelerator="cpu",
        devices=1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )


def work(job: Job) -> dict[str, Any]:
    """Train and forecast; what is told of it."""
    torch, core = import_module("torch"), import_module("neuralforecast.core")
    trainer = import_module("pytorch_lightning").Trainer
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    torch.set_num_threads(job.threads)
    torch.optim.Adam([torch.zeros(1)])  # as there: the first optimiser imports much of torch, which is not timed
    data = read(job.train)
    loops: list[Timed] = []
    fit = trainer.fit

    def fit_timed(self: Any, *arguments: Any, **named: Any) -> None:
        loops.append(timed(lambda: fit(self, *arguments, **named))[1])

    trainer.fit = fit_timed
    model = model_of(job)
    both = core.NeuralForecast(models=[model], freq=1)
    before = mebibytes("VmRSS")
    _, call = timed(lambda: both.fit(data, val_size=job.horizon))
    runs = [timed(both.predict) for _ in range(FORECASTS)]
    found, spent = sorted(runs, key=lambda run: run[1].seconds)[len(runs) // 2]
    names = [name for name in found.columns if name not in ("unique_id", "ds")]
    points = {str(key): own[names[0]].tolist() for key, own in found.groupby("unique_id")}
    weights = sum(p.numel() for p in both.models[0].parameters())
    versions = {name: version(name) for name in ("neuralforecast", "torch", "pytorch-lightning")}
    return {
        "loop": loops[0],
        "call": call,
        "forecast": spent,
        "before": before,
        "weights": weights,
        "points": points,
        "versions": versions,
    }


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    with redirect_stdout(sys.stderr):
        told = work(Job.asked())
    tell(**told)
