"""Which text a language model learns from, and what its symbols are, as options."""

from dataclasses import dataclass

from elman.data.options import option

CORPUS_FORMATS = ("text", "csv", "tsv", "jsonl", "parquet")
CORPUS_TOKENS = ("character", "word", "space", "bpe")


@dataclass(frozen=True)
class CorpusOptions:
    """Which text is read, and which parts of it are kept for measuring."""

    format: str | None = option(None, "format of the file; known from its name if not given", choices=CORPUS_FORMATS)
    text: str | None = option(None, "column that holds the texts of a table; found by itself if not given")
    encoding: str | None = option(None, "encoding of the file, such as latin-1; UTF-8 and UTF-16 are recognised")
    header: bool | None = option(None, "whether the first row names the columns; found by itself if not given")
    validation: str | None = option(None, "validation text; without it the end of the training text is used")
    validation_share: float = option(
        0.1, "share of the training text, at its end, that is kept for validation", above=0, below=1
    )
    test: str | None = option(None, "test text, measured once after training")
    test_share: float = option(
        0.0, "share of the whole text, at its very end, that is kept for the test, without a test text", low=0, below=1
    )


@dataclass(frozen=True)
class CorpusSymbolOptions:
    """What the symbols of a language model are."""

    tokens: str = option(
        "character",
        "what one symbol is; words and marks, or what stands between spaces, each with an end of line; or byte pairs",
        choices=CORPUS_TOKENS,
    )
    vocabulary: int = option(30_000, "largest number of symbols, the most frequent ones are kept", low=3)
    lowercase: bool = option(False, "read capitals as small letters")
