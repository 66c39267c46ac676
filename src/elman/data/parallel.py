"""Pairs of texts, one the translation of the other: two columns of a table, or two files line by line."""

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from elman.data.files import STDIN, shown
from elman.data.kinds import SOURCES, TARGETS
from elman.data.parallel_options import PairDataOptions
from elman.data.table import Table, read_table, read_texts
from elman.errors import ArgumentError, ArgumentTypeError, DataError

PACKED = ("", ".gz", ".gzip")


@dataclass(frozen=True)
class Pairs:
    """Texts and their translations.

    Args:
        path: the file as messages name it, or both.
        sources: texts that are read.
        targets: texts to be written, one for each; None where none were asked for.
        names: what both sides are called, columns or endings of files.
        place: row → where it stands, as in "en-de.tsv:17".
        sha256: of the data.
        notes: what was noticed, one sentence each.
    """

    path: str
    sources: list[str]
    targets: list[str] | None
    names: tuple[str, str]
    place: Callable[[int], str]
    sha256: str
    notes: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        """The number of pairs."""
        return len(self.sources)

    def take(self, rows: Sequence[int]) -> "Pairs":
        """Some of the pairs, in the order given."""
        chosen, place = [int(row) for row in rows], self.place
        return replace(
            self,
            sources=[self.sources[row] for row in chosen],
            targets=None if self.targets is None else [self.targets[row] for row in chosen],
            place=lambda row: place(chosen[row]),
        )


def read_pairs(
    path: str | os.PathLike[str],
    options: PairDataOptions | None = None,
    *,
    need_target: bool = True,
    names: tuple[str, str] | None = None,
) -> Pairs:
    """Read texts and their translations.

    Args:
        path: CSV, TSV, JSON lines or Parquet with a column for each side; or the beginning of the names of two files
            of lines that differ in their end only: "train" for train.en and train.de, `source` and `target` being
            "en" and "de". Each may be gzipped. "-" is standard input, one text per line.
        options: columns or endings, format, encoding; None: all found by themselves.
        need_target: whether every text must have a translation; without it, lines of text will do.
        names: those of the training, taken where the options name none and the file has them.

    Raises:
        DataError: what is wrong, with file and line: a missing column or text, lines without a partner.
        StorageError: it cannot be read.

    Example:
        >>> import pathlib, tempfile
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> _ = (folder / "train.en").write_text("A house.\\nA tree.\\n")
        >>> _ = (folder / "train.de").write_text("Ein Haus.\\nEin Baum.\\n")
        >>> pairs = read_pairs(folder / "train", PairDataOptions(source="en", target="de"))
        >>> pairs.sources, pairs.targets, pairs.place(1)[-10:]
        (['A house.', 'A tree.'], ['Ein Haus.', 'Ein Baum.'], 'train.en:2')
    """
    options, name = options or PairDataOptions(), os.fspath(path)
    known = names or ("", "")
    source, target = options.source or known[0], options.target or known[1]
    files = _two_files(name, source, target, need_target=need_target)
    if files is not None:
        return _from_files(*files, (source, target), options, need_target=need_target)
    # Texts to translate may hold commas and braces: without a named column such lines are no table.
    plain = not need_target and options.source is None
    how = {"format": options.format, "encoding": options.encoding, "plain": plain}
    if options.header is not None or name == STDIN:
        table = read_table(name, header=options.header, **how)
    else:
        table = read_texts(name, {*SOURCES, *TARGETS, source, target}, **how)
    return _from_table(table, options, known, need_target=need_target)


def pairs_of(sources: Sequence[str], targets: Sequence[str] | None = None) -> Pairs:
    """Texts and translations that are already in memory.

    Raises:
        ArgumentError, ArgumentTypeError: something that is not a text, or different numbers of them.

    Example:
        >>> len(pairs_of(["A house."], ["Ein Haus."]))
        1
    """
    for side, texts in (("sources", sources), ("targets", targets)):
        if isinstance(texts, str):
            raise ArgumentTypeError(f"{side} is one string", "a list of strings", "Write [text].")
        for i, text in enumerate(texts or ()):
            if not isinstance(text, str):
                raise ArgumentTypeError(f"{side}[{i}] is {text!r} of type {type(text).__name__}", "a string")
    if targets is not None and len(targets) != len(sources):
        raise ArgumentError(f"{len(sources)} sources and {len(targets)} targets", expected="one target for each source")
    digest = hashlib.sha256(
        repr((list(sources), None if targets is None else list(targets))).encode("utf-8", "replace")
    )
    both = None if targets is None else list(targets)
    return Pairs("the given texts", list(sources), both, ("source", "target"), "row {}".format, digest.hexdigest())


def _two_files(name: str, source: str, target: str, *, need_target: bool) -> tuple[str, str] | None:
    """The names of the two files of lines, if that is what is meant; the second may be "" if it is not needed."""
    if name == STDIN or not source or not target or os.path.isdir(name):
        return None
    for packed in PACKED:  # train.en.gz stands for train, too
        if name.endswith(f".{source}{packed}") and os.path.exists(name):
            name = name.removesuffix(f".{source}{packed}")
            break
    else:
        if os.path.exists(name):
            return None
    first, second = _existing(f"{name}.{source}"), _existing(f"{name}.{target}")
    if not first and not second:
        return None
    if not first or (need_target and not second):
        missing, there = (target, first) if first else (source, second)
        raise DataError(f"there is no file {f'{name}.{missing}'!r}", expected=f"one beside {shown(there)}")
    return first, second


def _existing(name: str) -> str:
    """The file of this name, plain or packed; "" if there is none."""
    return next((name + packed for packed in PACKED if os.path.exists(name + packed)), "")


def _from_files(
    first: str, second: str, names: tuple[str, str], options: PairDataOptions, *, need_target: bool
) -> Pairs:
    files = (first, second) if need_target else (first,)
    tables = [read_table(name, format="lines", encoding=options.encoding) for name in files]
    sides = [table.columns["text"] for table in tables]
    if need_target and len(sides[0]) != len(sides[1]):
        long, short = (0, 1) if len(sides[0]) > len(sides[1]) else (1, 0)
        here = len(sides[short])
        raise DataError(
            f"this line has no partner: {tables[short].path} ends after line {here:,}, "
            f"{tables[long].path} after line {len(sides[long]):,}",
            expected="as many lines in both files, each the translation of the other",
            path=tables[long].path,
            line=here + 1,
        )
    path = tables[0].path
    return Pairs(
        path=" and ".join(table.path for table in tables),
        sources=sides[0],
        targets=sides[1] if need_target else None,
        names=names,
        place=lambda row: f"{path}:{row + 1}",
        sha256=hashlib.sha256("".join(table.sha256 for table in tables).encode()).hexdigest(),
        notes=[note for table in tables for note in table.notes],
    )


def _from_table(table: Table, options: PairDataOptions, known: tuple[str, str], *, need_target: bool) -> Pairs:
    source, target = _columns(table, options, known, need_target=need_target)
    return Pairs(
        path=table.path,
        sources=_texts(table, source),
        targets=_texts(table, target) if need_target else None,
        names=(source, target),
        place=table.places,
        sha256=table.sha256,
        notes=list(table.notes),
    )


def _columns(table: Table, options: PairDataOptions, known: tuple[str, str], *, need_target: bool) -> tuple[str, str]:
    """The columns of both sides: as given, as in training, by their names, or the only two."""
    columns = list(table.columns)
    chosen: list[str] = []
    for role, given, trained, words in (
        ("source", options.source, known[0], SOURCES),
        ("target", options.target, known[1], TARGETS),
    ):
        if given is not None and given not in columns and (need_target or len(columns) > 1):
            raise DataError(
                f"there is no column {given!r}",
                expected=f"one of {', '.join(columns)}",
                fix=f"Write --{role} NAME; for two files of lines, give the name they share without its end.",
                path=table.path,
            )
        by_name = next((name for word in words for name in columns if name.strip().lower() == word), "")
        chosen.append(next((name for name in (given, trained, by_name) if name in columns), ""))
    if len(columns) == 1 and not need_target:
        return columns[0], ""
    if len(columns) == 2:
        for i in (0, 1):
            other = columns.index(chosen[1 - i]) if chosen[1 - i] else 1 - i
            chosen[i] = chosen[i] or columns[1 - other]
    if not chosen[0] or (need_target and not chosen[1]) or chosen[0] == chosen[1]:
        raise _no_pair(table, columns)
    return chosen[0], chosen[1]


def _no_pair(table: Table, columns: list[str]) -> DataError:
    if len(columns) == 1:
        tabs = [text.count("\t") if isinstance(text, str) else 0 for text in table.columns[columns[0]]]
        if 2 * tabs.count(1) > len(tabs):
            bad = [row for row, count in enumerate(tabs) if count != 1]
            others = f" (nor have {len(bad) - 1:,} other lines)" if len(bad) > 1 else ""
            found = f"the line has not one tab but {tabs[bad[0]]}{others}"
            return table.places.error(bad[0], found, "a text, a tab and its translation", "Mend it, or take it out.")
        return DataError(
            "the file has one column",
            expected="a text and its translation in each row, with a tab between them, or two files",
            fix="For train.en and train.de write: train --source en --target de.",
            path=table.path,
        )
    return DataError(
        f"it is not clear which columns hold the texts and their translations: there are {', '.join(columns)}",
        expected="two different columns",
        fix="Write --source NAME --target NAME.",
        path=table.path,
    )


def _texts(table: Table, column: str) -> list[Any]:
    values = table.columns[column]
    bad = [i for i, value in enumerate(values) if not isinstance(value, str)]
    if bad:
        kind = "missing" if values[bad[0]] is None else "a list"
        also = f" (nor have {len(bad) - 1:,} other rows one)" if len(bad) > 1 else ""
        fix = "Fill it in, or take the row out."
        raise table.places.error(bad[0], f"the text is {kind}{also}", "a text in every row", fix, column=column)
    return values
