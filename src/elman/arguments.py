"""Arguments of Python calls, looked at before they are used: each check gives the value back, in its own type.

The errors say what was passed and what was expected: `ArgumentTypeError` for the wrong type, `ArgumentError` for the
wrong value. Numbers of NumPy are numbers; True is none, and "no" is no truth value.
"""

import math
import operator
from collections.abc import Iterable, Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np

from elman.errors import ArgumentError, ArgumentTypeError

LARGEST = 2**63 - 1  # of an integer of 64 bits


def size(name: str, value: Any, least: int = 1, most: int | None = None) -> int:
    """A whole number of at least 1, or of at least `least`, and of at most `most`.

    Example:
        >>> size("hidden_size", 3.0)
        Traceback (most recent call last):
        elman.errors.ArgumentTypeError: hidden_size is 3.0 (float). Expected a whole number (int).
    """
    try:
        whole = None if isinstance(value, bool | np.bool_) else operator.index(value)
    except TypeError:  # an array has __index__ too, and fails here
        whole = None
    if whole is None:
        raise ArgumentTypeError(_shown(name, value), expected="a whole number (int)")
    if whole < least or (most is not None and whole > most):
        bounds = f"of at least {least}" + ("" if most is None else f" and of at most {most}")
        raise ArgumentError(f"{name} is {whole}", expected=f"a whole number {bounds}")
    return whole


def seed(value: Any) -> int:
    """The seed of what is drawn, a number that torch takes.

    Example:
        >>> seed(2**62) == 2**62
        True
    """
    return size("seed", value, least=0, most=LARGEST)


def sizes(name: str, values: Iterable[Any], each: str = "", least: int = 1) -> tuple[int, ...]:
    """Whole numbers of at least 1, or of at least `least`; `each` is what one of them is called."""
    if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable):
        raise ArgumentTypeError(_shown(name, values), expected="a sequence of whole numbers, such as (1, 2)")
    return tuple(size(each or f"a number in {name}", value, least) for value in values)


def number(
    name: str,
    value: Any,
    *,
    least: float | None = None,
    above: float | None = None,
    below: float | None = None,
    most: float | None = None,
) -> float:
    """A finite number within the given bounds, which themselves are allowed (`least`, `most`) or not.

    Example:
        >>> number("p", 1, least=0, below=1)
        Traceback (most recent call last):
        elman.errors.ArgumentError: p is 1. Expected a number of at least 0 and below 1.
    """
    terms = {"of at least": least, "above": above, "below": below, "of at most": most}
    bounds = " and ".join(f"{words} {bound:g}" for words, bound in terms.items() if bound is not None)
    expected = f"a number {bounds}" if bounds else "a finite number"
    if isinstance(value, bool) or not isinstance(value, Real):
        fix = f"Write {name}=value.item()" if hasattr(value, "item") else ""  # of a tensor no gradient would be kept
        raise ArgumentTypeError(_shown(name, value), expected=expected, fix=fix)
    found = float(value)
    fits = (
        -math.inf < found < math.inf  # not NaN either; torch.compile takes it where the number varies
        and (least is None or found >= least)
        and (above is None or found > above)
        and (below is None or found < below)
        and (most is None or found <= most)
    )
    if not fits:
        raise ArgumentError(f"{name} is {value}", expected=expected)
    return found


def by_name(
    name: str, value: Any, default: Iterable[str], known: Iterable[str], **bounds: float | None
) -> dict[str, float]:
    """Numbers by name: of one number for all the names in `default`, or of a mapping from some names in `known`.

    Example:
        >>> by_name("p", 0.5, default=["h"], known=["h", "c"], least=0)
        {'h': 0.5}
        >>> by_name("p", {"c": 0.1}, default=["h"], known=["h", "c"], least=0)
        {'c': 0.1}
    """
    if not isinstance(value, Mapping):
        return dict.fromkeys(default, number(name, value, **bounds))
    known = tuple(known)
    for key in value:
        if key not in known:
            raise ArgumentError(f"{name} has the name {key!r}", expected=f"one of {', '.join(known) or '(none)'}")
    return {key: number(f"{name} of {key!r}", given, **bounds) for key, given in value.items()}


def flag(name: str, value: Any) -> bool:
    """True or False, and nothing that only counts as one of them."""
    if not isinstance(value, bool | np.bool_):
        raise ArgumentTypeError(_shown(name, value), expected="True or False")
    return bool(value)


def one_of(name: str, value: Any, known: Sequence[str]) -> str:
    """One of the known words."""
    if not isinstance(value, str) or value not in known:
        error = ArgumentError if isinstance(value, str) else ArgumentTypeError
        what = f"{name} is {value!r}" if isinstance(value, str) else _shown(name, value)
        raise error(what, expected=f"one of {', '.join(map(repr, known))}")
    return value


def words(name: str, values: Any) -> tuple[str, ...]:
    """At least one word, each a string; a single string is one word."""
    found = (values,) if isinstance(values, str) or not isinstance(values, Iterable) else tuple(values)
    if not all(isinstance(one, str) for one in found):
        raise ArgumentTypeError(_shown(name, values), expected="a sequence of names (str)")
    if not found:
        raise ArgumentError(f"{name} is {values!r}", expected="at least one name")
    return found


def _shown(name: str, value: Any) -> str:
    """What was passed, and its type."""
    return f"{name} is {value!r} ({type(value).__name__})"
