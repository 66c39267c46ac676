"""`elman predict`: what a trained model says about every example of a file, in the file's order."""

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from elman.cli.by_task import FOR_TRAINING, data_options, handler, tasks
from elman.cli.flags import with_options

NOT_FOR_PREDICTING = ("label", "label_separator", *FOR_TRAINING)


@with_options(*data_options(), leave_out=NOT_FOR_PREDICTING)
def predict(
    run: Path,
    file: Annotated[str, Parameter(allow_leading_hyphen=True)],
    /,
    *,
    out: Annotated[Path | None, Parameter(alias="-o")] = None,
    **options: Any,
) -> None:
    """Label, tag or forecast what is in a file or the standard input.

    A classifier writes one row per text or series, in the same order: the column `label` and a column
    `probability_CLASS` per class, or `number`; a tagger the file that was read, with a tag for every word; a
    forecaster the steps to come of every series.

    Args:
        run: the run folder of a trained model.
        file: of the kind that was trained on, without the answers; or - for one text per line of the standard input.
        out: file to write: .csv, .jsonl, .parquet; of a tagger also .conllu, of a forecaster .png; else to the screen.
    """
    model = tasks.load(run)
    handler("predict", model.task)(model, file, out, options)
