"""Which columns of a table are watched, as options."""

from dataclasses import dataclass

from elman.data.options import option


@dataclass(frozen=True)
class RecordingOptions:
    """Which files and columns hold what."""

    columns: str | None = option(None, "columns to watch, with commas between; all columns of numbers if not given")
    time: str | None = option(None, "column of the times; found by itself if not given")
    series: str | None = option(None, "column that names the series of a row, if the rows are of several")
    label: str | None = option(
        None, "column that says which rows are anomalies (0 or 1): in training they are left out"
    )
    season: int | None = option(None, "steps of one season; from the times if not given", low=1)
    day_first: bool | None = option(None, "whether 03/04/2021 is the 3rd of April; asked for where it matters")
    format: str | None = option(
        None, "format of the file; known from its name if not given", choices=("csv", "tsv", "jsonl", "parquet")
    )
    encoding: str | None = option(None, "encoding of the file, such as latin-1; UTF-8 and UTF-16 are recognised")
    header: bool | None = option(None, "whether the first row names the columns; found by itself if not given")
    test: str | None = option(None, "file with labels, evaluated once after training")
