"""`elman score`: how probable every symbol of a text is to a language model."""

import csv
import io
import math
import sys
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, BinaryIO

from cyclopts import Parameter

from elman.cli.by_task import FOR_TRAINING, load_for
from elman.cli.flags import with_options
from elman.cli.sending import output
from elman.data.corpus_options import CorpusOptions
from elman.data.files import shown
from elman.errors import ConfigError, DataError


@with_options(CorpusOptions, leave_out=FOR_TRAINING)
def score(
    run: Path,
    file: Annotated[str, Parameter(allow_leading_hyphen=True)],
    /,
    *,
    lines: Annotated[bool, Parameter(negative=(), show_default=False)] = False,
    out: Annotated[Path | None, Parameter(alias="-o")] = None,
    **options: Any,
) -> None:
    """Write how probable every symbol of a text is after all before it, as CSV; the sum on the standard error.

    Args:
        run: the run folder of a trained language model.
        file: a text; - for the standard input.
        lines: one row for each line instead: its number, its symbols, and the log-probability of all of them.
        out: CSV file to write; the standard output if not given.
    """
    model = load_for("generate", run)
    text, total = model.read(file, **options), _Total()
    scored = total.counted(model.score_stream(text))
    rows = _by_line(scored, _line_end(model)) if lines else _by_symbol(scored)
    first = next(rows, None)
    if first is None:
        raise DataError("the text is empty", expected="at least one symbol", path=shown(file))
    header = ("line", "symbols", "log_probability") if lines else ("symbol", "log_probability")

    def write(target: BinaryIO) -> None:
        wrapped = io.TextIOWrapper(target, encoding="utf-8", newline="")
        try:
            writer = csv.writer(wrapped, lineterminator="\n")
            writer.writerow(header)
            writer.writerows(chain([first], rows))
            wrapped.flush()
        finally:
            wrapped.detach()  # it would close what it wraps

    if out is None:
        with output() as target:
            write(target)
    else:
        from elman.data.files import write_whole

        write_whole(out, write)
    print(total, file=sys.stderr)


class _Total:
    """The sum of all that passed by."""

    def __init__(self) -> None:
        self.symbols, self.sum = 0, 0.0

    def counted(self, scored: Iterable[Any]) -> Iterator[Any]:
        for one in scored:
            self.symbols += 1
            self.sum += one.log_probability
            yield one

    def __str__(self) -> str:
        loss = -self.sum / self.symbols
        return (
            f"{self.symbols:,} symbols, log-probability {self.sum:.4f}: {loss:.4f} nats per symbol, "
            f"perplexity {math.exp(min(loss, 700.0)):,.2f}"
        )


def _by_symbol(scored: Iterable[Any]) -> Iterator[tuple[str, str]]:
    return ((one.symbol, f"{one.log_probability:.6g}") for one in scored)


def _by_line(scored: Iterable[Any], end: str) -> Iterator[tuple[int, int, str]]:
    line, symbols, total = 1, 0, 0.0
    for one in scored:
        symbols, total = symbols + 1, total + one.log_probability
        if end in one.symbol:  # byte pairs may join it with what stands before it, or two of them
            yield line, symbols, f"{total:.6g}"
            line, symbols, total = line + one.symbol.count(end), 0, 0.0
    if symbols:
        yield line, symbols, f"{total:.6g}"


def _line_end(model: Any) -> str:
    """The symbol with which a line ends."""
    vocabulary = model.vocabulary
    if vocabulary.start_id == vocabulary.unknown_id:
        raise ConfigError("--lines, and the model does not know the end of a line", fix="Leave it out.")
    return vocabulary.texts[vocabulary.start_id]
