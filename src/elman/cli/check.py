"""`elman check`: what is in a file of examples, and what is wrong with it, before any training."""

import sys
from typing import Annotated, Any

from cyclopts import Parameter

from elman.cli import show
from elman.cli.by_task import FOR_TRAINING, data_options, handler, tasks
from elman.cli.flags import with_options


@with_options(*data_options(), leave_out=FOR_TRAINING)
def check(
    file: str,
    /,
    *more: str,
    task: str | None = None,
    json: Annotated[bool, Parameter(negative=(), show_default=False)] = False,
    **options: Any,
) -> int:
    """Say what is in a file of examples, and what is wrong with it.

    Shows rows, columns, lengths, labels, duplicates, missing values and encoding; with several files, or a folder
    that holds train and test, also the texts that they share. Ends with exit code 2 if training would refuse a file.

    Args:
        file: a data file, or a folder of them.
        more: other files, compared with the first.
        task: what the file is meant for; found from the file if not given.
        json: print one JSON object instead.
    """
    given = [name for name, value in options.items() if value is not None]
    chosen = task or tasks.find_task(file, given, lambda text: print(show.printable(text), file=sys.stderr))
    return handler("check", chosen)([file, *more], options, json=json)
