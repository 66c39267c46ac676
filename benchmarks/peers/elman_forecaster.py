"""elman's forecaster as a process of its own, see `benchmarks.peers.forecast_job`."""

from importlib.metadata import version

import numpy as np
import torch

from benchmarks.peers.forecast_job import FORECASTS, Job, Timed, mebibytes, tell, timed
from elman.data.series.options import SeriesDataOptions
from elman.data.series.reading import read_series
from elman.tasks.forecast import train_forecaster
from elman.tasks.forecast import training as home
from elman.tasks.forecast.options import ForecastModelOptions, ForecastOptions, ForecastTraining


def options_of(job: Job) -> ForecastOptions:
    """The options that ask for the same work; scale and anchor are the defaults."""
    return ForecastOptions(
        data=SeriesDataOptions(season=job.season),
        model=ForecastModelOptions(
            horizon=job.horizon,
            context=job.context,
            network="direct",
            cell=job.cell,
            hidden=job.hidden,
            layers=job.layers,
            loss="mae",
            conformal=False,
        ),
        training=ForecastTraining(
            epochs=job.steps // job.check,
            windows_per_epoch=job.check * job.batch,
            batch_size=job.batch,
            learning_rate=job.rate,
            schedule="constant",
            warmup=0.0,
            patience=0,
            seed=job.seed,
            threads=job.threads,
        ),
    )


def main() -> None:
    """Train, forecast, tell."""
    job = Job.asked()
    torch.set_num_threads(job.threads)
    torch.optim.Adam([torch.zeros(1)])  # the first optimiser imports much of torch, which is not timed
    options = options_of(job)
    table = read_series(job.train, options.data)
    loops: list[Timed] = []
    fit = home.fit

    def fit_timed(*arguments: object) -> object:
        found, spent = timed(lambda: fit(*arguments))  # type: ignore[arg-type]
        loops.append(spent)
        return found

    home.fit = fit_timed  # type: ignore[assignment]
    before = mebibytes("VmRSS")
    model, call = timed(lambda: train_forecaster(table, options))
    runs = [timed(lambda: model.predict(table)) for _ in range(FORECASTS)]
    found, spent = sorted(runs, key=lambda run: run[1].seconds)[len(runs) // 2]
    weights = sum(p.numel() for p in model.network.parameters())
    points = dict(zip(found.names, np.asarray(found.points).tolist(), strict=True))
    tell(loops[0], call, spent, before, weights, points, {"elman": version("elman"), "torch": version("torch")})


if __name__ == "__main__":
    main()
