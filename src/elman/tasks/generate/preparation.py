"""From files to the ids that a language model is trained, validated and tested on."""

from dataclasses import dataclass
from pathlib import Path

from elman.data.corpus import Corpus
from elman.data.plain_text import PlainText, cut_at, read_text
from elman.data.vocabulary import Vocabulary
from elman.errors import DataError
from elman.learn.report import Report
from elman.tasks.generate.options import GenerateOptions


@dataclass(frozen=True)
class Texts:
    """The texts of a training.

    Args:
        train: to learn from.
        validation: chooses the epoch.
        test: measured once at the end, if there is any.
        hashes: "train", "validation", "test" → SHA-256 of the file each was read from.
    """

    train: PlainText
    validation: PlainText
    test: PlainText | None
    hashes: dict[str, str]

    @property
    def all(self) -> dict[str, PlainText]:
        """Those that there are, by name."""
        found = {"train": self.train, "validation": self.validation}
        return found if self.test is None else {**found, "test": self.test}


@dataclass(frozen=True)
class Prepared:
    """The texts as ids, and what the ids mean."""

    vocabulary: Vocabulary
    train: Corpus
    validation: Corpus
    test: Corpus | None


def find_texts(source: str | PlainText, options: GenerateOptions) -> Texts:
    """The texts that the options name; what is not named is cut from the end of the training text.

    Raises:
        DataError, StorageError: a file is missing, empty, or too short to be cut.
    """
    data = options.data
    whole = source if isinstance(source, PlainText) else read_text(source, data)
    hashes = {"train": whole.sha256()}
    named: dict[str, PlainText] = {}
    for name, path in (("validation", data.validation), ("test", data.test)):
        if path is not None:
            named[name] = read_text(path, data)
            hashes[name] = named[name].sha256()
    train, test = whole, named.get("test")
    by_line = options.symbols.tokens != "character"
    if test is None and data.test_share:
        train, test = _cut(train, data.test_share, by_line)
    if "validation" in named:
        return Texts(train, named["validation"], test, hashes)
    train, validation = _cut(train, data.validation_share, by_line)
    return Texts(train, validation, test, hashes)


def prepare(texts: Texts, options: GenerateOptions, folder: Path | None, report: Report) -> Prepared:
    """Learn the symbols of the training text, turn all texts into ids, and say what was found.

    Args:
        texts: as `find_texts` gave them.
        options: what the symbols are.
        folder: on which disk the ids lie; None: where the system keeps temporary files.
        report: told about it.

    Raises:
        DataError: a text is empty, or cannot be read.
    """
    if all(piece.isspace() for piece in texts.train.pieces()):
        raise DataError("the train text is blank", expected="a text to learn from", path=texts.train.path)
    vocabulary = Vocabulary.learn(texts.train.pieces(report.say), options.symbols)
    found = {name: Corpus.write(text, vocabulary, folder) for name, text in texts.all.items()}
    for name, corpus in found.items():
        if not len(corpus):
            raise DataError(f"the {name} text is empty", expected="at least one symbol", path=corpus.name)
        unknown = f", {corpus.unknown:,} of them unknown" if corpus.unknown else ""
        report.say(f"{name}: {len(corpus):,} symbols{unknown}, {corpus.characters:,} characters")
    report.say(f"{vocabulary.size:,} different symbols ({options.symbols.tokens})")
    return Prepared(vocabulary, found["train"], found["validation"], found.get("test"))


def _cut(text: PlainText, share: float, by_line: bool) -> tuple[PlainText, PlainText]:
    """A text without its last part, and that part; between lines where there are any."""
    total = text.count()
    if not total:
        raise DataError("the text is empty", expected="a text to learn from", path=text.path)
    at = cut_at(total, share)
    if not at:
        raise DataError(
            f"the text has {total} characters, too few to keep {share:g} of them for measuring",
            expected="a longer text",
            path=text.path,
        )
    if by_line and (end := text.line_end(at)) < total:
        at = end
    begin, end = text.begin, text.end
    return text.part(begin, begin + at), text.part(begin + at, end)
