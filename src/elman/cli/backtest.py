"""`elman backtest`: how good the forecasts of the past would have been."""

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from elman.cli import show
from elman.cli.flags import with_options
from elman.tasks.forecast.options import ForecastOptions


@with_options(ForecastOptions, leave_out=["test", "test_steps"])
def backtest(
    file: str,
    /,
    *,
    windows: int = 3,
    step: int | None = None,
    refit: Annotated[bool, Parameter(negative=(), show_default=False)] = False,
    config: Annotated[Path | None, Parameter(alias="-c")] = None,
    quiet: Annotated[bool, Parameter(alias="-q", negative=(), show_default=False)] = False,
    json: Annotated[bool, Parameter(negative=(), show_default=False)] = False,
    **options: Any,
) -> None:
    """Forecast the past of series, each time from what was known then, beside the baselines.

    Args:
        file: the series.
        windows: how many points of the past to forecast from.
        step: steps between two of them; one horizon if not given.
        refit: train anew at each, instead of once at the first.
        config: a YAML file of options; flags win over it.
        quiet: print only the result.
        json: print one JSON object instead, with all that was measured.
    """
    from elman.data.config_file import merge, read_yaml
    from elman.learn.report import make_report
    from elman.tasks.forecast.backtest import backtest as run
    from elman.tasks.forecast.results import summary

    content = dict(read_yaml(config)) if config else {}
    content.pop("task", None)
    chosen, _ = merge(ForecastOptions, yaml=content, overrides=options)
    found = run(file, chosen, windows=windows, step=step, refit=refit, report=make_report(quiet or json))
    if json:
        show.as_json(found)
    else:
        print(summary(found))
