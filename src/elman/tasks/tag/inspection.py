"""What is in files of tagged sentences, and what is wrong with them: all of it at once, before any training."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from elman.data.findings import Findings, Report
from elman.data.inspection import is_for_measuring, parts_of
from elman.data.labelled import in_order
from elman.data.sentences import Tagged
from elman.data.slot_folder import is_slot_folder
from elman.data.tagged import read_tagged
from elman.data.tagged_options import TagDataOptions
from elman.errors import ElmanError
from elman.learn.spans import invalid, scheme_of

SHOWN = 10  # places of invalid tags that are named


@dataclass(frozen=True)
class TagReport(Report):
    """One file of tagged sentences as it was found.

    Args:
        sentences, words: their number.
        format, sha256: of the file.
        columns: "word", "tag", "label" → the column that was read.
        median, longest, longest_at: words of a sentence in the middle and at most, and where that one stands.
        tags, labels: name → how often, the most frequent first.
        scheme: how the tags tell entities: "bio", "iob1", "bioes", or "".
        invalid: how many tags may not stand where they do in this scheme.
        invalid_at: the first of them, with their lines.
        repeated: sentences that stand in the file before.
    """

    sentences: int = 0
    words: int = 0
    format: str = ""
    sha256: str = ""
    columns: dict[str, str] = field(default_factory=dict)
    median: int = 0
    longest: int = 0
    longest_at: str = ""
    tags: dict[str, int] = field(default_factory=dict)
    labels: dict[str, int] = field(default_factory=dict)
    scheme: str = ""
    invalid: int = 0
    invalid_at: list[str] = field(default_factory=list)
    repeated: int = 0


def inspect_tagged(
    paths: Sequence[str | os.PathLike[str]], options: TagDataOptions | None = None
) -> Findings[TagReport]:
    """Look through files of tagged sentences; problems are reported, not raised.

    Args:
        paths: files, or folders with seq.in, or folders that hold train, validation and test.
        options: columns, format, encoding; None: found by themselves.

    Example:
        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp(), "a.conll")
        >>> _ = path.write_text("Ann B-PER\\nLee I-PER\\nsings O\\n\\nRome I-LOC\\n")
        >>> report = inspect_tagged([path]).files[0]
        >>> report.scheme, report.invalid, report.invalid_at[0][-18:]
        ('bio', 1, "a.conll:5: 'I-LOC'")
    """
    options = options or TagDataOptions()
    files: list[TagReport] = []
    data: list[Tagged | None] = []
    names = [os.fspath(path) for path in paths]
    for path in [part for name in names for part in ([name] if is_slot_folder(name) else parts_of(name))]:
        found = None
        try:
            found = read_tagged(path, options, need_tags=False)
            files.append(_report(found, learned=not files and not is_for_measuring(path)))
        except ElmanError as error:
            files.append(TagReport(path, error=str(error), exit_code=error.exit_code))
        data.append(found)
    return Findings(files, _compare(files, data))


def _report(data: Tagged, *, learned: bool) -> TagReport:
    """One file; one that is not learned from, as its name or a file before it tells, may be of a single sentence."""
    problems: list[str] = []
    warnings: list[str] = []
    tags = data.tags or []
    counts = Counter(tag for row in tags for tag in row if tag)
    lacking = [(i, j) for i, row in enumerate(tags) for j, tag in enumerate(row) if not tag]
    if data.tags is None or len(lacking) == data.tokens:
        warnings.append("no tags beside the words: enough for predicting, not for training")
    elif lacking:
        i, j = lacking[0]
        problems.append(f"words without a tag: {len(lacking):,}, the first on line {data.lines[i][j]}")
    elif len(counts) == 1 and learned:
        problems.append(f"only one tag, {next(iter(counts))!r}: there is nothing to tell apart")
    without = [i for i, label in enumerate(data.labels or ()) if not label]
    if without:
        problems.append(f"sentences without a label: {len(without):,}, the first on line {data.begins[without[0]]}")
    scheme = scheme_of(tags) if not lacking else ""
    wrong = [(i, j) for i, row in enumerate(tags) for j in invalid(row, scheme)] if scheme else []
    if wrong:
        what = "1 tag" if len(wrong) == 1 else f"{len(wrong):,} tags"
        warnings.append(f"{what} may not stand where they do in {scheme.upper()} (an entity is read all the same)")
    lengths = [len(row) for row in data.words]
    order = sorted(lengths)
    repeated = len(data) - len({tuple(row) for row in data.words})
    if len(data) - repeated < 2 and counts and learned:
        problems.append("only one sentence: there must be one to learn from and one to validate with")
    if repeated:
        warnings.append(f"sentences that stand in the file before: {repeated:,}")
    if empty := lengths.count(0):
        warnings.append(f"sentences without a word: {empty:,}")
    return TagReport(
        path=data.path,
        sentences=len(data),
        words=data.tokens,
        format=data.format,
        sha256=data.sha256,
        columns=data.columns,
        median=order[len(order) // 2],
        longest=order[-1],
        longest_at=data.place(lengths.index(order[-1])),
        tags=dict(counts.most_common()),
        labels=dict(Counter(data.labels or ()).most_common()),
        scheme=scheme,
        invalid=len(wrong),
        invalid_at=[f"{data.path}:{data.lines[i][j]}: {tags[i][j]!r}" for i, j in wrong[:SHOWN]],
        repeated=repeated,
        problems=problems,
        warnings=warnings,
        notes=data.notes,
    )


def _compare(files: Sequence[TagReport], data: Sequence[Tagged | None]) -> list[str]:
    """What the files share: sentences, and tags and labels that only a later one has."""
    warnings: list[str] = []
    sentences = [Counter(tuple(row) for row in one.words) if one else Counter[tuple[str, ...]]() for one in data]
    for j, second in enumerate(files):
        for i, first in enumerate(files[:j]):
            if shared := sum(count for row, count in sentences[j].items() if row in sentences[i]):
                warnings.append(f"sentences of {second.path} that stand in {first.path}, too: {shared:,}")
        for what, own, known in (("tags", second.tags, files[0].tags), ("labels", second.labels, files[0].labels)):
            if known and (unseen := [name for name in own if name not in known]):
                some = ", ".join(map(repr, in_order(unseen)[:5])) + (" …" if len(unseen) > 5 else "")
                count = sum(own[name] for name in unseen)
                warnings.append(f"{what} in {second.path} that {files[0].path} does not have: {some} ({count:,} times)")
    return warnings
