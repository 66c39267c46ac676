"""What comes through the standard input as text: as a whole, or line by line, each as soon as it is there."""

import sys
from collections.abc import Iterator

from elman.cli.show import printable

PIECE = 1 << 20  # bytes read at a time of a line without an end


def whole() -> str:
    """All of the standard input, its encoding recognised and its line ends read as those of a file of text.

    Raises:
        DataError: it is no text; the line is named.
    """
    from elman.data.corpus_options import CorpusOptions
    from elman.data.files import STDIN
    from elman.data.plain_text import PlainText

    return "".join(PlainText(STDIN, CorpusOptions()).pieces(_note))


def lines(sign: str = "") -> Iterator[str]:
    """The lines of the standard input, without their ends: typed by a person, or from a file or pipe.

    Args:
        sign: printed before each line that a person types.

    Raises:
        DataError: what comes from a file or pipe is no text; the line is named.
    """
    yield from _typed(sign) if sys.stdin.isatty() else _piped()


def _typed(sign: str) -> Iterator[str]:
    """Lines as they are typed, until Ctrl-D; one with bytes that are no characters is typed again."""
    while True:
        try:
            yield input(sign)
        except EOFError:
            print()
            return
        except UnicodeDecodeError:
            print(f"That line is not {sys.stdin.encoding.upper()}: type it again.", file=sys.stderr)


def _piped() -> Iterator[str]:
    from elman.data.encoding import decode_pieces
    from elman.data.files import STDIN

    held = ""
    for piece in decode_pieces(iter(lambda: sys.stdin.buffer.readline(PIECE), b""), STDIN, note=_note):
        *ended, held = (held + piece).split("\n")
        yield from ended
    if held:
        yield held


def _note(text: str) -> None:
    print(printable(text), file=sys.stderr)
