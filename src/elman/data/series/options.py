"""Which files and columns hold series to be continued."""

from dataclasses import dataclass

from elman.data.options import option

LAYOUTS = ("long", "columns", "rows")
DUPLICATES = ("refuse", "first", "last", "mean", "sum")


@dataclass(frozen=True)
class SeriesDataOptions:
    """Which files and columns hold what."""

    time: str | None = option(None, "column of the times; found by itself if not given")
    series: str | None = option(
        None, "column that names the series of a row, or several with commas between; found by itself if not given"
    )
    target: str | None = option(
        None, "column to forecast, or several with commas between; found by itself if not given"
    )
    past: str | None = option(None, "columns known up to now only, with commas between")
    future: str | None = option(None, "columns known ahead, such as prices or holidays, with commas between")
    static: str | None = option(None, "columns with one value for each series, with commas between")
    layout: str | None = option(
        None,
        "long: one row per series and time; columns: one column per series; rows: one row per series; found by itself",
        choices=LAYOUTS,
    )
    frequency: str | None = option(None, "such as hourly, daily, monthly, '15 minutes'; found from the times")
    day_first: bool | None = option(None, "whether 03/04/2021 is the 3rd of April; asked for where it matters")
    duplicates: str = option("refuse", "what becomes of rows of the same series and time", choices=DUPLICATES)
    season: int | None = option(None, "steps of one season; from the frequency if not given", low=1)
    most_steps: int = option(0, "read only the first so many steps of each series; 0: all", low=0)
    format: str | None = option(
        None, "format of the file; known from its name if not given", choices=("csv", "tsv", "jsonl", "parquet")
    )
    encoding: str | None = option(None, "encoding of the file, such as latin-1; UTF-8 and UTF-16 are recognised")
    header: bool | None = option(None, "whether the first row names the columns; found by itself if not given")
    test: str | None = option(None, "file of what follows each series, evaluated once after training")
