"""JSON lines: values become texts, missing ones None, and errors name line and position."""

import pytest

from elman.data.json_lines import read_json_lines
from elman.errors import DataError


def test_values_and_missing_keys() -> None:
    read = read_json_lines('{"text": "a\\nb", "label": 1}\n\n{"label": 2.0, "text": "c", "id": null}\n', "a.jsonl")
    assert read.columns == {"text": ["a\nb", "c"], "label": ["1", "2"], "id": [None, None]}
    assert read.lines == [1, 3]


def test_not_a_number_is_missing_and_lists_stay() -> None:
    read = read_json_lines('{"text": "a", "label": NaN}\n{"text": "b", "label": ["x", 2]}', "a.jsonl")
    assert read.columns["label"] == [None, ["x", "2"]]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"text": "a", label: 1}', r"a\.jsonl:2: this is not JSON: .* at position 15"),
        ('{"text": "a"', r"a\.jsonl:2: this is not JSON"),
        ('["a", 1]', r"a\.jsonl:2: the line holds an array"),
        ("3", r"a\.jsonl:2: the line holds a number"),
        ('{"text": "a", "text": "b"}', r"a\.jsonl:2: the key 'text' occurs twice"),
        ("[" * 100_000, r"a\.jsonl:2: this JSON cannot be read|a\.jsonl:2: this is not JSON"),
        ('{"text": ' + "9" * 10_000 + "}", r"a\.jsonl:2: this JSON cannot be read"),
    ],
)
def test_errors_name_the_line(line: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_json_lines('{"text": "a"}\n' + line, "a.jsonl")


def test_one_array_over_many_lines_is_explained() -> None:
    with pytest.raises(DataError, match="not one array"):
        read_json_lines('[\n{"text": "a"}\n]', "a.json")


def test_half_a_surrogate_pair_is_mended() -> None:
    read = read_json_lines('{"text": "a\\ud83d b"}\n{"text": "\\ud83d\\ude00 😀"}', "a.jsonl")
    assert read.columns["text"] == ["a� b", "😀 😀"]
    assert read.notes
    for text in read.columns["text"]:
        assert isinstance(text, str)
        text.encode()
