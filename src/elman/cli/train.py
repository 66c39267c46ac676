"""`elman train`: from a file of examples to a run folder."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from elman.cli.by_task import all_options, tasks
from elman.cli.flags import with_options


def command(words: Sequence[str]) -> Callable[..., None]:
    """The command as these words ask for it: with the flags of the task they name, or else with those of all tasks.

    Args:
        words: what stands after `elman train`.
    """
    following = [*words[1:], ""]
    given = [w.partition("=")[2] or after for w, after in zip(words, following, strict=False) if _task(w)]
    every = all_options()
    named = [every[name] for name in given if name in every]

    @with_options(*(named or every.values()))
    def train(
        file: str,
        /,
        *,
        out: Annotated[Path | None, Parameter(alias="-o")] = None,
        config: Annotated[Path | None, Parameter(alias="-c")] = None,
        task: str | None = None,
        quiet: Annotated[bool, Parameter(alias="-q", negative=(), show_default=False)] = False,
        **options: Any,
    ) -> None:
        tasks.train(file, task=task, out=out, config=config, quiet=quiet, **options)

    kinds = "\n".join(f"            {name}: {task.what}." for name, task in tasks.TASKS.items())
    train.__doc__ = f"""Train a model on a file of examples.

    The columns and the task are found in the file and printed. The same command continues a training that was
    stopped, and prints the results of one that is finished.

    Args:
        file: a table (CSV, TSV, JSON lines, Parquet), text, CoNLL, .ts or .arff, each also .gz; or a folder.
        out: the run folder to write; runs/NAME for NAME.csv if not given.
        config: a YAML file of options, such as `elman init` writes; flags win over it.
        task: what to learn; found in the file if not given. With --help: its own options and defaults.
{kinds}
        quiet: print nothing but errors.
    """
    return train


def _task(word: str) -> bool:
    return word == "--task" or word.startswith("--task=")
