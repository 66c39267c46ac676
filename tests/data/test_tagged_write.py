"""Tags written into the file that was read: everything else in it stays as it was."""

import json
from pathlib import Path

import pytest

from elman.data.sentences import from_sentences
from elman.data.tagged import read_tagged
from elman.data.tagged_options import TagDataOptions
from elman.data.tagged_write import written
from elman.errors import ConfigError

NEW = [["A", "B"], ["C"]]


def reads(tmp_path: Path, name: str, content: str, tag: str | None = None) -> bytes:
    """A file read and written with the new tags."""
    (tmp_path / name).write_bytes(content.encode())
    return written(read_tagged(tmp_path / name, TagDataOptions(tag=tag), need_tags=False), NEW, None)


CONLLU = (
    "# sent_id = 1\n1-2\tdon't\t_\t_\t_\t_\t_\t_\t_\t_\n1\tdo\tdo\tAUX\tVB\t_\t0\troot\t_\tx=y\n"
    "2\tn't\tnot\tPART\tRB\t_\t1\tadvmod\t_\t_\n2.1\tgone\t_\tX\t_\t_\t_\t_\t_\t_\n\n\n1\tYes\tyes\tINTJ"
    + 6 * "\t_"
    + "\n\n"
)


def test_conllu_keeps_all_but_the_tags(tmp_path: Path) -> None:
    expected = CONLLU.replace("\tAUX\t", "\tA\t").replace("\tPART\t", "\tB\t").replace("\tINTJ\t", "\tC\t")
    assert reads(tmp_path, "a.conllu", CONLLU).decode() == expected
    expected = CONLLU.replace("\tVB\t", "\tA\t").replace("\tRB\t", "\tB\t").replace("INTJ\t_", "INTJ\tC")
    assert reads(tmp_path, "a.conllu", CONLLU, tag="xpos").decode() == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a\tX\nb\tY\n\t\nc\tZ", "a\tA\nb\tB\n\t\nc\tC"),
        ("a X Q\r\nb X R\r\n\r\nc X S\r\n", "a X A\r\nb X B\r\n\r\nc X C\r\n"),
        ("# by hand\na O\n#b O\n\nc Q\n", "# by hand\na A\n#b B\n\nc C\n"),
        ("a\nb\n\nc\n", "a A\nb B\n\nc C\n"),
    ],
    ids=["tabs", "windows", "comment", "no tags"],
)
def test_columns_keep_all_but_the_tags(content: str, expected: str, tmp_path: Path) -> None:
    assert reads(tmp_path, "a.conll", content).decode() == expected


def test_tables_keep_their_other_columns(tmp_path: Path) -> None:
    csv = "Sentence #,Word,POS,Tag\n1,a,N,O\n,b,N,O\n2,c,N,O\n"
    assert reads(tmp_path, "a.csv", csv).decode() == "Sentence #,Word,POS,Tag\n1,a,N,A\n,b,N,B\n2,c,N,C\n"
    rows = reads(tmp_path, "a.jsonl", '{"id": "7", "tokens": ["a", "b"]}\n{"id": "8", "tokens": ["c"]}\n')
    assert [json.loads(line) for line in rows.splitlines()] == [
        {"id": "7", "tokens": ["a", "b"], "tag": ["A", "B"]},
        {"id": "8", "tokens": ["c"], "tag": ["C"]},
    ]
    assert reads(tmp_path, "a.tsv", "sentence\ttags\na b\tO O\nc\tO\n").decode() == "sentence\ttags\na b\tA B\nc\tC\n"


def test_lines_of_words_become_columns(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a b\n\nc\n")
    data = read_tagged(tmp_path / "a.txt", need_tags=False)
    tags = [["A", "B"], [], ["C"]]
    assert written(data, tags, None).decode() == "a\tA\nb\tB\n\n\nc\tC\n\n"
    assert written(data, tags, ["x", "y", "z"]).decode() == "# label = x\na\tA\nb\tB\n\n\n# label = z\nc\tC\n\n"


@pytest.mark.parametrize("form", ["conllu", "conll", "csv", "tsv", "jsonl", "parquet"])
def test_every_form_is_read_back(form: str, tmp_path: Path) -> None:
    data = from_sentences([["Ann", "sings"], ["Yes"]])
    path = tmp_path / f"a.{form}"
    path.write_bytes(written(data, NEW, ["tell", "agree"], form))
    back = read_tagged(path, TagDataOptions(label="label"))
    assert (back.words, back.tags, back.labels) == (data.words, NEW, ["tell", "agree"])


def test_a_label_in_a_comment_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.conll").write_text("# mood = old\na O\nb O\n\nc Q\n")
    data = read_tagged(tmp_path / "a.conll", TagDataOptions(label="mood"), need_tags=False)
    assert written(data, NEW, ["x", "y"]).decode() == "# mood = x\na A\nb B\n\n# mood = y\nc C\n"


def test_an_unknown_form_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"the form is 'xml'. Expected one of conllu, conll, csv"):
        written(from_sentences([["a", "b"], ["c"]]), NEW, None, "xml")


def test_a_column_that_the_file_lacks_is_added(tmp_path: Path) -> None:
    (tmp_path / "a.conll").write_text("a X P\nb Y Q\n\nc Z P\n")
    data = read_tagged(tmp_path / "a.conll", need_tags=False, columns={"word": "1", "tag": "4"})
    assert written(data, NEW, None).decode() == "a X P A\nb Y Q B\n\nc Z P C\n"


def test_a_label_stands_before_a_multiword_token(tmp_path: Path) -> None:
    (tmp_path / "a.conllu").write_text(CONLLU.replace("# sent_id = 1\n", "# sent_id = 1\n# mood = old\n"))
    data = read_tagged(tmp_path / "a.conllu", TagDataOptions(label="mood"), need_tags=False)
    lines = written(data, NEW, ["x", "y"]).decode().split("\n")
    assert [line.split("\t")[0] for line in lines[:4]] == ["# sent_id = 1", "# mood = x", "1-2", "1"]
    (tmp_path / "b.conllu").write_text("\n".join(lines))
    assert read_tagged(tmp_path / "b.conllu", TagDataOptions(label="mood")).labels == ["x", "y"]


def test_a_tab_at_the_end_of_a_row_separates_nothing(tmp_path: Path) -> None:
    assert reads(tmp_path, "a.conll", "a X\t\nb Y\n\nc Z\n").decode() == "a A\nb B\n\nc C\n"
