"""Answers as bytes: whole, to the standard output or into a file."""

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


def send(content: bytes, out: Path | None) -> None:
    """Write an answer into a file, or to the standard output where none is named.

    Raises:
        StorageError: the file cannot be written; nothing of it is there then.
    """
    if out is None:
        with output() as target:
            target.write(content)
    else:
        from elman.data.files import write_whole

        write_whole(out, content)


@contextmanager
def output() -> Iterator[BinaryIO]:
    """The standard output for bytes: UTF-8, whatever the terminal's encoding.

    Python that runs unbuffered would write a part of what it is given and only return how much.
    """
    sys.stdout.flush()
    if not isinstance(sys.stdout.buffer, io.RawIOBase):
        yield sys.stdout.buffer
        return
    whole = io.BufferedWriter(sys.stdout.buffer)
    try:
        yield whole
        whole.flush()
    finally:
        whole.detach()  # it would close what it wraps
