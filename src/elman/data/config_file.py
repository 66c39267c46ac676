"""Options from a YAML file, from flags and from Python calls, brought together; and written back as YAML.

    training:            groups as in the dataclass, or the names alone: `epochs: 3`
      epochs: 3

Nothing but plain scalars is read: no tags, no lists, nothing that runs.
"""

import math
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, get_type_hints

from elman.data.encoding import decode
from elman.data.files import did_you_mean, read_bytes, shown
from elman.data.options import Slot, as_dict, slots
from elman.errors import ConfigError

Options = TypeVar("Options")
_MAP, _NULL, _MERGE = (f"tag:yaml.org,2002:{name}" for name in ("map", "null", "merge"))
_TRUE, _FALSE = {"true", "yes", "on"}, {"false", "no", "off"}


@dataclass(frozen=True)
class Given:
    """A value as it was given, before its type is known.

    Args:
        value: text as it stands in a YAML file, or a Python value; None for null.
        place: where, as in "config.yaml:3"; "" for a call.
    """

    value: Any
    place: str


def read_yaml(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The options in a YAML file, each with its line; their types are settled by `merge`.

    Args:
        path: the file.

    Returns:
        name → `Given`, and group → such a dict.

    Raises:
        DataError, StorageError: the file is missing, or cannot be read.
        ConfigError: it is not YAML, or something in it is not an option: a list, a tag, a name given twice.
    """
    import yaml

    name = shown(path)
    text = decode(read_bytes(path), path).text
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{name}:{mark.line + 1}, character {mark.column + 1}" if mark else name
        raise ConfigError(
            f"{where}: this is not YAML ({error.problem or error.context})", fix="Write one `name: value` per line."
        ) from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise ConfigError(f"{name}: this is not YAML ({error})") from None
    if root is None or root.tag == _NULL:
        return {}
    return _mapping(root, name, groups=True)


def _mapping(node: Any, name: str, *, groups: bool) -> dict[str, Any]:
    """The content of a YAML mapping; one inside it is a group of options."""
    import yaml

    if not isinstance(node, yaml.MappingNode) or node.tag != _MAP:
        raise ConfigError(f"{_place(name, node)}: this is not a list of options", "lines of the form `name: value`")
    found: dict[str, Any] = {}
    for key, value in node.value:
        where = _place(name, key)
        if not isinstance(key, yaml.ScalarNode) or key.tag == _MERGE:
            raise ConfigError(f"{where}: this is not the name of an option", "lines of the form `name: value`")
        if key.value in found:
            raise ConfigError(f"{where}: {key.value} is given twice", fix="Keep one of the two.")
        if isinstance(value, yaml.ScalarNode) and value.tag.startswith("tag:yaml.org,2002:"):
            found[key.value] = Given(None if value.tag == _NULL else value.value, where)
        elif isinstance(value, yaml.MappingNode) and groups:
            found[key.value] = _mapping(value, name, groups=False)
        else:
            kind = "a list" if isinstance(value, yaml.SequenceNode) else "neither a number nor text"
            raise ConfigError(f"{where}: the value of {key.value} is {kind}", expected="a number or text")
    return found


def _place(name: str, node: Any) -> str:
    return f"{name}:{node.start_mark.line + 1}"


def merge(
    cls: type[Options],
    *,
    yaml: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> tuple[Options, dict[str, str]]:
    """Options from a YAML file and from a call or flags, which win; defaults for the rest.

    Args:
        cls: a dataclass of options, or of groups of options.
        yaml: a YAML file; or its content as a dict, in groups or flat, such as `read_yaml` or `as_dict` return.
        overrides: values by the names of the options; None means not given.

    Returns:
        The options, and where each value came from: "training.epochs" → "default", "config.yaml:3", "config", "given".

    Raises:
        ConfigError: an unknown name, or a value of the wrong type or out of bounds, with its place.
        DataError, StorageError: the file cannot be read.

    Example:
        >>> from elman.data.options import SymbolOptions
        >>> content = {"vocabulary": "1e4", "tokens": "bpe"}
        >>> options, origin = merge(SymbolOptions, yaml=content, overrides={"vocabulary": 500})
        >>> options.vocabulary, options.tokens, origin["vocabulary"], origin["tokens"], origin["keep"]
        (500, 'bpe', 'given', 'config', 'default')
    """
    known = slots(cls)
    values = {slot.path: slot.default for slot in known.values()}
    origin = dict.fromkeys(values, "default")
    content = {} if yaml is None else yaml if isinstance(yaml, Mapping) else read_yaml(yaml)
    for slot, given in _named(known, content):
        if origin[slot.path] != "default":
            raise ConfigError(f"{_at(given)}{slot.name} is given twice, alone and in the group {slot.group}")
        values[slot.path], origin[slot.path] = coerce(slot, given), given.place or "config"
    asked = {name: value for name, value in (overrides or {}).items() if value is not None}
    for slot, given in _named(known, asked):
        values[slot.path], origin[slot.path] = coerce(slot, given), "given"
    return _build(cls, known, values), origin


def _named(known: dict[str, Slot], content: Mapping[str, Any]) -> Iterator[tuple[Slot, Given]]:
    """Each value of a content with the option it is meant for."""
    groups = {slot.group for slot in known.values()} - {""}
    for name, value in content.items():
        if name in groups:
            if isinstance(value, Given) and value.value is None:
                continue  # a group without a line in it
            if not isinstance(value, Mapping):
                raise ConfigError(f"{_at(value)}{name} is a group of options", f"lines below `{name}:`, indented")
            for inner, given in value.items():
                yield _find(known, inner, given, name), _as_given(given)
        else:
            yield _find(known, name, value, ""), _as_given(value)


def _find(known: dict[str, Slot], name: str, given: Any, group: str) -> Slot:
    """The option of this name, in this group if one is named."""
    slot = known.get(name)
    if slot is None:
        if isinstance(given, Mapping):
            given = next(iter(given.values()), None)
        inside = [other for other in known.values() if not group or other.group == group]
        groups = [] if group else sorted({other.group for other in inside} - {""})
        fix = did_you_mean(name, [slot.name for slot in inside] + groups) or did_you_mean(name, known)
        if not fix:
            names = ", ".join(slot.name for slot in inside)
            fix = f"The options of {group} are: {names}." if group else "`elman init` lists all options."
        raise ConfigError(f"{_at(given)}there is no option {name!r}", fix=fix)
    if group and slot.group != group:
        raise ConfigError(f"{_at(given)}{name} is not an option of {group}", fix=f"It belongs to {slot.group}.")
    return slot


def plain(value: Any) -> Any:
    """A value of `read_yaml` without its place."""
    return value.value if isinstance(value, Given) else value


def _as_given(value: Any) -> Given:
    return value if isinstance(value, Given) else Given(value, "")


def _at(given: Any) -> str:
    return f"{given.place}: " if isinstance(given, Given) and given.place else ""


def coerce(slot: Slot, given: Given) -> Any:
    """The value of an option in its own type.

    Raises:
        ConfigError: it is of another type, or not among the values allowed.

    Example:
        >>> from elman.data.options import SymbolOptions
        >>> coerce(slots(SymbolOptions)["vocabulary"], Given("30_000", ""))
        30000
    """
    try:
        value = None if given.value is None else _typed(slot.kind, given.value)
    except (ValueError, OverflowError):
        raise _wrong(slot, given) from None
    if not slot.allows(value):
        raise _wrong(slot, given)
    return value


def _typed(kind: type, value: Any) -> Any:
    """The value as bool, int, float or str; a ValueError where that would not be what was meant."""
    if hasattr(value, "item") and not isinstance(value, str):
        value = value.item()  # a NumPy number
    if kind is str:
        if not isinstance(value, str | os.PathLike):
            raise ValueError(value)
        return os.fspath(value)
    if kind is bool:
        word = value.lower() if isinstance(value, str) else value
        if isinstance(word, bool):
            return word
        if word in _TRUE or word in _FALSE:
            return word in _TRUE
        raise ValueError(value)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(value)
    number = float(value)
    if kind is float:
        return number
    if not math.isfinite(number) or number != int(number):
        raise ValueError(value)
    return int(number) if abs(number) < 2**53 else int(value)


def _wrong(slot: Slot, given: Given) -> ConfigError:
    fix = did_you_mean(str(given.value), slot.choices)
    if slot.kind is float and re.fullmatch(r"-?\d+,\d+", str(given.value)):
        fix = "Write a decimal point."
    shown_value = "empty" if given.value is None else repr(given.value)
    return ConfigError(f"{_at(given)}{slot.name} is {shown_value}", expected=slot.expected, fix=fix)


def _build(cls: type[Options], known: dict[str, Slot], values: dict[str, Any]) -> Options:
    groups: dict[str, dict[str, Any]] = {}
    for slot in known.values():
        groups.setdefault(slot.group, {})[slot.name] = values[slot.path]
    own, hints = groups.pop("", {}), get_type_hints(cls)
    return cls(**{name: hints[name](**fields) for name, fields in groups.items()}, **own)


def to_yaml(options: Any, comments: bool = True) -> str:
    """All options as YAML that `read_yaml` and `merge` read back.

    Args:
        options: an instance of a dataclass of options.
        comments: whether each line says what its option means.

    Example:
        >>> from elman.data.options import SymbolOptions
        >>> print(to_yaml(SymbolOptions()).splitlines()[0])
        tokens: word              # what one symbol is: word, character, bpe
    """
    values, lines, group = as_dict(options), [], ""
    for slot in slots(type(options)).values():
        if slot.group != group:
            group = slot.group
            lines += [f"{group}:"]
        value = values[group][slot.name] if group else values[slot.name]
        line = f"{'  ' if group else ''}{slot.name}: {_scalar(value)}"
        if comments:
            line = f"{line:<25} # {slot.help}{': ' if slot.choices else ''}{', '.join(slot.choices)}"
        lines.append(line)
    return "\n".join(lines) + "\n"


def _scalar(value: Any) -> str:
    """A value as YAML writes it on one line."""
    import yaml

    plain = str(value).isprintable()  # YAML takes some other characters for line breaks, even between quotes
    return yaml.safe_dump([value], default_flow_style=True, allow_unicode=plain, width=math.inf)[1:-2]


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """What changed from one configuration to another.

    Args:
        old, new: values, or groups of values, by name, such as `as_dict` returns.

    Returns:
        One line for each value that is not the same.

    Example:
        >>> differences({"training": {"epochs": 3, "seed": 0}}, {"training": {"epochs": 5, "seed": 0}})
        ['training.epochs: 3 → 5']
    """
    before, after = dict(_flat(old)), dict(_flat(new))
    absent = object()
    return [
        f"{name}: {_word(before.get(name, absent), absent)} → {_word(after.get(name, absent), absent)}"
        for name in dict.fromkeys([*before, *after])
        if before.get(name, absent) != after.get(name, absent)
    ]


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _word(value: Any, absent: object) -> str:
    return "(not there)" if value is absent else _scalar(value)
