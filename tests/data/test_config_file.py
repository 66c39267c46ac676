"""YAML, calls and defaults brought together: what is read, who wins, and the message for every mistake."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from elman.data.config_file import differences, merge, read_yaml, to_yaml
from elman.data.options import DataOptions, SymbolOptions, as_dict
from elman.errors import ConfigError, DataError
from elman.learn.options import TrainingOptions
from elman.tasks.classify.options import ClassifyOptions


@pytest.fixture
def written(tmp_path: Path):
    def write(text: str) -> Path:
        path = tmp_path / "config.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_the_call_wins_over_the_file_and_the_file_over_the_default(written) -> None:
    path = written("training:\n  epochs: 3\n  seed: 7\nhidden: 64\n")
    options, origin = merge(ClassifyOptions, yaml=path, overrides={"epochs": 5, "seed": None, "text": "review"})
    assert (options.training.epochs, options.training.seed, options.model.hidden) == (5, 7, 64)
    assert options.data.text == "review"
    assert options.training.batch_size == TrainingOptions().batch_size
    assert origin["training.epochs"] == "given"
    assert origin["training.seed"] == f"{path}:3"
    assert origin["model.hidden"] == f"{path}:4"
    assert origin["training.batch_size"] == "default"


def test_groups_and_flat_names_mean_the_same(written) -> None:
    grouped = merge(ClassifyOptions, yaml=written("training: {epochs: 3}\nmodel: {hidden: 8}\n"))[0]
    assert grouped == merge(ClassifyOptions, yaml=written("epochs: 3\nhidden: 8\n"))[0]
    assert grouped == merge(ClassifyOptions, yaml={"epochs": 3, "model": {"hidden": 8}})[0]


@pytest.mark.parametrize("text", ["", "# nothing\n", "training:\n", "---\n", "{}"])
def test_an_empty_file_changes_nothing(written, text: str) -> None:
    assert merge(ClassifyOptions, yaml=written(text))[0] == ClassifyOptions()


def test_what_stands_there_is_read_as_the_type_of_the_option(written) -> None:
    """YAML 1.1 would read 1e-3 as text, 010 as eight, no as false, 1:30 as ninety."""
    path = written("learning_rate: 1e-3\nbatch_size: 010\nvocabulary: 2e4\nmax_length: 1_000\ntext: no\nlabel: 1\n")
    options = merge(ClassifyOptions, yaml=path)[0]
    assert (options.training.learning_rate, options.training.batch_size) == (0.001, 10)
    assert (options.symbols.vocabulary, options.symbols.max_length) == (20_000, 1_000)
    assert (options.data.text, options.data.label) == ("no", "1")
    assert merge(ClassifyOptions, yaml=written("header: No\ntext: ~\nencoding: 'null'"))[0].data == DataOptions(
        header=False, encoding="null"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("training:\n  epoch: 3", r"config.yaml:2: there is no option 'epoch'. Did you mean 'epochs'"),
        ("Epochs: 3", r":1: there is no option 'Epochs'. Did you mean 'epochs'"),
        ("batch-size: 3", r"Did you mean 'batch_size'"),
        ("trainning:\n  epochs: 3", r":2: there is no option 'trainning'"),
        ("training:\n  zzz: 3", r":2: there is no option 'zzz'. The options of training are: epochs, "),
        ("model:\n  epochs: 3", r":2: epochs is not an option of model. It belongs to training"),
        ("training: 3", r":1: training is a group of options. Expected lines below `training:`"),
        ("seed: 1\nepochs: three", r":2: epochs is 'three'. Expected a whole number"),
        ("epochs: 2.5", r":1: epochs is '2.5'. Expected a whole number"),
        ("epochs: 1:30", r"Expected a whole number"),
        ("epochs: true", r"epochs is 'true'. Expected a whole number"),
        ("batch_size:", r"batch_size is empty. Expected a whole number"),
        ("epochs: .inf", r"Expected a whole number"),
        ("dropout: 0,3", r"dropout is '0,3'. Expected a number.*Write a decimal point"),
        ("dropout: .nan", r"Expected a number"),
        ("lowercase: 1", r"lowercase is '1'. Expected true or false"),
        ("tokens: words", r"tokens is 'words'. Expected one of word, character, bpe. Did you mean 'word'"),
        ("vocabulary: 2", r"vocabulary is '2'. Expected a whole number, at least 3"),
        ("validation_share: 1", r"Expected a number, more than 0 and less than 1"),
        ("epochs: 3\nepochs: 4", r":2: epochs is given twice"),
        ("training: {epochs: 3}\nepochs: 3", r":2: epochs is given twice, alone and in the group training"),
        ("epochs: [3]", r":1: the value of epochs is a list"),
        ("training: {epochs: {x: 3}}", r":1: the value of epochs is neither"),
        ("- epochs", r":1: this is not a list of options"),
        ("epochs", r":1: this is not a list of options"),
        ("seed: 1\nepochs: [3", r"this is not YAML"),
        ("data:\n\ttext: x", r":2, character 1: this is not YAML"),
        ("x: &a {y: *a}", r"the value of y is neither"),
        ("<<: {epochs: 3}", r":1: this is not the name of an option"),
        ("[1]: 2", r":1: this is not the name of an option"),
        ("a: 1\n---\nb: 2", r"this is not YAML"),
        ("[" * 1200, r"this is not YAML"),
    ],
)
def test_mistakes_name_their_place(written, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        merge(ClassifyOptions, yaml=written(text))


@pytest.mark.parametrize("tag", ["!!python/object/apply:os.system ['echo ran']", "!x 3", "!!python/name:os.system"])
def test_tags_run_nothing(written, tag: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ConfigError):
        merge(ClassifyOptions, yaml=written(f"epochs: {tag}"))
    assert "ran" not in capfd.readouterr().out


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no\.yaml"):
        read_yaml(tmp_path / "no.yaml")


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"epoch": 3}, "^there is no option 'epoch'. Did you mean 'epochs'"),
        ({"epochs": "x"}, "^epochs is 'x'. Expected a whole number"),
        ({"epochs": 2.5}, "^epochs is 2.5"),
        ({"epochs": True}, "^epochs is True"),
        ({"lowercase": 1}, "^lowercase is 1. Expected true or false"),
        ({"text": 3}, "^text is 3. Expected text"),
        ({"dropout": float("nan")}, "^dropout is nan"),
        ({"dropout": [0.1]}, "^dropout is"),
        ({"dropout": np.zeros(2)}, "^dropout is"),
    ],
)
def test_mistakes_in_a_call(overrides: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        merge(ClassifyOptions, overrides=overrides)


def test_numpy_numbers_and_paths_are_taken() -> None:
    given = {"epochs": np.int64(3), "dropout": np.float32(0.5), "lowercase": np.bool_(False), "test": Path("a/b.csv")}
    options = merge(ClassifyOptions, overrides=given)[0]
    assert as_dict(options)["training"]["epochs"] == 3
    assert type(options.training.epochs) is int
    assert (options.model.dropout, options.symbols.lowercase, options.data.test) == (0.5, False, str(Path("a/b.csv")))


words = st.one_of(st.none(), st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12))


@example(text="\x85", label="a\u2028b", header=None, share=0.5)  # line breaks to YAML, not to us
@given(text=words, label=words, header=st.sampled_from([None, True, False]), share=st.floats(1e-300, 0.999))
def test_yaml_written_is_read_back(text: str | None, label: str | None, header: bool | None, share: float) -> None:
    import tempfile

    options = ClassifyOptions(data=DataOptions(text=text, label=label, header=header, validation_share=share))
    with tempfile.TemporaryDirectory() as folder:
        for comments in (True, False):
            path = Path(folder) / "c.yaml"
            path.write_bytes(to_yaml(options, comments=comments).encode())
            assert merge(ClassifyOptions, yaml=path)[0] == options


def test_defaults_written_out_hold_every_option_with_its_help() -> None:
    text = to_yaml(ClassifyOptions())
    assert "training:\n  epochs: " in text
    assert "# passes over the training rows" in text
    assert to_yaml(SymbolOptions(), comments=False).splitlines()[:2] == ["tokens: word", "vocabulary: 30000"]


def test_differences() -> None:
    old, new = as_dict(ClassifyOptions()), as_dict(merge(ClassifyOptions, overrides={"batch_size": 3, "text": "t"})[0])
    assert differences(old, old) == []
    assert differences(old, new) == ["data.text: null → t", f"training.batch_size: {old['training']['batch_size']} → 3"]
    assert differences({"a": 1, "b": 2}, {"b": 2, "c": True}) == ["a: 1 → (not there)", "c: (not there) → true"]
