"""`elman init`: every option with its default and its meaning, as YAML to edit."""

import dataclasses
import shlex
from typing import Any

from elman.cli.by_task import all_options, tasks
from elman.cli.flags import with_options


@with_options(*all_options().values())
def init(file: str | None = None, /, *, task: str | None = None, **options: Any) -> None:
    """Print a configuration file with every option, its meaning and its default.

    Keep it with `elman init reviews.csv > config.yaml`, edit it, and train with
    `elman train reviews.csv --config config.yaml`. Flags given here take the place of the defaults.

    Args:
        file: a data file; the columns found in it are written into the configuration.
        task: what to learn; found in the file if not given.
    """
    from elman.data.config_file import merge, to_yaml

    name = task or ("classify" if file is None else tasks.find_task(file))
    chosen, _ = merge(tasks.part(name, "options"), yaml=None, overrides=options)
    if file is not None and name == "classify":
        from elman.data.columns import find_columns
        from elman.data.table import read_table

        table = read_table(file, format=chosen.data.format, encoding=chosen.data.encoding, header=chosen.data.header)
        columns = find_columns(table, text=chosen.data.text, label=chosen.data.label)
        data = dataclasses.replace(chosen.data, text=columns.text, label=columns.label)
        chosen = dataclasses.replace(chosen, data=data)
    print(f"# elman train {shlex.quote(file) if file else 'FILE'} --config THIS_FILE")
    print(f"task: {name}")
    print(to_yaml(chosen, comments=True), end="")
