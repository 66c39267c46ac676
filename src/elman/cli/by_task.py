"""What a command does for each task: which flags it takes, and which file of this folder does the work."""

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_type_hints

from elman import tasks as tasks
from elman.errors import ConfigError, RunError

# verb → task → "module:function" of elman.cli
HANDLERS = {
    "check": {
        "classify": "check_texts:check_texts",
        "generate": "check_corpus:check_corpus",
        "tag": "check_tags:check_tags",
        "series": "check_series:check_series",
        "forecast": "check_forecast:check_forecast",
        "watch": "check_watch:check_watch",
        "translate": "check_pairs:check_pairs",
        "chat": "check_dialogues:check_dialogues",
    },
    "predict": {
        "classify": "predict_labels:predict_labels",
        "tag": "predict_tags:predict_tags",
        "series": "predict_series:predict_series",
        "forecast": "predict_forecast:predict_forecast",
    },
}
FOR_TRAINING = ("validation", "validation_share", "test", "test_share")  # what a training is measured on
INSTEAD = {
    "generate": "elman generate RUN, or elman score RUN FILE",
    "translate": "elman translate RUN FILE",
    "chat": "elman chat RUN",
    "watch": "elman watch RUN FILE",
}


def all_options() -> dict[str, type]:
    """The options of every task."""
    return {name: tasks.part(name, "options") for name in tasks.TASKS}


def data_options() -> list[type]:
    """Of the options of every task, the group that says how its files are read."""
    return list(dict.fromkeys(get_type_hints(own)["data"] for own in all_options().values()))


def handler(verb: str, task: str) -> Callable[..., Any]:
    """The function that does what a command asks for with a model or file of a task.

    Raises:
        ConfigError: this task has no such thing.
    """
    known = HANDLERS[verb]
    if task not in known:
        raise ConfigError(
            f"elman {verb} is not for the task {task!r}",
            expected=f"one of {', '.join(known)}",
            fix=f"For this task there is {INSTEAD[task]}." if task in INSTEAD else "",
        )
    module, _, name = known[task].partition(":")
    return getattr(importlib.import_module(f"elman.cli.{module}"), name)


def load_for(task: str, run: Path) -> Any:
    """The model in a run folder, for a command that is for one task.

    Raises:
        RunError: it is of another task; or there is none, or it is damaged, as `elman.tasks.load` says.
    """
    model = tasks.load(run)
    if model.task != task:
        instead = INSTEAD.get(model.task, "elman predict RUN FILE")
        raise RunError(
            f"{run} holds a model for the task {model.task!r}",
            expected=f"a run of --task {task}",
            fix=f"For this run there is {instead.replace('RUN', str(run))}.",
        )
    return model
