"""Options as data: their description, their bounds, and that no two groups share a name."""

from dataclasses import dataclass, field, fields
from typing import Any

import pytest

from elman.data.options import DataOptions, SymbolOptions, as_dict, check, option, slots
from elman.errors import ConfigError
from elman.tasks.classify.options import ClassifyOptions


def test_every_option_of_a_classifier_is_described_once() -> None:
    known = slots(ClassifyOptions)
    groups = {f.name: f.default_factory() for f in fields(ClassifyOptions)}  # pyright: ignore[reportCallIssue]
    assert len(known) == sum(len(fields(group)) for group in groups.values())
    for slot in known.values():
        assert slot.default == getattr(groups[slot.group], slot.name)
        assert slot.help
        assert slot.allows(slot.default), f"{slot.path} does not allow its own default"
        assert slot.kind in (bool, int, float, str)


def test_two_groups_with_one_name_are_refused() -> None:
    @dataclass(frozen=True)
    class Other:
        tokens: int = option(1, "another")

    @dataclass(frozen=True)
    class Both:
        symbols: SymbolOptions = field(default_factory=SymbolOptions)
        other: Other = field(default_factory=Other)

    with pytest.raises(TypeError, match=r"other\.tokens and symbols\.tokens"):
        slots(Both)


@pytest.mark.parametrize(
    ("bounds", "allowed", "refused"),
    [
        ({"low": 0}, [0, 1e9], [-1e-9]),
        ({"above": 0, "below": 1}, [1e-9, 0.5], [0, 1, -1]),
        ({"low": 0, "high": 1}, [0, 1], [1.001]),
        ({}, [0, -5.0], [float("nan"), float("inf"), -float("inf")]),
    ],
)
def test_bounds(bounds: dict[str, Any], allowed: list[float], refused: list[float]) -> None:
    @dataclass(frozen=True)
    class Some:
        x: float = option(0.5, "a number", **bounds)

    for value in allowed:
        check(Some(value))
    for value in refused:
        with pytest.raises(ConfigError, match="x is"):
            check(Some(value))


@pytest.mark.parametrize(
    "options",
    [
        SymbolOptions(vocabulary="many"),  # pyright: ignore[reportArgumentType]
        SymbolOptions(vocabulary=True),
        SymbolOptions(vocabulary=10.0),  # pyright: ignore[reportArgumentType]
        SymbolOptions(vocabulary=None),  # pyright: ignore[reportArgumentType]
        SymbolOptions(tokens="letters"),
        DataOptions(validation_share=1),
        DataOptions(format="xlsx"),
        ClassifyOptions(symbols=SymbolOptions(max_length=-1)),
    ],
)
def test_instances_made_in_python_are_checked(options: object) -> None:
    with pytest.raises(ConfigError, match="Expected"):
        check(options)


def test_as_dict_is_plain_data() -> None:
    assert as_dict(ClassifyOptions())["symbols"]["keep"] == "last"
    check(ClassifyOptions())
    check(DataOptions(validation_share=0.5, text="a"))
