"""Which files and columns hold words and their tags, as options."""

from dataclasses import dataclass

from elman.data.options import option

TAGGED_FORMATS = ("conllu", "conll", "csv", "tsv", "jsonl", "parquet", "folder", "lines")


@dataclass(frozen=True)
class TagDataOptions:
    """Which files and columns hold what."""

    word: str | None = option(None, "column of the words: its name, or its number in CoNLL columns")
    tag: str | None = option(None, "column of the tags: its name (upos, xpos, …), or its number in CoNLL columns")
    sentence: str | None = option(None, "column that numbers the sentences of a table with one word per row")
    label: str | None = option(None, "column, or `# name = value` of CoNLL files, that holds a label per sentence")
    format: str | None = option(
        None, "format of the file; known from its name or content if not given", choices=TAGGED_FORMATS
    )
    encoding: str | None = option(None, "encoding of the file, such as latin-1; UTF-8 and UTF-16 are recognised")
    header: bool | None = option(None, "whether the first row names the columns; found by itself if not given")
    validation: str | None = option(None, "validation sentences; without them a share of the training ones is used")
    validation_share: float = option(0.1, "share of the training sentences kept for validation", above=0, below=1)
    test: str | None = option(None, "test sentences, evaluated once after training")
