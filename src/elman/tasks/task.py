"""What the tasks share: training by one call, and reading back whatever a run folder holds."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from elman.errors import ConfigError, RunError

TASKS = ("classify",)


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
        path: rows with a text and a label (CSV, TSV, JSON lines, Parquet, each also gzipped), or a folder per class.
        task: "classify"; None: found from the data.
        out: the run folder; None: runs/NAME for NAME.csv.
        config: a YAML file of options, or the options in groups; those given by name win over it.
        quiet: print nothing.
        **options: any option by its name, such as epochs=3 or learning_rate=0.01.

    Returns:
        The trained model (`elman.tasks.classify.classifier.TextClassifier`).

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
    if task is not None and task not in TASKS:
        raise ConfigError(f"task is {task!r}", expected=f"one of {', '.join(TASKS)}")
    from elman.data.config_file import merge
    from elman.learn.report import make_report
    from elman.tasks.classify import train_classifier
    from elman.tasks.classify.options import ClassifyOptions

    chosen, _ = merge(ClassifyOptions, yaml=config, overrides=options)
    folder = run_folder(path) if out is None else Path(out)
    return train_classifier(os.fspath(path), chosen, folder, make_report(quiet))


def load(folder: str | os.PathLike[str]) -> Any:
    """The model in a run folder.

    Raises:
        RunError: there is none: no such folder, not a run, not finished, damaged, or of a newer version.
        StorageError: it cannot be read.
    """
    from elman.learn.folder import open_run

    run = open_run(folder)
    task = run.about.get("task")
    if task not in TASKS:
        raise RunError(
            f"{run.path} holds a model for the task {task!r}",
            expected=f"one of {', '.join(TASKS)}",
            fix="Install a newer version: pip install -U elman",
        )
    from elman.tasks.classify.storage import from_run

    return from_run(run)


def run_folder(path: str | os.PathLike[str]) -> Path:
    """The run folder of a data file where none is named.

    Example:
        >>> run_folder("data/reviews.csv.gz").as_posix()
        'runs/reviews'
    """
    file = Path(path)
    name = file.resolve().name if file.name in ("", "..") else file.name
    return Path("runs") / (name.split(".")[0] or name.strip(".") or "run")
