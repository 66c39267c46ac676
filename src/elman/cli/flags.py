"""Flags made from the dataclasses of options, so that an option has one name in Python, YAML and here."""

import inspect
from collections.abc import Callable, Iterable
from typing import Annotated, Any, Literal, TypeVar, get_type_hints

from cyclopts import Group, Parameter

from elman.data.options import Slot, slots

Command = TypeVar("Command", bound=Callable[..., Any])


def with_options(cls: type, leave_out: Iterable[str] = ()) -> Callable[[Command], Command]:
    """Give a command one flag per option of a dataclass: `batch_size` becomes `--batch-size`.

    The command takes them as `**options`, which holds only the flags that were given, so that a YAML file can
    supply the others.

    Args:
        cls: a dataclass of options, or of groups of them; each group becomes one panel of the help.
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
        for name, slot in slots(cls).items():
            if name not in left_out:
                title = slot.group.capitalize() or cls.__name__.removesuffix("Options")
                panel = panels.setdefault(title, Group(title, sort_key=100 + len(panels)))
                flags[name] = _flag(slot, panel)
        added = [inspect.Parameter(n, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=flags[n]) for n in flags]
        command.__signature__ = signature.replace(parameters=[*own, *added])  # pyright: ignore[reportFunctionMemberAccess]
        command.__annotations__ = {**{p.name: hints[p.name] for p in own}, **flags, "return": hints.get("return")}
        return command

    return give


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
