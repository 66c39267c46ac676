"""Which files and columns hold pairs of texts, as options."""

from dataclasses import dataclass

from elman.data.options import option

PAIR_FORMATS = ("csv", "tsv", "jsonl", "parquet", "lines")


@dataclass(frozen=True)
class PairDataOptions:
    """Which files and columns hold what."""

    source: str | None = option(
        None, "column of the texts that are read; or how the name of their file ends, such as en"
    )
    target: str | None = option(
        None, "column of the texts to be written; or how the name of their file ends, such as de"
    )
    format: str | None = option(
        None, "format of the file; known from its name or content if not given", choices=PAIR_FORMATS
    )
    encoding: str | None = option(None, "encoding of the file, such as latin-1; UTF-8 and UTF-16 are recognised")
    header: bool | None = option(None, "whether the first row names the columns; found by itself if not given")
    validation: str | None = option(None, "validation pairs; without them a share of the training ones is used")
    validation_share: float = option(
        0.05,
        "share of the training pairs kept for validation, all that have the same source together",
        above=0,
        below=1,
    )
    test: str | None = option(None, "test pairs, evaluated once after training")
    test_share: float = option(
        0.0, "share of the training pairs kept for the test, as for validation; 0: none", low=0, below=1
    )
