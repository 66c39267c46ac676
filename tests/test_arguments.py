"""Wrong arguments of every cell and layer: an error that names the argument, whatever it is and whoever takes it."""

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, get_args, get_origin

import numpy as np
import pytest
import torch

from elman import cells, layers
from elman.arguments import by_name, flag, number, one_of, size, sizes, words
from elman.cells import Cell, Elman, Wrapper
from elman.cells.shares import Numbers
from elman.errors import ArgumentError, ArgumentTypeError

NEEDS: dict[str, tuple[Any, ...]] = {
    "Jordan": (3, 5, 2),
    "ElmanJordan": (3, 5, 2),
    "Conditioned": (Elman(3, 5), 2),
    "Readout": (3, 2),
    "FromVector": (Elman(5, 5), 2),
    "Pooling": (),
    "Recurrent": (Elman(3, 5),),
    "AdditiveAttention": (5, 5),
    "DotAttention": (5, 5),
    "MultiHeadAttention": (5, 4),
}
CELLS = [kind for name, kind in vars(cells).items() if inspect.isclass(kind) and name not in ("Cell", "Wrapper")]
LAYERS = [layers.__dict__[name] for name in NEEDS if name in vars(layers)]
CHOICES = {"start", "pooling", "score", "kind", "merge", "connections", "initial", "machine", "how"}
NO_NUMBER = ("0.5", None, True, 1j, [], math.nan, math.inf, -math.inf)
WRONG: dict[Any, tuple[Any, ...]] = {
    int: ("3", None, True, 2.5, 0, -1, np.array([3, 4])),
    int | None: ("3", True, 2.5, 0),
    float: (*NO_NUMBER, torch.tensor(0.5)),
    bool: ("no", None, 1, 0.0, []),
    str: ("", "Nothing", None, 3, ["f"]),
    Sequence[int]: (3, None, "ab", [0], [True], [2.5], {1: 2}),
    int | Sequence[int]: ("3", None, True, 2.5, 0, [], [0], ["3"], np.array([3, 4])),
    Sequence[str]: (3, None, (), [3], b"W"),
    Sequence[str] | None: (3, (), [3], "nothing"),
    Numbers: (*NO_NUMBER, [0.5, True], [0.5] * 99, [[0.5] * 5], ["a"] * 5),
    float | Mapping[str, float]: (*NO_NUMBER, {"nothing": 0.5}, {"h": "a"}, {"h": math.nan}, {"h": None}, {"h": True}),
    Cell: (3, None, "LSTM", Elman),
    Cell | Sequence[Cell]: (3, None, "LSTM", [], [Elman]),
}


def needed(kind: Any) -> tuple[Any, ...]:
    return NEEDS.get(kind.__name__, (Elman(3, 5),) if issubclass(kind, Wrapper) else (3, 5))


def wrong_values(name: str, annotation: Any) -> tuple[Any, ...]:
    """Values that no argument of this type may have."""
    if annotation in (str, "How") or get_origin(annotation) is Literal:
        assert name in CHOICES, f"{name}: a word, and not among the known choices"
        return WRONG[str]
    if any(get_origin(one) is not None and "Callable" in str(one) for one in get_args(annotation)):
        return (None, 3, "nothing")  # a function or its name
    return WRONG[annotation]


@pytest.mark.parametrize("kind", [*CELLS, *LAYERS], ids=lambda kind: kind.__name__)
def test_every_argument_of_every_class(kind: Callable[..., Any]) -> None:
    given, parameters = needed(kind), inspect.signature(kind).parameters
    kind(*given)  # nothing is wrong with these
    for place, (name, parameter) in enumerate(parameters.items()):
        for value in wrong_values(name, parameter.annotation):
            if value is None and parameter.default is None:
                continue
            wrong = [*given]
            changes = {} if place < len(given) else {name: value}
            if place < len(given):
                wrong[place] = value
            with pytest.raises((ArgumentError, ArgumentTypeError)) as raised:
                kind(*wrong, **changes)
            named = name.removesuffix("s").replace("kind", "pooling")  # a period is 0
            assert named in str(raised.value), f"{name}={value!r}: {raised.value}"
            assert "Expected " in str(raised.value)


def test_what_is_allowed_comes_back_in_its_own_type() -> None:
    assert [type(size("n", value)) for value in (3, np.int8(3), torch.tensor(3))] == [int] * 3
    assert size("n", 0, least=0) == 0
    assert sizes("n", np.array([2, 3])) == sizes("n", (n for n in (2, 3))) == (2, 3)
    assert [type(number("p", value)) for value in (1, 0.5, np.float32(0.5), np.int64(2))] == [float] * 4
    assert number("p", 0, least=0, below=1) == 0.0
    assert number("p", 1, above=0, most=1) == 1.0
    assert by_name("p", {}, ("h",), ("h",)) == {}
    assert by_name("p", 2, ("h",), ("h", "c")) == {"h": 2.0}
    assert [flag("f", value) for value in (True, np.bool_(False))] == [True, False]
    assert one_of("kind", "b", ("a", "b")) == "b"
    assert words("names", "W") == words("names", ["W"]) == ("W",)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: size("n", 2.0), ArgumentTypeError, "n is 2.0 (float). Expected a whole number (int)."),
        (lambda: size("n", -1, least=0), ArgumentError, "n is -1. Expected a whole number of at least 0."),
        (lambda: sizes("n", [3, 0]), ArgumentError, "a number in n is 0. Expected a whole number of at least 1."),
        (lambda: number("p", math.nan), ArgumentError, "p is nan. Expected a finite number."),
        (lambda: number("p", "a"), ArgumentTypeError, "p is 'a' (str). Expected a finite number."),
        (
            lambda: number("p", torch.tensor(0.5), above=0),
            ArgumentTypeError,
            "p is tensor(0.5000) (Tensor). Expected a number above 0. Write p=value.item()",
        ),
        (lambda: number("p", 0, above=0), ArgumentError, "p is 0. Expected a number above 0."),
        (lambda: number("p", 1, below=1), ArgumentError, "p is 1. Expected a number below 1."),
        (lambda: number("p", 2, above=0, most=1), ArgumentError, "p is 2. Expected a number above 0 and of at most 1."),
        (lambda: by_name("p", {"x": 1}, (), ("h", "c")), ArgumentError, "p has the name 'x'. Expected one of h, c."),
        (lambda: by_name("p", {"h": 1}, (), "h", above=1), ArgumentError, "p of 'h' is 1. Expected a number above 1."),
        (lambda: flag("f", 1), ArgumentTypeError, "f is 1 (int). Expected True or False."),
        (lambda: one_of("k", "c", ("a", "b")), ArgumentError, "k is 'c'. Expected one of 'a', 'b'."),
        (lambda: one_of("k", 3, ("a", "b")), ArgumentTypeError, "k is 3 (int). Expected one of 'a', 'b'."),
        (lambda: words("w", ()), ArgumentError, "w is (). Expected at least one name."),
    ],
)  # fmt: skip
def test_messages(call: Callable[[], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error) as raised:
        call()
    assert str(raised.value) == message


def test_states_of_a_cell_are_a_mapping() -> None:
    for states in (None, ["h"], {3: 4}):
        with pytest.raises((ArgumentError, ArgumentTypeError), match=r"states|state is named"):
            Cell(input_size=1, output_size=1, states=states)  # pyright: ignore[reportArgumentType]
