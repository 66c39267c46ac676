"""Which files and columns hold dialogues, as options."""

from dataclasses import dataclass

from elman.data.options import option

DIALOGUE_FORMATS = ("csv", "tsv", "jsonl", "parquet", "lines", "turns")


@dataclass(frozen=True)
class DialogueDataOptions:
    """Which files and columns hold what."""

    dialogue: str | None = option(None, "column that holds a list of turns; found by its name if not given")
    separator: str = option("__eou__", "what stands between the turns of a dialogue in one line of text")
    format: str | None = option(
        None,
        "format of the file: lines (a dialogue each), turns (one a line, an empty line between dialogues), or a table",
        choices=DIALOGUE_FORMATS,
    )
    encoding: str | None = option(None, "encoding of the file, such as latin-1; UTF-8 and UTF-16 are recognised")
    header: bool | None = option(None, "whether the first row names the columns; found by itself if not given")
    validation: str | None = option(None, "validation dialogues; without them a share of the training ones is used")
    validation_share: float = option(0.05, "share of the training dialogues kept for validation", above=0, below=1)
    test: str | None = option(None, "test dialogues, evaluated once after training")
