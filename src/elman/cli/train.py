"""`elman train`: from a file of examples to a run folder."""

from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from elman.cli.flags import with_options
from elman.tasks.classify.options import ClassifyOptions


@with_options(ClassifyOptions)
def train(
    file: str,
    /,
    *,
    out: Annotated[Path | None, Parameter(alias="-o")] = None,
    config: Annotated[Path | None, Parameter(alias="-c")] = None,
    task: Literal["classify"] | None = None,
    quiet: Annotated[bool, Parameter(alias="-q", negative=(), show_default=False)] = False,
    **options: Any,
) -> None:
    """Train a model on a file of examples.

    The columns and the task are found in the file and printed. The same command continues a training that was
    stopped, and prints the results of one that is finished.

    Args:
        file: rows with a text and a label (CSV, TSV, JSON lines, Parquet, each also .gz), or a folder per class.
        out: the run folder to write; runs/NAME for NAME.csv if not given.
        config: a YAML file of options, such as `elman init` writes; flags win over it.
        task: what to learn; found in the file if not given.
        quiet: print nothing but errors.
    """
    from elman import tasks

    tasks.train(file, task=task, out=out, config=config, quiet=quiet, **options)
