"""Which files and columns hold labelled numeric series."""

from dataclasses import dataclass

from elman.data.options import option

FORMATS = ("ts", "arff", "csv", "tsv", "jsonl", "parquet")


@dataclass(frozen=True)
class CollectionOptions:
    """Which files and columns hold what."""

    label: str | None = option(None, "column that holds the class, or the number; found by itself if not given")
    series: str | None = option(
        None, "column that names the series of a row, for tables with one step per row; found by itself if not given"
    )
    time: str | None = option(None, "column that orders the steps of a series; the order of the rows if not given")
    day_first: bool | None = option(None, "whether 03/04/2021 is the 3rd of April; asked for where it matters")
    format: str | None = option(None, "format of the file; known from its name if not given", choices=FORMATS)
    encoding: str | None = option(None, "encoding of the file, such as latin-1; UTF-8 and UTF-16 are recognised")
    header: bool | None = option(None, "whether the first row names the columns; found by itself if not given")
    validation: str | None = option(
        None, "file of validation series; without it a share of the training series is used"
    )
    validation_share: float | None = option(
        None,
        "share of the training series kept for validation; a tenth if not given, and of fewer than 300 none: the "
        "training loss then chooses the epoch",
        above=0,
        below=1,
    )
    test: str | None = option(None, "file of test series, evaluated once after training")
