"""`elman evaluate`: how well a trained model does on a file with labels."""

import sys
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from elman.cli import show
from elman.cli.by_task import data_options, tasks
from elman.cli.flags import with_options


@with_options(*data_options(), leave_out=["validation", "validation_share", "test"])
def evaluate(
    run: Path,
    file: str,
    /,
    *,
    json: Annotated[bool, Parameter(negative=(), show_default=False)] = False,
    **options: Any,
) -> None:
    """Measure a trained model on a file with labels, beside the simple models fitted with it.

    A label that the training never saw is reported, and its rows count as wrong.

    Args:
        run: the run folder of a trained model.
        file: rows with a text and a label, in the columns of the training unless others are named.
        json: print one JSON object instead, with all that was measured.
    """
    model = tasks.load(run)
    data = model.read(file, **options)
    for note in data.notes:
        print(show.printable(note), file=sys.stderr)
    result = model.evaluate(data)
    if json:
        show.as_json(result)
    else:
        print(show.fit(show.printable(model.table(file, result), keep="\n"), sys.stdout))
