"""The formats of the CoNLL shared tasks: one word per line with its columns, an empty line after each sentence."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from elman.data.files import did_you_mean
from elman.data.sentences import Sentences
from elman.errors import DataError

CONLLU = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
_RANGE_OR_EMPTY = re.compile(r"\d+-\d+|\d+\.\d+")  # 1-2: two words written as one; 8.1: a word left out
_DOCUMENT = "-DOCSTART-"
_SAMPLE = 1000


def read_conllu(
    text: str, path: str, word: str | None = None, tag: str | None = None, label: str | None = None
) -> Sentences:
    """Read CoNLL-U; lines of multiword tokens (1-2) and of empty nodes (8.1) are no words.

    Args:
        text: the whole file.
        path: its name, for messages.
        word, tag: names of columns; form and upos if None.
        label: name of a comment `# name = value` that labels the sentence.

    Raises:
        DataError: a row without ten columns, or with an id out of order; an unknown name of a column.

    Example:
        >>> rows = ["# text = Dogs bark", "1-2\\tDogs bark" + 8 * "\\t_", "1\\tDogs\\t_\\tNOUN" + 6 * "\\t_",
        ...         "2\\tbark\\t_\\tVERB" + 6 * "\\t_"]
        >>> found = read_conllu("\\n".join(rows), "a.conllu")
        >>> found.words, found.tags, found.lines
        ([['Dogs', 'bark']], [['NOUN', 'VERB']], [[3, 4]])
    """
    at, by = _named(word or "form", path), _named(tag or "upos", path)
    comment = None if label is None else re.compile(rf"#\s*{re.escape(label)}\s*=\s*(.*)")
    found = Sentences([], [], [], [], [], {"word": CONLLU[at], "tag": CONLLU[by]}, [])
    assert found.tags is not None
    assert found.labels is not None
    for block in _blocks(text):
        words: list[str] = []
        tags: list[str] = []
        lines: list[int] = []
        value = ""
        for number, line in block:
            if line.startswith("#"):
                if comment and (match := comment.match(line)):
                    value = match.group(1).strip()
                continue
            fields = _fields(line, path, number, len(words))
            if fields is not None:
                words.append(fields[at])
                tags.append("" if fields[by] == "_" and CONLLU[by] in ("upos", "xpos") else fields[by])
                lines.append(number)
        if words:
            found.words.append(words)
            found.tags.append(tags)
            found.lines.append(lines)
            found.begins.append(block[0][0])
            found.labels.append(value)
    return _finished(found, path, label)


def read_columns(
    text: str, path: str, word: str | None = None, tag: str | None = None, label: str | None = None
) -> Sentences:
    """Read columns separated by tabs or by spaces, one word per line, an empty line after each sentence.

    The first column that holds other things than numbers is read as the words, the last one that holds different
    values as the tags. A line that begins with # and does not have as many columns as the others is a comment; before
    the first word of a sentence, so is one with as many, if it begins with "# " and no other line ends in its last one.

    Args:
        text: the whole file.
        path: its name, for messages.
        word, tag: numbers of columns, from 1.
        label: name of a comment `# name = value` that labels the sentence.

    Raises:
        DataError: rows with more or fewer columns than the others; a word that is empty; a column that is not there.

    Example:
        >>> found = read_columns("Ann\\tB-PER\\nsings\\tO\\n\\nYes\\tO\\n", "a.conll")
        >>> found.words, found.tags, found.begins
        ([['Ann', 'sings'], ['Yes']], [['B-PER', 'O'], ['O']], [1, 4])
    """
    rows, begins, values = _rows(text, path, label)
    width = len(rows[0][0][1]) if rows else 0
    at, by = _word_and_tag([fields for block in rows for _, fields in block], width, word, tag, path)
    for block in rows:
        for number, fields in block:
            if not fields[at].strip():
                raise DataError(f"the word in column {at + 1} is empty", "a word", path=path, line=number)
    found = Sentences(
        words=[[fields[at] for _, fields in block] for block in rows],
        tags=None if by is None else [[fields[by].strip() for _, fields in block] for block in rows],
        labels=values,
        begins=begins,
        lines=[[number for number, _ in block] for block in rows],
        columns={"word": str(at + 1)} | ({} if by is None else {"tag": str(by + 1)}),
        notes=[],
    )
    return _finished(found, path, label)


def _rows(text: str, path: str, label: str | None) -> tuple[list[list[tuple[int, list[str]]]], list[int], list[str]]:
    """The columns of each word with its line, sentence by sentence; where these begin; their labels from comments."""
    blocks = list(_blocks(text))
    tabs = by_tabs(line for block in blocks for _, line in block)
    split = [[(n, line, fields_of(line, tabs)) for n, line in block] for block in blocks]
    plain = [fields for block in split for _, line, fields in block if not line.startswith("# ")]
    width = _width([len(fields) for fields in plain])
    last = {fields[-1] for fields in plain}  # by which a sentence that begins with the word # is told from a comment
    comment = None if label is None else re.compile(rf"#\s*{re.escape(label)}\s*=\s*(.*)")
    rows: list[list[tuple[int, list[str]]]] = []
    begins: list[int] = []
    values: list[str] = []
    for block in split:
        own: list[tuple[int, list[str]]] = []
        value = ""
        for number, line, fields in block:
            if line.startswith("#"):
                match = comment.match(line) if comment else None
                before = not own and line.startswith("# ")
                if len(fields) != width or (before and (match or fields[-1] not in last)):
                    value = match.group(1).strip() if match else value
                    continue
            if fields[0] == _DOCUMENT:
                continue
            if len(fields) != width:
                raise _wrong_width(len(fields), width, tabs, path, number)
            own.append((number, fields))
        if own:
            rows.append(own)
            begins.append(block[0][0])
            values.append(value)
    return rows, begins, values


def by_tabs(lines: Iterable[str]) -> bool:
    """Whether tabs, not blanks, stand between the columns of some lines; comments do not tell.

    Example:
        >>> by_tabs(["# a\\tcomment", "Ann B-PER\\t"]), by_tabs(["New York\\tB-LOC"])
        (False, True)
    """
    return any("\t" in line.strip() and not line.startswith("# ") for line in lines)


def fields_of(line: str, tabs: bool) -> list[str]:
    """The columns of a line; other white space, such as a no-break space, belongs to the words.

    Example:
        >>> fields_of("1\\u00a0000  CD", tabs=False)
        ['1\\xa0000', 'CD']
    """
    return line.split("\t") if tabs else re.findall(r"[^ \t]+", line)


def width_of(text: str) -> int:
    """How many columns most lines of words have.

    Example:
        >>> width_of("# by hand\\nAnn NNP B-PER\\nsings VBZ O\\n")
        3
    """
    lines = [line for block in _blocks(text) for _, line in block if not line.startswith("# ")]
    tabs = by_tabs(lines)
    return _width([len(fields_of(line, tabs)) for line in lines[:_SAMPLE]])


def number_of(name: str | None) -> int:
    """The number that names a column, 0 where a name is none.

    Example:
        >>> number_of("3"), number_of("upos"), number_of(None)
        (3, 0, 0)
    """
    return int(name) if name and re.fullmatch(r"[0-9]{1,9}", name) else 0


def looks_like_columns(text: str) -> str:
    """ "conllu" or "conll" where the beginning of a text is such a file, else "".

    It is one where every line has the same number of columns, two at least, and empty lines stand between the
    sentences: tabs may separate the columns, or spaces, where there are words on the way and few last columns.

    Example:
        >>> looks_like_columns("Ann B-PER\\nsings O\\n\\nYes O\\n"), looks_like_columns("Ann sings.\\n\\nYes she does.")
        ('conll', '')
    """
    blocks = [block for block, _ in zip(_blocks(text), range(200), strict=False)]
    lines = [line for block in blocks for _, line in block if not re.match(r"#\s", line)]
    if len(blocks) < 2 or not lines:
        return ""
    if all(line.count("\t") == 9 and re.match(r"\d+([-.]\d+)?\t", line) for line in lines):
        return "conllu"
    tabs = by_tabs(lines)
    rows = [row for row in (fields_of(line, tabs) for line in lines) if row[0] != _DOCUMENT]
    if not rows or len({len(row) for row in rows}) != 1 or len(rows[0]) < 2:
        return ""
    different = len({row[-1] for row in rows})
    return "conll" if different <= max(2, len(rows) // 2) else ""


def _blocks(text: str) -> Iterator[list[tuple[int, str]]]:
    """The lines of each sentence with their numbers; a line of white space alone ends one."""
    block: list[tuple[int, str]] = []
    for number, line in enumerate(text.split("\n"), start=1):
        line = line.removesuffix("\r")
        if line.strip():
            block.append((number, line))
        elif block:
            yield block
            block = []
    if block:
        yield block


def _fields(line: str, path: str, number: int, before: int) -> list[str] | None:
    """The columns of a word's line, None for a multiword token or an empty node."""
    fields = line.split("\t")
    if len(fields) != len(CONLLU):
        count = f"{len(fields)} column{'s' if len(fields) != 1 else ''}"
        fix = "Put one tab, not spaces, between two columns." if len(line.split()) == len(CONLLU) else ""
        expected = f"{len(CONLLU)} columns separated by tabs, as in CoNLL-U"
        raise DataError(f"the row has {count}", expected, fix, path=path, line=number)
    if _RANGE_OR_EMPTY.fullmatch(fields[0]):
        return None
    if number_of(fields[0]) != before + 1:
        last = f"after {before} words" if before else "at the beginning of a sentence"
        found = f"the id is {fields[0]!r:.40} {last}"
        raise DataError(found, f"{before + 1}", "Is an empty line missing?", path=path, line=number, column="id")
    if not fields[1].strip():
        raise DataError("the word is empty", "a word", path=path, line=number, column="form")
    return fields


def _named(name: str, path: str) -> int:
    """The place of a column of CoNLL-U."""
    if name.lower() in CONLLU:
        return CONLLU.index(name.lower())
    fix = did_you_mean(name, CONLLU)
    raise DataError(f"there is no column {name!r}", f"one of {', '.join(CONLLU)}", fix, path=path)


def _width(counts: list[int]) -> int:
    """The number of columns that most lines have; a single odd line is the error, wherever it stands."""
    return Counter(counts[:_SAMPLE]).most_common(1)[0][0] if counts else 0


def _wrong_width(count: int, width: int, tabs: bool, path: str, number: int) -> DataError:
    return DataError(
        f"the row has {count} column{'s' if count != 1 else ''}",
        expected=f"{width}, separated by {'tabs' if tabs else 'spaces'}, as in most rows",
        path=path,
        line=number,
    )


def _word_and_tag(
    rows: list[list[str]], width: int, word: str | None, tag: str | None, path: str
) -> tuple[int, int | None]:
    """Which columns are read: as given, else by what they hold."""
    sample = rows[:_SAMPLE]
    at = None if word is None else _numbered(word, width, path, "word")
    by = None if tag is None else _numbered(tag, width, path, "tag")
    if at is None:
        free = [k for k in range(width) if k != by]
        at = next((k for k in free if not all(row[k].isdecimal() for row in sample)), free[0] if free else 0)
    if by is None and width > 1:
        free = [k for k in range(width) if k != at]
        by = next((k for k in reversed(free) if len({row[k] for row in sample}) > 1), free[-1])
    if at == by:
        raise DataError(f"column {at + 1} is read as the words and as the tags", "two different columns", path=path)
    return at, by


def _numbered(name: str, width: int, path: str, role: str) -> int:
    if 1 <= number_of(name) <= width:
        return number_of(name) - 1
    found = f"there is no column {name!r:.40}"
    raise DataError(found, f"a number from 1 to {width}", f"Write --{role} NUMBER.", path=path)


def _finished(found: Sentences, path: str, label: str | None) -> Sentences:
    """The same without labels where none were asked for; a file without a word is refused."""
    if not found.words:
        raise DataError("the file holds no sentence", "one word per line with its tag", path=path)
    if label is None:
        return found._replace(labels=None)
    return found._replace(columns={**found.columns, "label": f"# {label} ="})
