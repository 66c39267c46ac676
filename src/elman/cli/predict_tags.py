"""What `elman predict` writes for a tagger: the file that it read, with a tag for every word."""

import sys
from pathlib import Path
from typing import Any

from elman.cli.sending import send
from elman.cli.show import printable
from elman.errors import ConfigError


def predict_tags(model: Any, file: str, out: Path | None, options: dict[str, Any]) -> None:
    """Write every sentence with its tags, and its label where the tagger has learned some, in the order of the file.

    The format is the one that was read, or that the name of the file to write tells; lines of words become columns of
    words and tags.
    """
    from elman.data.files import need_folder
    from elman.data.tagged_write import FORMS, written

    form = None
    if out is not None:
        form = FORMS.get(out.suffix.lower())
        if form is None:
            raise ConfigError(f"--out {out} has no known format", f"a name ending in {', '.join(FORMS)}")
        need_folder(out)
    if file == "-" and sys.stdin.isatty():
        print("One sentence per line, its words divided by blanks; Ctrl-D ends.", file=sys.stderr)
    data = model.read(file, need_tags=False, **options)
    for note in data.notes:
        print(printable(note), file=sys.stderr)
    if form is None and data.format == "parquet":
        form = "jsonl"  # nothing for a terminal
    tags, labels = model.predict_both(data.words)
    content = written(data, tags, labels, form)
    send(content, out)
    if out is not None:
        print(f"{out}: {len(data):,} sentences, {data.tokens:,} words", file=sys.stderr)
