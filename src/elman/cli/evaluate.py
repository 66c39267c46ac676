"""`elman evaluate`: how well a trained model does on a file with labels."""

import sys
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from elman.cli import show
from elman.cli.flags import with_options
from elman.data.options import DataOptions

MOST_CLASSES = 40


@with_options(DataOptions, leave_out=["validation", "validation_share", "test"])
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
        json: print one JSON object instead: accuracy, its 95 % interval, macro_f1, and more.
    """
    from elman import tasks

    model = tasks.load(run)
    data = model.read(file, **options)
    for note in data.notes:
        print(show.printable(note), file=sys.stderr)
    result = model.evaluate(data)
    if json:
        show.as_json(result)
    else:
        _print(file, result)


def _print(file: str, result: dict[str, Any]) -> None:
    """The model beside its contrasts, then each class, then labels never seen."""
    from elman.tasks.classify.results import beside, table

    print(table({file: beside(result, result.get("contrasts", {}))}))
    print()
    rows = [
        (name, f"{numbers['rows']:,}", *(f"{100 * numbers[key]:.2f} %" for key in ("precision", "recall", "f1")))
        for name, numbers in result["per_class"].items()
    ]
    show.table(rows[:MOST_CLASSES], header=("class", "rows", "precision", "recall", "F1"))
    if len(rows) > MOST_CLASSES:
        print(f"… and {len(rows) - MOST_CLASSES:,} other classes; --json shows all")
    for name, count in result["unseen_labels"].items():
        show.line(
            f"The training never saw the label {name!r}: {count:,} {'row' if count == 1 else 'rows'} counted as wrong."
        )
