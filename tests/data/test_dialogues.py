"""Dialogues from lines and tables."""

import gzip
import json
import re
from pathlib import Path

import pytest

from elman.data.dialogue_options import DialogueDataOptions
from elman.data.dialogues import dialogues_of, read_dialogues
from elman.errors import ArgumentError, ArgumentTypeError, DataError

CHATS = [["Hi!", "Hello, you."], ["Tea?", "Please.", "Milk?"]]


def test_the_same_dialogues_from_every_kind_of_file(tmp_path: Path):
    import polars

    eou = "".join(" __eou__ ".join(own) + " __eou__\n" for own in CHATS)
    (tmp_path / "a.txt").write_text(eou)
    (tmp_path / "bars.txt").write_text(eou.replace("__eou__", "|"))
    (tmp_path / "turns.txt").write_text("\n\n" + "\n \n".join("\n".join(own) for own in CHATS) + "\n")
    (tmp_path / "a.jsonl").write_text("".join(json.dumps({"id": 1, "turns": own}) + "\n" for own in CHATS))
    polars.DataFrame({"dialog": CHATS}).write_parquet(tmp_path / "a.parquet")
    kinds = {
        "a.txt": {},
        "bars.txt": {"separator": "|"},
        "turns.txt": {"format": "turns"},
        "a.jsonl": {},
        "a.parquet": {},
    }
    for name, options in kinds.items():
        found = read_dialogues(tmp_path / name, DialogueDataOptions(**options))
        assert found.turns == CHATS, name
    assert read_dialogues(tmp_path / "a.txt").place(1).endswith(":2")
    found = read_dialogues(tmp_path / "turns.txt", DialogueDataOptions(format="turns"))
    assert [found.place(i)[-2:] for i in (0, 1)] == [":3", ":6"]


@pytest.mark.parametrize("key", ["content", "text", "value"])
def test_messages_with_a_role_are_their_texts(tmp_path: Path, key: str):
    texts = [*CHATS, ["{}", '{"a": 1}']]
    chats = [[{"role": "user", key: own} for own in chat] for chat in texts]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps({"id": 1, "messages": own}) + "\n" for own in chats))
    assert read_dialogues(tmp_path / "a.jsonl").turns == texts


def test_the_name_of_a_packed_table_tells_its_format(tmp_path: Path):
    for ending in ("gz", "gzip"):
        path = tmp_path / f"a.csv.{ending}"
        path.write_bytes(gzip.compress(b'question,answer\n"hi, you",hello\n'))
        assert read_dialogues(path).turns == [["hi, you", "hello"]]


def test_two_columns_are_a_turn_and_its_answer(tmp_path: Path):
    (tmp_path / "a.txt").write_text("hi\thello\nbye\tbye, now\n")
    assert read_dialogues(tmp_path / "a.txt").turns == [["hi", "hello"], ["bye", "bye, now"]]
    (tmp_path / "a.tsv").write_text("hi\thello\nbye\tbye, now\n")
    assert read_dialogues(tmp_path / "a.tsv").turns == [["hi", "hello"], ["bye", "bye, now"]]
    (tmp_path / "a.csv").write_text("question,answer\nhi,hello\nbye,\n")
    found = read_dialogues(tmp_path / "a.csv")
    assert found.turns == [["hi", "hello"], ["bye"]]
    assert any("1 lines hold one turn only" in note and "line 3" in note for note in found.notes)


def test_a_first_row_that_looks_like_names_is_named(tmp_path: Path):
    (tmp_path / "a.tsv").write_text("user\tbot\nhow are you?\tfine, thanks\n")
    found = read_dialogues(tmp_path / "a.tsv")
    assert found.turns[0] == ["user", "bot"]
    assert any(re.search(r"first row of .*a\.tsv is read as data: user, bot .*--header", note) for note in found.notes)
    again = read_dialogues(tmp_path / "a.tsv", DialogueDataOptions(header=True))
    assert again.turns == [["how are you?", "fine, thanks"]]


def test_lines_without_an_answer_are_named(tmp_path: Path):
    (tmp_path / "a.txt").write_text("hi\thello\nhow are you    fine\nbye\tbye\n\n")
    found = read_dialogues(tmp_path / "a.txt")
    assert found.turns == [["hi", "hello"], ["how are you    fine"], ["bye", "bye"]]
    assert any("1 lines hold one turn only" in note and "line 2" in note for note in found.notes)
    some = found.take([2, 0])
    assert (some.turns[0], some.place(0)[-2:]) == (["bye", "bye"], ":3")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", b"", "the file is empty"),
        ("a.txt", b"only one line\n", "no dialogue has two turns"),
        ("a.txt", b"a __eou__\nb __eou__ \n", "no dialogue has two turns"),
        ("a.txt", b"a __eou__ b\nc __eou__ \xff\n", r"a\.txt:2"),
        ("a.csv", b"a,b,c\nx,y,z\n", "no column holds lists of turns"),
        (
            "a.jsonl",
            b'{"turns": ["a", "b"]}\n{"turn": ["c", "d"]}\n',
            r"a\.jsonl:2, column 'turns': the turns are missing",
        ),
        (
            "a.jsonl",
            b'{"turns": ["a", "b"]}\n{"turns": "c"}\n',
            r"a\.jsonl:2, column 'turns': this is no list of turns but 'c'",
        ),
        (
            "a.jsonl",
            b'{"messages": [{"text": "a"}, {"text": "b"}]}\n{"messages": [{"text": "c"}, {"text": null}]}\n',
            r"a\.jsonl:2, column 'messages': this message has no text: '{\"text\": null}'",
        ),
        ("a.jsonl", b'{"messages": [{"content": "a"}, "b"]}\n', r"a\.jsonl:1, .*no text: 'b'"),
        ("a.jsonl", b'{"messages": [{"role": "a"}, {"role": "b"}]}\n', r"a\.jsonl:1, .*no text: .*content, text or"),
    ],
    ids=["empty", "line", "turn", "bytes", "columns", "key", "text", "null", "mixed", "keys"],
)
def test_what_is_no_dialogue(tmp_path: Path, name: str, content: bytes, message: str):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError) as error:
        read_dialogues(tmp_path / name)
    assert re.search(message, str(error.value))


def test_a_column_that_is_not_there(tmp_path: Path):
    (tmp_path / "a.jsonl").write_text('{"turns": ["a", "b"]}\n')
    with pytest.raises(DataError, match=r"no column 'turn'.*Did you mean 'turns'"):
        read_dialogues(tmp_path / "a.jsonl", DialogueDataOptions(dialogue="turn"))


def test_dialogues_in_memory():
    assert dialogues_of(CHATS).turns == CHATS
    with pytest.raises(ArgumentTypeError, match="one string"):
        dialogues_of(["Hi!", "Hello."])
    with pytest.raises(ArgumentTypeError, match="dialogue 0"):
        dialogues_of([["Hi!", 3]])  # pyright: ignore[reportArgumentType]
    with pytest.raises(ArgumentError, match="two turns"):
        dialogues_of([["Hi!"]])
