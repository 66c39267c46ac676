"""The run folder: begun once, continued with the same, refused with anything else, checked when opened."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from elman.errors import ConfigError, RunError, StorageError
from elman.learn.folder import RunFolder, open_run

CONFIG: dict[str, Any] = {
    "data": {"text": None, "validation_share": 0.1},
    "training": {"epochs": 3, "learning_rate": 3e-3, "optimizer": "adam"},
}
DATA = {"train": "ab" * 32}
FILES: dict[str, bytes | str] = {"model.safetensors": b"\0\1\2", "tokenizer.json": "{}", "README.md": "# Größe\n"}


def finished(path: Path) -> Path:
    """A finished run."""
    with RunFolder(path) as run:
        run.begin(CONFIG, DATA)
        (path / "metrics.jsonl").write_text('{"epoch": 1}\n')
        run.finish(FILES, {"task": "classify", "results": {"loss": float("nan"), "classes": ("a", "b")}})
    return path


def test_begin_finish_open(tmp_path: Path) -> None:
    path = finished(tmp_path / "deep" / "run")
    run = open_run(path)
    assert run.config == CONFIG
    assert run.about["task"] == "classify"
    assert run.about["results"] == {"loss": None, "classes": ["a", "b"]}
    assert run.about["data"] == DATA
    assert run.about["format"] == 1
    assert run.file("README.md").decode() == "# Größe\n"
    assert set(run.files) == {*FILES, "config.yaml", "run.json", "metrics.jsonl"}
    assert sorted(os.listdir(path)) == sorted([*run.files, "SHA256SUMS", "checkpoints"])
    with pytest.raises(RunError, match=r"holds no vocabulary\.txt"):
        run.file("vocabulary.txt")


def test_sums_are_those_of_sha256sum(tmp_path: Path) -> None:
    path = finished(tmp_path)
    done = subprocess.run(["sha256sum", "-c", "--strict", "SHA256SUMS"], cwd=path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(": OK") == 6


def test_new_resume_finished(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    assert run.begin(CONFIG, DATA) == "new"
    run.release()
    assert run.begin(CONFIG, DATA) == "resume"
    run.finish(FILES, {})
    assert run.begin(CONFIG, DATA) == "finished"
    run.release()


def test_killed_while_it_began(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    run.begin(CONFIG, DATA)
    run.release()
    (tmp_path / "config.yaml").unlink()
    (tmp_path / ".0123.elman-tmp").write_bytes(b"half")
    assert run.begin(CONFIG, DATA) == "new"
    assert not (tmp_path / ".0123.elman-tmp").exists()
    run.release()


def test_a_training_that_was_refused_leaves_room_for_the_next(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    assert run.begin(CONFIG, DATA) == "new"
    run.release()
    assert run.begin(CONFIG, DATA) == "resume"
    run.release()
    other = {**CONFIG, "training": {**CONFIG["training"], "epochs": 5}}
    assert run.begin(other, DATA) == "new"
    run.release()
    (tmp_path / "checkpoints" / "1.safetensors").write_bytes(b"something to lose")
    with pytest.raises(ConfigError, match="epochs: 5 → 3"):
        run.begin(CONFIG, DATA)


def test_another_configuration_shows_the_difference(tmp_path: Path) -> None:
    finished(tmp_path)
    other = {**CONFIG, "training": {**CONFIG["training"], "epochs": 5, "seed": 1}}
    with pytest.raises(ConfigError) as caught:
        RunFolder(tmp_path).begin(other, DATA)
    assert "training.epochs: 3 → 5; training.seed: " in str(caught.value)
    assert "--out" in str(caught.value)


def test_other_data(tmp_path: Path) -> None:
    finished(tmp_path)
    with pytest.raises(RunError, match=r"the data has changed since .*: train\..*--out"):
        RunFolder(tmp_path).begin(CONFIG, {"train": "cd" * 32})
    with pytest.raises(RunError, match=r"the data has changed since .*: test\."):
        RunFolder(tmp_path).begin(CONFIG, {**DATA, "test": "cd" * 32})


def test_values_survive_the_file(tmp_path: Path) -> None:
    """A number written as YAML and read again is the same number, so that repeating a command is no difference."""
    config = {"g": {"a": 1e-5, "b": 1e22, "c": 0.1 + 0.2, "d": "1e3", "e": "no", "f": ("x", "ü"), "n": None, "t": True}}
    run = RunFolder(tmp_path)
    run.begin(config, {})
    run.release()
    assert run.begin(config, {}) == "resume"
    run.release()


def test_folders_of_others_are_not_touched(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(RunError, match=r"not empty and not a run of elman: it holds thesis\.tex.*--out"):
        RunFolder(tmp_path).begin(CONFIG, DATA)
    assert os.listdir(tmp_path) == ["thesis.tex"]
    with pytest.raises(RunError, match="is a file"):
        RunFolder(tmp_path / "thesis.tex").begin(CONFIG, DATA)
    with pytest.raises(StorageError):
        RunFolder(tmp_path / "thesis.tex" / "run").begin(CONFIG, DATA)


def test_two_writers(tmp_path: Path) -> None:
    with RunFolder(tmp_path) as run:
        run.begin(CONFIG, DATA)
        with pytest.raises(RunError, match="another process is training"):
            RunFolder(tmp_path).begin(CONFIG, DATA)
    with RunFolder(tmp_path) as run:
        assert run.begin(CONFIG, DATA) == "resume"


def test_a_killed_writer_leaves_no_lock(tmp_path: Path) -> None:
    code = (
        "import os, sys; from elman.learn.folder import RunFolder\n"
        "run = RunFolder(sys.argv[1]); run.begin({}, {}); os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)]).returncode == -9
    with RunFolder(tmp_path) as run:
        assert run.begin({}, {}) == "resume"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_folder_that_cannot_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    for path in (tmp_path, tmp_path / "run"):
        with pytest.raises(StorageError, match="permission"):
            RunFolder(path).begin(CONFIG, DATA)


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="a Linux folder in which nobody may write")
def test_folder_that_nobody_can_write() -> None:
    with pytest.raises(StorageError) as caught:
        RunFolder("/proc/run").begin(CONFIG, DATA)
    assert caught.value.exit_code == 3


def test_device_as_a_folder() -> None:
    with pytest.raises(RunError, match="is a file"):
        RunFolder(os.devnull).begin(CONFIG, DATA)


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "config.yaml", "metrics.jsonl", "README.md"])
def test_damage_in_any_file_is_noticed(tmp_path: Path, name: str) -> None:
    path = finished(tmp_path)
    raw = (path / name).read_bytes()
    for damaged in (raw[:-1], raw + b" ", bytes([raw[0] ^ 1]) + raw[1:], b""):
        (path / name).write_bytes(damaged)
        with pytest.raises(RunError, match=rf"{name} is damaged or was changed.*repeat the `elman train` command"):
            open_run(path)
        with pytest.raises(RunError, match="damaged"):
            RunFolder(path).begin(CONFIG, DATA)
    (path / name).unlink()
    with pytest.raises(RunError, match=f"{name} is missing"):
        open_run(path)


@pytest.mark.parametrize(
    ("sums", "match"),
    [
        ("", "cut short"),
        ("garbage", "SHA256SUMS:1 is damaged"),
        ("0" * 64 + "  ../../etc/passwd", "is damaged"),
        ("0" * 64 + "  /etc/passwd", "is damaged"),
        ("0" * 64 + "  .hidden", "is damaged"),
    ],
)
def test_damaged_sums(tmp_path: Path, sums: str, match: str) -> None:
    path = finished(tmp_path)
    (path / "SHA256SUMS").write_text(sums)
    with pytest.raises(RunError, match=match):
        open_run(path)


def test_newer_format(tmp_path: Path) -> None:
    path = finished(tmp_path)
    about = json.loads((path / "run.json").read_text())
    (path / "run.json").write_text(json.dumps({**about, "format": 2, "elman": "7.0"}))
    with pytest.raises(RunError, match=r"written by elman 7\.0 in format 2.*format 1 or older.*pip install -U elman"):
        open_run(path)


@pytest.mark.parametrize("raw", ["", "{", "[]", '{"format": "x", "elman": "1"}', '{"format": 1}', "null"])
def test_damaged_about(tmp_path: Path, raw: str) -> None:
    path = finished(tmp_path)
    (path / "run.json").write_text(raw)
    with pytest.raises(RunError, match=r"run\.json is damaged"):
        open_run(path)


def test_yaml_that_would_make_objects_is_refused(tmp_path: Path) -> None:
    path = finished(tmp_path)
    text = "!!python/object/apply:os.system ['touch /tmp/never']"
    (path / "config.yaml").write_text(text)
    sums = (path / "SHA256SUMS").read_text().splitlines()
    sums = [line for line in sums if not line.endswith("config.yaml")]
    digest = hashlib.sha256(text.encode()).hexdigest()
    (path / "SHA256SUMS").write_text("\n".join([*sums, f"{digest}  config.yaml"]))
    with pytest.raises(RunError, match=r"config\.yaml is damaged"):
        open_run(path)


def test_what_is_not_a_finished_run(tmp_path: Path) -> None:
    (tmp_path / "reviews").mkdir()
    with pytest.raises(RunError, match=r"there is no folder .*reviws.*Did you mean .*reviews"):
        open_run(tmp_path / "reviws")
    with pytest.raises(RunError, match="is not a run of elman"):
        open_run(tmp_path / "reviews")
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="is a file"):
        open_run(tmp_path / "file")
    with RunFolder(tmp_path / "begun") as run:
        run.begin(CONFIG, DATA)
    with pytest.raises(RunError, match=r"not finished.*Repeat the `elman train` command"):
        open_run(tmp_path / "begun")


def test_config_is_plain_yaml(tmp_path: Path) -> None:
    path = finished(tmp_path)
    assert yaml.safe_load((path / "config.yaml").read_text()) == CONFIG


@pytest.mark.parametrize("name", ["größe", "a\x85b", "\u2028", "no", "1e3", " ", "a: b # c", "'\""])
def test_any_name_of_a_column_is_the_same_configuration_again(name: str, tmp_path: Path) -> None:
    config = {"data": {"text": name}}
    for expected in ("new", "resume", "resume"):
        with RunFolder(tmp_path / "run") as run:
            assert run.begin(config, {}) == expected
