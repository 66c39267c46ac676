"""Flags made from the dataclasses of options, so that an option has one name in Python, YAML and here."""

import inspect
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Annotated, Any, Literal, TypeVar, get_type_hints

from cyclopts import Group, Parameter

from elman.data.options import Slot, slots

Command = TypeVar("Command", bound=Callable[..., Any])


def with_options(*classes: type, leave_out: Iterable[str] = ()) -> Callable[[Command], Command]:
    """Give a command one flag per option of some dataclasses: `batch_size` becomes `--batch-size`.

    The command takes them as `**options`, which holds only the flags that were given, so that a YAML file can
    supply the others. Of an option that stands in several classes with other choices or another default, the help
    names neither: what a task allows is judged where its options are merged.

    Args:
        *classes: dataclasses of options, or of groups of them; each group becomes one panel of the help.
        leave_out: names of options that get no flag here.

    Returns:
        A decorator.
    """
    left_out = set(leave_out)

    def give(command: Command) -> Command:
        signature = inspect.signature(command)
        own = [p for p in signature.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
        hints = get_type_hints(command, include_extras=True)
        panels = {}
        flags: dict[str, Any] = {}
        for title, slot in _together(classes):
            if slot.name not in left_out:
                panel = panels.setdefault(title, Group(title, sort_key=100 + len(panels)))
                flags[slot.name] = _flag(slot, panel)
        added = [inspect.Parameter(n, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=flags[n]) for n in flags]
        command.__signature__ = signature.replace(parameters=[*own, *added])  # pyright: ignore[reportFunctionMemberAccess]
        command.__annotations__ = {**{p.name: hints[p.name] for p in own}, **flags, "return": hints.get("return")}
        return command

    return give


def _together(classes: Iterable[type]) -> Iterable[tuple[str, Slot]]:
    """Every option once, with the title of its panel.

    Raises:
        TypeError: an option of one name has two types.
    """
    found: dict[str, tuple[str, Slot]] = {}
    for cls in classes:
        for name, slot in slots(cls).items():
            title, known = found.get(name, (slot.group.capitalize() or _title(cls), slot))
            if known.kind is not slot.kind:
                raise TypeError(f"{cls.__name__} has {name} as {slot.kind.__name__}, others as {known.kind.__name__}")
            choices = slot.choices if known.choices == slot.choices else ()
            default = slot.default if known.default == slot.default else None
            found[name] = (title, replace(known, choices=choices, default=default))
    return found.values()


def _title(cls: type) -> str:
    """The title of a class that is a group by itself: TagDataOptions is "Data"."""
    return "Data" if cls.__name__.endswith("DataOptions") else cls.__name__.removesuffix("Options")


def _flag(slot: Slot, panel: Group) -> Any:
    """The annotation of one flag: the type of the value typed after it, its help, default and choices."""
    kind = Literal[slot.choices] if slot.choices else slot.kind
    name = f"--{slot.name.replace('_', '-')}"
    return Annotated[kind | None, Parameter(name=name, help=slot.help, show_default=_shown(slot.default), group=panel)]


def _shown(default: Any) -> str | bool:
    """How the help shows a default; False shows none."""
    if default is None:
        return False
    if isinstance(default, bool):
        return "yes" if default else "no"
    return f"{default:g}" if isinstance(default, float) else str(default)
