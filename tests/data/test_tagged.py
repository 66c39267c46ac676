"""Tagged sentences out of every format: the same words and tags, and errors that name the line."""

import gzip
import json
from pathlib import Path

import polars
import pytest

from elman.data.kinds import kind_of
from elman.data.sentences import from_sentences, select
from elman.data.tagged import read_tagged
from elman.data.tagged_options import TagDataOptions
from elman.errors import ArgumentError, ArgumentTypeError, DataError

WORDS, TAGS = [["Ann", "sings"], ["Yes"]], [["B-PER", "O"], ["O"]]
FILES = {
    "a.conll": "Ann\tB-PER\nsings\tO\n\nYes\tO\n",
    "spaces.txt": "Ann B-PER\nsings O\n\nYes O\n",
    "emerging.test.annotated": "Ann\tB-PER\nsings\tO\n\t\nYes\tO\n",
    "a.conllu": "1\tAnn\t_\tB-PER\t_\t_\t_\t_\t_\t_\n2\tsings\t_\tO\t_\t_\t_\t_\t_\t_\n\n1\tYes\t_\tO"
    + 6 * "\t_"
    + "\n",
    "ids.csv": "sentence_id,word,tag\n7,Ann,B-PER\n7,sings,O\n8,Yes,O\n",
    "filled.csv": "Sentence #,Word,POS,Tag\nSentence: 1,Ann,NN,B-PER\n,sings,VB,O\nSentence: 2,Yes,UH,O\n",
    "rows.tsv": "sentence\ttags\nAnn sings\tB-PER O\nYes\tO\n",
    "a.tsv": "Ann\tB-PER\nsings\tO\n\nYes\tO\n",
    "a.jsonl": '{"tokens": ["Ann", "sings"], "ner_tags": ["B-PER", "O"]}\n{"tokens": ["Yes"], "ner_tags": ["O"]}\n',
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_every_format_gives_the_same(name: str, packed: bool, tmp_path: Path) -> None:
    path = tmp_path / (name + ".gz" * packed)
    content = FILES[name].encode()
    path.write_bytes(gzip.compress(content) if packed else content)
    data = read_tagged(path)
    assert (data.words, data.tags, data.labels) == (WORDS, TAGS, None)
    if name not in ("rows.tsv", "a.tsv"):  # they look like texts with classes
        assert kind_of(path) == "tag"


def test_parquet_with_lists_and_a_label(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    polars.DataFrame({"tokens": WORDS, "ner_tags": TAGS, "intent": ["x", "y"]}).write_parquet(path)
    data = read_tagged(path)
    assert (data.words, data.tags, data.labels) == (WORDS, TAGS, ["x", "y"])


def slots(folder: Path, packed: bool = False, **texts: str) -> Path:
    files = {"seq.in": "Ann sings\nYes\n", "seq.out": "B-PER O \nO\n", "label": "Tell\nAgree\n"}
    for name, text in {**files, **{name.replace("_", "."): text for name, text in texts.items()}}.items():
        content = text.encode()
        (folder / (name + ".gz" * packed)).write_bytes(gzip.compress(content) if packed else content)
    return folder


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_a_folder_of_three_files(packed: bool, tmp_path: Path) -> None:
    data = read_tagged(slots(tmp_path, packed))
    assert (data.words, data.tags, data.labels) == (WORDS, TAGS, ["Tell", "Agree"])
    assert data.place(1).endswith(":2")


def test_what_a_folder_refuses(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    slots(tmp_path / "train")
    with pytest.raises(DataError, match=r"there is no seq.in.*such as .*train"):
        read_tagged(tmp_path)
    slots(tmp_path / "train", seq_out="B-PER O O\nO\n")
    with pytest.raises(DataError, match=r"seq.out:1: 3 tags for the 2 words"):
        read_tagged(tmp_path / "train")
    slots(tmp_path / "train", label="Tell\n")
    with pytest.raises(DataError, match=r"label has 1 lines and seq.in 2"):
        read_tagged(tmp_path / "train")
    slots(tmp_path / "train", seq_in="\n")
    with pytest.raises(DataError, match=r"seq.in: the file is empty"):
        read_tagged(tmp_path / "train")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.conll", b"", r"a\.conll: the file is empty"),
        ("a.conll", b" \n\n", r"a\.conll: the file is empty"),
        ("a.conll", "é O\n".encode("latin-1"), r"a\.conll:1: byte 0xe9 at position 0 is not UTF-8.*--encoding"),
        (
            "a.conll",
            b"a\tO\nb\t\nc\tB-x\nd\t\n",
            r"a\.conll:2, column '2': the word 'b' has no tag \(nor have 1 others",
        ),
        ("a.conll", b"a\nb\n", r"a\.conll: there is no column of tags"),
        ("a.txt", b"just a text\n", r"not a file of words and tags.*Name its --format"),
        ("a.csv", b"sentence_id,word,tag\n1,a,O\n1,,O\n", r"a\.csv:3, column 'word': the word is missing"),
        ("a.csv", b"sentence_id,word,tag\n1,a,O\n1,b,\n", r"a\.csv:3, column 'tag': the word 'b' has no tag"),
        ("a.csv", b"sentence,tags\na b,O\n", r"a\.csv:2: 2 words in 'sentence' and 1 tags in 'tags'"),
        ("a.csv", b"sentence_id,what,ever,not\n1,a,O,x\n", r"no column can be told to hold the words"),
        ("a.jsonl", b'{"tokens": ["a", null], "tags": ["O", "O"]}\n', r"a\.jsonl:1, column 'tokens': item 2"),
        ("a.conllu", b"a b c\n", r"a\.conllu:1: the row has 1 column"),
    ],
)
def test_what_is_refused(name: str, content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_tagged(tmp_path / name)


def test_an_unknown_column_of_a_table(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(FILES["ids.csv"])
    with pytest.raises(DataError, match=r"there is no column 'wrod'.*Did you mean 'word'"):
        read_tagged(tmp_path / "a.csv", TagDataOptions(word="wrod"))


def test_a_number_of_a_sentence_that_comes_again(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("sentence_id,word,tag\n1,a,O\n2,b,O\n1,c,X\n")
    data = read_tagged(tmp_path / "a.csv")
    assert data.words == [["a"], ["b"], ["c"]]
    assert "'1' on line 4 comes again" in data.notes[0]


def test_labels_in_comments_that_are_not_there(tmp_path: Path) -> None:
    (tmp_path / "a.conll").write_text("# mood = calm\na X\nb Y\n\nc X\n")
    with pytest.raises(DataError, match=r"a\.conll:5: the sentence has no label"):
        read_tagged(tmp_path / "a.conll", TagDataOptions(label="mood"))
    with pytest.raises(DataError, match=r"no sentence has a comment `# modo = …`"):
        read_tagged(tmp_path / "a.conll", TagDataOptions(label="modo"))
    (tmp_path / "b.conll").write_text("a X\nb Y\n")
    assert read_tagged(tmp_path / "b.conll", columns={"label": "# mood ="}).labels is None


def test_lines_of_words_where_no_tags_are_needed(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Ann sings\n\nYes\n")
    data = read_tagged(tmp_path / "a.txt", need_tags=False)
    assert (data.words, data.tags, data.format) == ([["Ann", "sings"], [], ["Yes"]], None, "lines")


def test_the_columns_of_the_training_are_taken_where_they_are(tmp_path: Path) -> None:
    columns = {"word": "1", "tag": "2"}
    (tmp_path / "three.conll").write_text("Ann NN x\nsings VB y\n\nYes UH z\n")
    assert read_tagged(tmp_path / "three.conll", columns=columns).tags == [["NN", "VB"], ["UH"]]
    (tmp_path / "a.conllu").write_text(FILES["a.conllu"])
    assert read_tagged(tmp_path / "a.conllu", columns=columns).tags == TAGS
    (tmp_path / "a.jsonl").write_text(json.dumps({"tokens": ["a"], "x": ["b"], "tags": ["c"]}) + "\n")
    assert read_tagged(tmp_path / "a.jsonl", columns={"tag": "x"}).tags == [["b"]]


def test_sentences_in_memory_are_checked() -> None:
    data = from_sentences(WORDS, [["B-PER", 0], [1]], ["x", 2])
    assert (data.tags, data.labels) == ([["B-PER", "0"], ["1"]], ["x", "2"])
    assert select(data, [1]).words == [["Yes"]]
    with pytest.raises(ArgumentTypeError, match=r"words is one string.*Write \[sentence.split"):
        from_sentences("Ann sings")
    with pytest.raises(ArgumentTypeError, match=r"words\[1\] is 'Yes' of type str"):
        from_sentences([["Ann"], "Yes"])
    with pytest.raises(ArgumentTypeError, match=r"words\[0\]\[1\] is 3 of type int"):
        from_sentences([["Ann", 3]])  # pyright: ignore[reportArgumentType]
    with pytest.raises(ArgumentError, match=r"words\[0\] has 2 words and tags\[0\] 1"):
        from_sentences(WORDS, [["O"], ["O"]])
    with pytest.raises(ArgumentError, match="2 sentences and 1 labels"):
        from_sentences(WORDS, TAGS, ["x"])


def test_the_real_files(real_data: Path) -> None:
    """The counts are those of the treebank's statistics and of the data sets' papers."""
    ewt = read_tagged(real_data / "ud_ewt" / "en_ewt-ud-dev.conllu.gz")
    assert (len(ewt), ewt.tokens, len({tag for row in ewt.tags or () for tag in row})) == (2001, 25147, 17)
    wnut = read_tagged(real_data / "wnut17" / "emerging.test.annotated.gz")
    assert (len(wnut), wnut.tokens) == (1287, 23394)
    snips = read_tagged(real_data / "snips" / "valid")
    assert (len(snips), len(set(snips.labels or ()))) == (700, 7)


def test_the_word_column_of_the_training_is_read_again_from_conllu(tmp_path: Path) -> None:
    path = tmp_path / "a.conllu"
    path.write_text("1\tdogs\tdog\tNOUN" + 6 * "\t_" + "\n2\tbarked\tbark\tVERB" + 6 * "\t_" + "\n")
    data = read_tagged(path, TagDataOptions(word="lemma"))
    assert read_tagged(path, columns=data.columns).words == data.words == [["dog", "bark"]]
    assert read_tagged(path, TagDataOptions(word="form"), columns=data.columns).words == [["dogs", "barked"]]


def test_a_column_of_tags_that_is_not_there(tmp_path: Path) -> None:
    """To predict it is a column to come; where tags are needed, no other may be taken for it."""
    (tmp_path / "a.conll").write_text("Ann NNP I-NP\nsings VBZ I-VP\n\nYes UH O\n")
    columns = {"word": "1", "tag": "4"}
    data = read_tagged(tmp_path / "a.conll", columns=columns, need_tags=False)
    assert (data.words, data.tags, data.columns) == (WORDS, None, {"word": "1"})
    with pytest.raises(DataError, match=r"there is no column '4'. Expected a number from 1 to 3"):
        read_tagged(tmp_path / "a.conll", columns=columns)
    assert read_tagged(tmp_path / "a.conll", TagDataOptions(tag="2"), columns=columns).tags == [["NNP", "VBZ"], ["UH"]]


@pytest.mark.parametrize(
    ("row", "sentence", "message"),
    [
        ({"sid": "1", "word": "a", "tag": ["x"]}, "sid", r"a\.jsonl:1, column 'tag': the value is a list"),
        ({"sid": ["1"], "word": "a", "tag": "x"}, "sid", r"a\.jsonl:1, column 'sid': the value is a list"),
        ({"words": [["a"]], "tags": ["x"]}, None, r"a\.jsonl:1, column 'words': item 1 of the list is a list"),
        ({"words": ["a", "b"], "tags": ["x", ["y"]]}, None, r"column 'tags': item 2 of the list is a list"),
    ],
)
def test_lists_in_the_place_of_texts(
    row: dict[str, object], sentence: str | None, message: str, tmp_path: Path
) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps(row) + "\n")
    with pytest.raises(DataError, match=message):
        read_tagged(tmp_path / "a.jsonl", TagDataOptions(sentence=sentence))


def test_a_label_that_only_its_name_tells_may_have_gaps(tmp_path: Path) -> None:
    rows = [{"words": ["a"], "tags": ["x"], "intent": "p"}, {"words": ["b"], "tags": ["y"], "intent": None}]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    data = read_tagged(tmp_path / "a.jsonl")
    assert (data.labels, data.columns) == (None, {"word": "words", "tag": "tags"})
    assert data.notes[0].endswith("a.jsonl: rows without 'intent': 1; it is not read as a label")
    with pytest.raises(DataError, match=r"a\.jsonl:2: the sentence has no label. Expected one for every .* 'intent'"):
        read_tagged(tmp_path / "a.jsonl", TagDataOptions(label="intent"))
