"""The .ts format of the UCR/UEA archives: a head of @-lines, then one case per line, its channels between colons."""

import numpy as np

from elman.errors import DataError

YES, NO = ("true", "yes"), ("false", "no")


def read_ts(text: str, path: str) -> tuple[list[np.ndarray], list[str] | None, list[int]]:
    """The cases of a .ts file.

    Args:
        text: the whole file.
        path: its name, for messages.

    Returns:
        Each case (T, channels) with NaN for "?"; the class or number at the end of each line, None where the head
        promises none; the line of each case.

    Raises:
        DataError: what is wrong, with its line and value.

    Example:
        >>> head = "@univariate false\\n@classLabel true a b\\n@data\\n"
        >>> rows, targets, lines = read_ts(head + "1,2,?:4,5,6:b\\n7:8:a\\n", "x.ts")
        >>> [row.tolist() for row in rows], targets, lines
        ([[[1.0, 4.0], [2.0, 5.0], [nan, 6.0]], [[7.0, 8.0]]], ['b', 'a'], [4, 5])

    Source: the description of the format by the authors of the archive (timeseriesclassification.com).
    """
    head, labels, begin = _head(text.split("\n"), path)
    rows: list[np.ndarray] = []
    targets: list[str] = []
    numbers: list[int] = []
    for number, line in enumerate(text.split("\n")[begin:], start=begin + 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        parts = line.split(":")
        if head["target"]:
            target = parts.pop().strip()
            if labels and target not in labels:
                raise DataError(
                    f"the class is {target[:40]!r}", f"one of {', '.join(labels[:20])}, as the head says",
                    path=path, line=number,
                )  # fmt: skip
            targets.append(target)
        rows.append(_case(parts, path, number))
        numbers.append(number)
        if rows[-1].shape[1] != rows[0].shape[1]:
            raise DataError(
                f"this case has {rows[-1].shape[1]} channels and the first one {rows[0].shape[1]}",
                "as many values between colons in every line", path=path, line=number,
            )  # fmt: skip
    if not rows:
        raise DataError("the file holds no cases", "lines of numbers below @data", path=path)
    return rows, targets if head["target"] else None, numbers


def _head(lines: list[str], path: str) -> tuple[dict[str, bool], list[str], int]:
    """What the head says, the class labels it lists, and the number of its lines."""
    found = {"target": False}
    labels: list[str] = []
    for number, line in enumerate(lines, start=1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        key = words[0].lower()
        if key == "@data":
            return found, labels, number
        if not key.startswith("@"):
            raise DataError(
                f"{line[:40]!r} stands before @data", "a line of the head, or @data", path=path, line=number
            )
        value = words[1].lower() if len(words) > 1 else ""
        if key == "@timestamps" and value in YES:
            raise DataError(
                "the values have time stamps", "evenly spaced values (@timeStamps false)",
                "Write the values alone, at even steps.", path=path, line=number,
            )  # fmt: skip
        if key in ("@classlabel", "@targetlabel"):
            if value not in YES + NO:
                raise DataError(f"{key} is {value!r}", "true or false", path=path, line=number)
            found["target"] = value in YES
            labels = words[2:] if key == "@classlabel" else []
    raise DataError("there is no line @data", "a head that ends with @data, then the cases", path=path)


def _case(parts: list[str], path: str, line: int) -> np.ndarray:
    """One case (T, channels) from its channels as text."""
    channels = [numbers_of(part.split(","), path, line) for part in parts]
    lengths = {len(channel) for channel in channels}
    if len(lengths) > 1:
        raise DataError(
            f"the channels of this case have {', '.join(str(len(c)) for c in channels[:5])} values",
            "the same number in each", path=path, line=line,
        )  # fmt: skip
    return np.stack(channels, axis=1)


def numbers_of(words: list[str], path: str, line: int) -> np.ndarray:
    """Numbers from text, NaN for "?", "NaN" and nothing.

    Raises:
        DataError: a word is no number, or infinite.
    """
    try:
        if any("_" in word for word in words):  # which Python reads over
            raise ValueError
        row = np.array([w if w.strip() not in ("", "?") else "nan" for w in words], dtype=np.float64)
    except ValueError:
        row = np.array([np.nan if w.strip() in ("", "?") else _number(w, i, path, line) for i, w in enumerate(words)])
    if np.isinf(row).any():
        i = int(np.flatnonzero(np.isinf(row))[0])
        raise DataError(f"value {i + 1} is {words[i].strip()}", "a finite number, or ?", path=path, line=line)
    return row


def _number(word: str, i: int, path: str, line: int) -> float:
    try:
        return float(word.replace("_", "x"))
    except ValueError:
        raise DataError(f"value {i + 1} is {word.strip()[:40]!r}", "a number, or ?", path=path, line=line) from None
