"""CoNLL-U and CoNLL columns: what is a word, which columns are read, and what is refused on which line."""

import re

import pytest

from elman.data.conll import looks_like_columns, read_columns, read_conllu
from elman.errors import DataError


def row(number: str, form: str, upos: str = "X", xpos: str = "_", feats: str = "_") -> str:
    return "\t".join([number, form, "_", upos, xpos, feats, "_", "_", "_", "_"])


DOGS = "\n".join([
    "# sent_id = 1", "# mood = calm", row("1-2", "don't"), row("1", "do", "AUX"), row("2", "n't", "PART", "RB"),
    row("2.1", "left out", "VERB"), row("3", "bark", "VERB", "VB", "A=b"), "", "# mood = loud",
    row("1", "New York", "PROPN"), "", "",
])  # fmt: skip


def test_multiword_tokens_and_empty_nodes_are_no_words() -> None:
    found = read_conllu(DOGS, "a.conllu")
    assert found.words == [["do", "n't", "bark"], ["New York"]]
    assert found.tags == [["AUX", "PART", "VERB"], ["PROPN"]]
    assert found.begins == [1, 9]
    assert found.lines == [[4, 5, 7], [10]]
    assert found.labels is None


def test_another_column_and_a_label_from_a_comment() -> None:
    found = read_conllu(DOGS, "a.conllu", tag="XPOS", label="mood")
    assert found.tags == [["", "RB", "VB"], [""]]  # _ stands for a part of speech that is missing
    assert found.labels == ["calm", "loud"]
    assert read_conllu(DOGS, "a.conllu", tag="feats").tags == [["_", "_", "A=b"], ["_"]]  # and here for no features


def test_windows_line_ends_and_lines_of_blanks() -> None:
    text = f"{row('1', 'a')}\r\n \t\r\n{row('1', 'b')}\r\n"
    assert read_conllu(text, "a.conllu").words == [["a"], ["b"]]
    assert read_columns("a\tX\r\n\t\r\nb\tY\r\n", "a.conll").words == [["a"], ["b"]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1\tdo\tAUX\n", r"a\.conllu:1: the row has 3 columns. Expected 10 columns separated by tabs"),
        (row("1", "a") + "\n" + row("3", "b"), r"a\.conllu:2, column 'id': the id is '3' after 1 words. Expected 2"),
        (row("1", "a") + "\n" + row("1", "b"), r"a\.conllu:2, .* Is an empty line missing\?"),
        (row("2", "a"), r"the id is '2' at the beginning of a sentence"),
        (row("x", "a"), r"the id is 'x'"),
        (row("1", " "), r"a\.conllu:1, column 'form': the word is empty"),
        (row("1", "a").replace("\t", " "), r"Put one tab, not spaces"),
        ("# a comment\n", "a.conllu: the file holds no sentence"),
    ],
    ids=["few", "gap", "no blank line", "late", "no number", "empty", "spaces", "no word"],
)
def test_what_conllu_refuses(text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_conllu(text, "a.conllu")


def test_an_unknown_column_of_conllu() -> None:
    with pytest.raises(DataError, match=r"there is no column 'xops'.*Did you mean 'xpos'"):
        read_conllu(DOGS, "a.conllu", tag="xops")


def test_columns_by_spaces_with_a_number_first_and_documents_between() -> None:
    text = "-DOCSTART- -X- O O\n\n1 EU NNP B-ORG\n2 says VBZ O\n\n1 Ann NNP B-PER\n"
    found = read_columns(text, "eng.train")
    assert found.words == [["EU", "says"], ["Ann"]]
    assert found.tags == [["B-ORG", "O"], ["B-PER"]]
    assert found.columns == {"word": "2", "tag": "4"}
    assert read_columns(text, "eng.train", tag="3").tags == [["NNP", "VBZ"], ["NNP"]]


def test_a_word_may_begin_with_the_sign_of_comments() -> None:
    text = "# id 1 of the sample\n#monday\tO\n#\tO\n# \tB-x\n"
    found = read_columns(text, "a.conll")
    assert found.words == [["#monday", "#", "# "]]
    assert found.tags == [["O", "O", "B-x"]]
    labelled = read_columns("# intent = Greet\nhi O\n\n# intent = Ask\nwhat B-x\n", "a.conll", label="intent")
    assert labelled.labels == ["Greet", "Ask"]


def test_a_last_column_of_one_value_holds_no_tags() -> None:
    assert read_columns("a X -\nb Y -\n", "a.iob2").tags == [["X", "Y"]]


def test_one_column_has_no_tags() -> None:
    found = read_columns("a\nb\n\nc\n", "a.conll")
    assert (found.words, found.tags) == ([["a", "b"], ["c"]], None)


@pytest.mark.parametrize(
    ("text", "flags", "message"),
    [
        ("a\tX\nb\nc\tX\n", {}, r"a\.conll:2: the row has 1 column. Expected 2, separated by tabs"),
        ("a X\nb Y Z\nc X\n", {}, r"a\.conll:2: the row has 3 columns. Expected 2, separated by spaces"),
        ("a\tX\n\tX\nb\tY\n", {}, r"a\.conll:2: the word in column 1 is empty"),
        ("a X\nb Y\n", {"tag": "3"}, "there is no column '3'. Expected a number from 1 to 2. Write --tag NUMBER"),
        ("a X\nb Y\n", {"word": "form"}, "there is no column 'form'"),
        ("a X\nb Y\n", {"tag": "1", "word": "1"}, "column 1 is read as the words and as the tags"),
        ("-DOCSTART- O\n", {}, "holds no sentence"),
    ],
    ids=["few", "many", "empty", "no column", "a name", "the same twice", "no word"],
)
def test_what_columns_refuse(text: str, flags: dict[str, str], message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_columns(text, "a.conll", **flags)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (DOGS, "conllu"),
        ("a\tO\nb\tB-x\n\nc\tO\n", "conll"),
        ("Ann O\nsings O\n\nBob B-PER\n", "conll"),
        ("A line of words.\nAnother line of them.\n\nA third.\n", ""),
        ("Two words\nand more\n\nof these\nin verse\n", ""),  # as many last words as lines
        ("text\tlabel\nfine\t1\ndull\t0\n", ""),  # a table, without an empty line
        ("", ""),
    ],
    ids=["conllu", "tabs", "spaces", "prose", "verse", "table", "empty"],
)
def test_columns_are_told_from_other_texts(text: str, kind: str) -> None:
    assert looks_like_columns(text) == kind


def test_a_huge_word_passes() -> None:
    word = "x" * 10_000_000
    assert len(read_columns(f"{word} O\nb B-x\n", "a.conll").words[0][0]) == len(word)
    assert re.match("x", read_conllu(row("1", word), "a.conllu").words[0][0])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("# id 5239\tdomain=train\nAnn _ _ B-PER\nsings _ _ O\n\n# id 1 en\nYes _ _ O\n", [["Ann", "sings"], ["Yes"]]),
        ("# newdoc\nAnn B-PER\nsings O\n", [["Ann", "sings"]]),
        ("# newdoc\nAnn\tB-PER\nsings\tO\n", [["Ann", "sings"]]),
        ("Ann O\n# B-PER\n\n# O\n# odd\nsings B-PER\n", [["Ann", "#"], ["#", "#", "sings"]]),
        ("# x y O\nAnn NN B-PER\n\n# SYM O\nis VB O\n", [["Ann"], ["#", "is"]]),
    ],
    ids=["an id", "a document", "tabs", "the word", "three columns"],
)
def test_comments_before_the_first_word_may_have_as_many_columns(text: str, words: list[list[str]]) -> None:
    assert read_columns(text, "a.conll").words == words


def test_a_label_in_a_comment_with_as_many_columns() -> None:
    text = "# label = play\nsome DT x O\njazz NN x B-what\n\n# label = O\nyes UH x O\n"
    found = read_columns(text, "a.conll", label="label")
    assert (found.words, found.labels) == ([["some", "jazz"], ["yes"]], ["play", "O"])


def test_only_blanks_and_tabs_stand_between_columns() -> None:
    text = "1\u00a0000 CD\na\u2003b  NN\n\nkm NN\nis NN\n"
    assert read_columns(text, "a.conll").words == [["1\u00a0000", "a\u2003b"], ["km", "is"]]
    assert looks_like_columns(text) == "conll"


def test_a_number_of_thousands_of_digits_names_no_column_and_no_word() -> None:
    many = "1" * 5000
    with pytest.raises(DataError, match=r"there is no column '111.* Expected a number from 1 to 2"):
        read_columns("a X\nb Y\n", "a.conll", tag=many)
    with pytest.raises(DataError, match=r"the id is '111"):
        read_conllu(row(many, "a"), "a.conllu")
