"""What the tasks share: the list of them, training by one call, and reading back whatever a run folder holds."""

import importlib
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from elman.errors import ConfigError, RunError


@dataclass(frozen=True)
class Task:
    """Where a task lives, as "module:name" below `elman.tasks`; nothing is imported before it is used.

    Args:
        what: what it learns from, in a few words.
        options: the dataclass of its options, without torch.
        train: trains a model: (source, options, out, report) → model.
        load: makes the model of a `Run` that was read.
        results: the results of a run as text, without torch: (results) → str.
    """

    what: str
    options: str
    train: str
    load: str
    results: str


TASKS = {
    "classify": Task(
        what="texts with labels: sentiment, topics",
        options="classify.options:ClassifyOptions",
        train="classify.training:train_classifier",
        load="classify.storage:from_run",
        results="classify.results:summary",
    ),
    "tag": Task(
        what="words with tags in sentences: parts of speech, entities, slots and intents",
        options="tag.options:TagOptions",
        train="tag.training:train_tagger",
        load="tag.storage:from_run",
        results="tag.results:summary",
    ),
    "series": Task(
        what="numeric series with a class or a number each: gestures, heartbeats, spoken vowels",
        options="series.options:SeriesOptions",
        train="series.training:train_series",
        load="series.storage:from_run",
        results="series.results:summary",
    ),
    "forecast": Task(
        what="numeric series to be continued: sales, loads, temperatures",
        options="forecast.options:ForecastOptions",
        train="forecast.training:train_forecaster",
        load="forecast.storage:from_run",
        results="forecast.results:summary",
    ),
    "watch": Task(
        what="numbers recorded step by step, to be watched for anomalies: sensors, meters, counters",
        options="watch.options:WatchOptions",
        train="watch.training:train_watcher",
        load="watch.storage:from_run",
        results="watch.results:summary",
    ),
    "generate": Task(
        what="any text, to learn its language: what comes next",
        options="generate.options:GenerateOptions",
        train="generate.training:train_language_model",
        load="generate.storage:from_run",
        results="generate.results:summary",
    ),
    "translate": Task(
        what="pairs of texts, one the translation of the other: two columns, or two files line by line",
        options="translate.options:TranslateOptions",
        train="translate.training:train_translator",
        load="translate.storage:from_run",
        results="translate.results:summary",
    ),
    "chat": Task(
        what="dialogues: turns of two speakers",
        options="chat.options:ChatOptions",
        train="chat.training:train_chatbot",
        load="chat.storage:from_run",
        results="chat.results:summary",
    ),
}
GUESSED = tuple(name for name in TASKS if name != "watch")  # anomalies are looked for where one asks for it only


class TrainedModel:
    """What every trained model can do, whatever its task: be written to a folder, and tell its results."""

    task: ClassVar[str]
    options: Any
    record: dict[str, Any]

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Write a run folder that `elman.load` reads: safetensors, YAML and JSON only.

        Raises:
            RunError: something else is there.
            StorageError: it cannot be written.
        """
        from elman.learn.models import save_into

        save_into(folder, self, importlib.import_module(f"elman.tasks.{self.task}.storage").finish)

    def summary(self) -> str:
        """The results of the training as a table, and in one sentence whether it beats what it is compared with."""
        results = self.record.get("results")
        return part(self.task, "results")(results) if results else "There are no results."

    def table(self, name: str, result: dict[str, Any]) -> str:
        """What `evaluate` found in the file of this name, as text."""
        return importlib.import_module(f"elman.tasks.{self.task}.results").evaluation(name, result)


def part(task: str, name: str) -> Any:
    """A part of a task, such as its "options".

    Raises:
        ConfigError: there is no such task.

    Example:
        >>> part("classify", "options").__name__
        'ClassifyOptions'
    """
    if task not in TASKS:
        raise ConfigError(f"task is {task!r}", expected=f"one of {', '.join(TASKS)}")
    module, _, own = getattr(TASKS[task], name).partition(":")
    return getattr(importlib.import_module(f"elman.tasks.{module}"), own)


def train(
    path: str | os.PathLike[str],
    *,
    task: str | None = None,
    out: str | os.PathLike[str] | None = None,
    config: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    quiet: bool = False,
    **options: Any,
) -> Any:
    """Train a model on a file of examples; what was interrupted is continued, what is finished is read.

    Args:
        path: rows with a text and a label (CSV, TSV, JSON lines, Parquet, each also gzipped), a folder per class, or
            what another task learns from.
        task: one of `TASKS`; None: named in the config, or found from the data.
        out: the run folder; None: runs/NAME for NAME.csv.
        config: a YAML file of options, or the options in groups; those given by name win over it.
        quiet: print nothing.
        **options: any option by its name, such as epochs=3 or learning_rate=0.01.

    Returns:
        The trained model, such as `elman.tasks.classify.classifier.TextClassifier`.

    Raises:
        ConfigError: an unknown or wrong option.
        DataError, RunError, TrainingError, StorageError, Interrupted: see `elman.errors`.

    Example:
        >>> folder = getfixture("tmp_path")
        >>> rows = "a fine film,good\\nhow dull,bad\\nfine actors,good\\ndull actors,bad\\n"
        >>> _ = (folder / "reviews.csv").write_text("text,label\\n" + rows * 20)
        >>> model = elman.train(folder / "reviews.csv", out=folder / "run", quiet=True, epochs=30, threads=1)
        >>> model.predict(["what a fine day"])
        ['good']
    """
    from elman.data.config_file import merge, plain, read_yaml
    from elman.learn.report import make_report

    content = dict({} if config is None else config if isinstance(config, Mapping) else read_yaml(config))
    named, report = task or plain(content.pop("task", None)), make_report(quiet)
    given = [name for name, value in options.items() if value is not None]
    name = named or find_task(path, given, report.say)
    if name == "classify" and find_task(path) == "series":
        name = "series"
    chosen, _ = merge(part(name, "options"), yaml=content, overrides=options)
    folder = run_folder(path) if out is None else Path(out)
    return part(name, "train")(os.fspath(path), chosen, folder, report)


def find_task(path: str | os.PathLike[str], given: Iterable[str] = (), say: Callable[[str], None] | None = None) -> str:
    """The task that a file is most likely meant for.

    Args:
        path: the file.
        given: names of options, which may tell that a table of numbers is to be continued.
        say: told where a table may be one of series, and how to ask for that.

    Raises:
        ConfigError: other tasks have these options.

    Example:
        >>> find_task("reviews.csv")
        'classify'
    """
    from elman.data.kinds import kind_of, like_series
    from elman.data.options import slots

    found = kind_of(path)
    if found != "classify":
        return found
    able = [task for task in GUESSED if set(given) <= set(slots(part(task, "options")))]
    if "classify" in able or not able:
        if say and like_series(path) == "maybe":
            say(f"{path} is read as texts with labels. If it holds series to be continued, write --task forecast.")
        return "classify"
    if able == ["forecast"] and like_series(path):
        return "forecast"
    strange = [name for name in given if name not in slots(part("classify", "options"))]
    flags = ", ".join(f"--{name.replace('_', '-')}" for name in strange)
    raise ConfigError(
        f"{path} is read as texts with labels, and {flags} {'is' if len(strange) == 1 else 'are'} for other tasks",
        fix=f"Write --task {' or --task '.join(able)}.",
    )


def load(folder: str | os.PathLike[str]) -> Any:
    """The model in a run folder.

    Raises:
        RunError: there is none: no such folder, not a run, not finished, damaged, or of a newer version.
        StorageError: it cannot be read.
    """
    from elman.learn.folder import open_run

    run = open_run(folder)
    task = str(run.about.get("task"))
    if task not in TASKS:
        raise RunError(
            f"{run.path} holds a model for the task {task!r}",
            expected=f"one of {', '.join(TASKS)}",
            fix="Install a newer version: pip install -U elman",
        )
    return part(task, "load")(run)


def run_folder(path: str | os.PathLike[str]) -> Path:
    """The run folder of a data file where none is named.

    Example:
        >>> run_folder("data/reviews.csv.gz").as_posix()
        'runs/reviews'
    """
    file = Path(path)
    name = file.resolve().name if file.name in ("", "..") else file.name
    return Path("runs") / (name.split(".")[0] or name.strip(".") or "run")
