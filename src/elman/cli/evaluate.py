"""`elman evaluate`: how well a trained model does on a file with the right answers."""

import sys
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from elman.cli import show
from elman.cli.by_task import FOR_TRAINING, data_options, tasks
from elman.cli.flags import with_options


@with_options(*data_options(), leave_out=FOR_TRAINING)
def evaluate(
    run: Path,
    file: str,
    /,
    *,
    json: Annotated[bool, Parameter(negative=(), show_default=False)] = False,
    **options: Any,
) -> None:
    """Measure a trained model on a file with the right answers, beside the simple models fitted with it.

    A label or tag that the training never saw is reported, and counts as wrong.

    Args:
        run: the run folder of a trained model.
        file: of the kind that was trained on, with the answers, in the same columns unless others are named.
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
