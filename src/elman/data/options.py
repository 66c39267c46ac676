"""Options as data: dataclasses whose fields carry their own help, shared by Python, YAML and the command line.

Nothing here imports torch: `elman train --help` is printed from these classes.
"""

import dataclasses
import math
import types
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, get_args, get_type_hints

from elman.errors import ConfigError

# The names of `elman.cells.by_name`, here too since that file waits for torch; a test holds the two together.
CELLS = (
    *("elman", "leaky", "scrn", "indrnn", "ctrnn", "gru", "lstm", "mgu", "mingru", "minlstm", "sru", "qrnn", "rhn"),
    "multiplicative_lstm",
)
ACTIVATIONS = ("tanh", "relu", "sigmoid", "identity")


def option(
    default: Any,
    help: str,
    *,
    choices: tuple[str, ...] = (),
    low: float | None = None,
    high: float | None = None,
    above: float | None = None,
    below: float | None = None,
) -> Any:
    """A dataclass field with a default, a line of help and, where they are few, its possible values.

    Args:
        default: the value where none is given.
        help: one line, for the command line and for comments in YAML.
        choices: the possible values.
        low, high: the smallest and the largest value allowed.
        above, below: bounds that the value itself must not reach.
    """
    bounds = {"low": low, "high": high, "above": above, "below": below}
    given = {name: bound for name, bound in bounds.items() if bound is not None}
    return field(default=default, metadata={"help": help, "choices": choices, "bounds": given})


@dataclass(frozen=True)
class DataOptions:
    """Which files and columns hold what."""

    text: str | None = option(None, "column that holds the text; found by itself if not given")
    label: str | None = option(None, "column that holds the label; found by itself if not given")
    label_separator: str | None = option(None, "character between several labels of one row (multi-label)")
    format: str | None = option(
        None,
        "format of the file; known from its name if not given",
        choices=("csv", "tsv", "jsonl", "parquet", "folder", "lines"),
    )
    encoding: str | None = option(None, "encoding of the file, such as latin-1; UTF-8 and UTF-16 are recognised")
    header: bool | None = option(None, "whether the first row names the columns; found by itself if not given")
    validation: str | None = option(None, "file of validation rows; without it a share of the training rows is used")
    validation_share: float = option(
        0.1, "share of the training rows kept for validation, taken from each class", above=0, below=1
    )
    test: str | None = option(None, "file of test rows, evaluated once after training")


@dataclass(frozen=True)
class SymbolOptions:
    """How a text becomes a sequence of symbols."""

    tokens: str = option("word", "what one symbol is", choices=("word", "character", "bpe"))
    vocabulary: int = option(30_000, "largest number of symbols, the most frequent ones are kept", low=3)
    lowercase: bool = option(True, "read capitals as small letters")
    max_length: int = option(400, "symbols of a text that are read at most; 0: all", low=0)
    keep: str = option("last", "which end of a longer text is read", choices=("last", "first"))
    pad_to: int = option(
        0, "append <pad> as if it were text up to this many symbols, as many tutorials do (it harms); 0: never", low=0
    )


@dataclass(frozen=True)
class Slot:
    """One option of a dataclass of options, or of its groups.

    Args:
        name: the field's name, which no other group of the same dataclass has.
        group: the field of the group it belongs to, or "".
        kind: bool, int, float or str.
        optional: whether it may be None.
        default: its value where none is given.
        help, choices: as given to `option`.
        bounds: "low", "high", "above", "below" → the number.
    """

    name: str
    group: str
    kind: type
    optional: bool
    default: Any
    help: str
    choices: tuple[str, ...]
    bounds: dict[str, float]

    @property
    def path(self) -> str:
        """The name with its group, as in "training.epochs"."""
        return f"{self.group}.{self.name}" if self.group else self.name

    @property
    def expected(self) -> str:
        """The values allowed, in words.

        Example:
            >>> slots(SymbolOptions)["max_length"].expected
            'a whole number, at least 0'
        """
        words = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}[self.kind]
        if self.choices:
            words = "one of " + ", ".join(self.choices)
        terms = {"low": "at least", "above": "more than", "high": "at most", "below": "less than"}
        bounds = " and ".join(f"{terms[name]} {self.bounds[name]:g}" for name in terms if name in self.bounds)
        return f"{words}, {bounds}" if bounds else words

    def allows(self, value: Any) -> bool:
        """Whether the option may have this value, which is of its type already."""
        if value is None:
            return self.optional
        if self.kind is float and not math.isfinite(value):
            return False
        if self.choices and value not in self.choices:
            return False
        b = self.bounds
        return not (
            ("low" in b and value < b["low"])
            or ("high" in b and value > b["high"])
            or ("above" in b and value <= b["above"])
            or ("below" in b and value >= b["below"])
        )


def slots(cls: type) -> dict[str, Slot]:
    """Every option of a dataclass of options, or of a dataclass of such groups, by its name.

    Args:
        cls: a dataclass; fields that are dataclasses themselves are its groups.

    Returns:
        name → `Slot`, in the order of the fields.

    Raises:
        TypeError: two groups have an option of the same name, so that a flag could not tell them apart.

    Example:
        >>> list(slots(SymbolOptions))
        ['tokens', 'vocabulary', 'lowercase', 'max_length', 'keep', 'pad_to']
    """
    found: dict[str, Slot] = {}
    for slot in _slots(cls, ""):
        if slot.name in found:
            raise TypeError(f"{cls.__name__} has {slot.path} and {found[slot.name].path}: options need different names")
        found[slot.name] = slot
    return found


def _slots(cls: type, group: str) -> Iterator[Slot]:
    hints = get_type_hints(cls)
    for f in dataclasses.fields(cls):
        hint = hints[f.name]
        if dataclasses.is_dataclass(hint):
            assert isinstance(hint, type)
            # The group as its owner makes it: a task may have other defaults than the group's own.
            own = None if f.default_factory is dataclasses.MISSING else f.default_factory()
            for slot in _slots(hint, f.name):
                yield slot if own is None else dataclasses.replace(slot, default=getattr(own, slot.name))
            continue
        kinds = get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
        (kind,) = [k for k in kinds if k is not type(None)]
        m = f.metadata
        yield Slot(
            name=f.name,
            group=group,
            kind=kind,
            optional=type(None) in kinds,
            default=f.default,
            help=m.get("help", ""),
            choices=m.get("choices", ()),
            bounds=m.get("bounds", {}),
        )


def as_dict(options: Any) -> dict[str, Any]:
    """The values of an instance of options as plain data, its groups as dicts of their own.

    Example:
        >>> as_dict(SymbolOptions(vocabulary=100))["vocabulary"]
        100
    """
    return dataclasses.asdict(options)


def check(options: Any) -> None:
    """Refuse an instance of options, however it was made, that holds a value out of bounds.

    Raises:
        ConfigError: the value, and those that are allowed.

    Example:
        >>> check(SymbolOptions(keep="middle"))
        Traceback (most recent call last):
        elman.errors.ConfigError: keep is 'middle'. Expected one of last, first.
    """
    for slot in slots(type(options)).values():
        value = getattr(getattr(options, slot.group) if slot.group else options, slot.name)
        right = value is None or isinstance(value, (int, float) if slot.kind is float else slot.kind)
        if isinstance(value, bool) and slot.kind is not bool:
            right = False
        if not right or not slot.allows(value):
            raise ConfigError(f"{slot.name} is {value!r}", expected=slot.expected)
