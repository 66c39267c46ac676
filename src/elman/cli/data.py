"""`elman data`: fetch a well-known data set."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cyclopts import App

app = App(name="data", help="Fetch a well-known data set.", help_format="plaintext")


@app.command
def imdb(folder: Path = Path("imdb"), /, *, archive: Path | None = None) -> None:
    """Fetch the 50,000 movie reviews of Maas et al. (2011) and write them as train.csv and test.csv.

    Args:
        folder: where train.csv and test.csv are written.
        archive: a copy of aclImdb_v1.tar.gz that is already here; it is fetched from its authors' site if not given.
    """
    from elman.data.download import fetch

    with _bar() as progress:
        written = fetch("imdb", folder, source=archive, progress=progress)
    for path in written:
        print(path)
    print(f"Train with: elman train {folder / 'train.csv'} --test {folder / 'test.csv'}")


@contextmanager
def _bar() -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar on the terminal: call it with what is being done, how much is done, and how much there is."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        rows: dict[str, int] = {}

        def progress(what: str, done: int, total: int) -> None:
            if what not in rows:
                rows[what] = bar.add_task(what, total=total)
            bar.update(rows[what], completed=done)  # pyright: ignore[reportArgumentType]

        yield progress
