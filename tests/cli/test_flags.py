"""Every option of the dataclasses is a flag of the same name and type, and only given flags are passed on."""

import dataclasses
import inspect
from collections.abc import Callable
from typing import Any

import pytest
from cyclopts import App
from cyclopts.exceptions import CycloptsError

from elman.cli.flags import with_options
from elman.data.options import option, slots
from elman.tasks import TASKS, part


@dataclasses.dataclass(frozen=True)
class PaintOptions:
    """Options of the command under test."""

    coats: int = option(2, "coats of paint")
    gloss: float = option(0.5, "share of light thrown back")
    dry: bool = option(True, "wait between coats")
    colour: str | None = option(None, "its name")
    tool: str = option("brush", "what to paint with", choices=("brush", "roller"))
    batch_size: int = option(1, "doors at once")


Run = Callable[..., Any]


@pytest.fixture
def run() -> Run:
    seen: list[tuple[str, bool, dict[str, Any]]] = []

    @with_options(PaintOptions, leave_out=["gloss"])
    def paint(door: str, /, *, quick: bool = False, **options: Any) -> None:
        """Paint a door."""
        seen.append((door, quick, options))

    app = App(result_action="return_value")
    app.default(paint)

    def call(*words: str) -> Any:
        seen.clear()
        app(list(words), exit_on_error=False, print_error=False)
        return seen[0]

    return call


def test_only_given_flags_arrive(run: Run) -> None:
    assert run("front") == ("front", False, {})
    assert run("front", "--quick", "--coats", "3", "--no-dry", "--colour", "red", "--tool", "roller") == (
        "front",
        True,
        {"coats": 3, "dry": False, "colour": "red", "tool": "roller"},
    )
    assert run("front", "--batch-size=7")[2] == {"batch_size": 7}
    assert run("front", "--coats", "-1")[2] == {"coats": -1}  # judged where the options are merged, with its reasons


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--coat", "3"], "Did you mean --coats?"),
        (["--coats", "many"], '"many" into int'),
        (["--tool", "rolller"], 'Did you mean "roller"?'),
        (["--gloss", "0.1"], "--gloss"),
        (["--coats", "1", "--coats", "2"], "multiple times"),
    ],
)
def test_wrong_flags(run: Run, words: list[str], message: str) -> None:
    with pytest.raises(CycloptsError) as caught:
        run("front", *words)
    caught.value.verbose = False
    assert message in str(caught.value)


@pytest.mark.parametrize("task", TASKS)
def test_every_option_of_a_task_is_a_flag_of_train_and_init(task: str) -> None:
    from elman.cli.init import init
    from elman.cli.train import command

    names = set(slots(part(task, "options")))
    assert len(names) > 30
    for known in (command(["x.csv"]), command(["x.csv", "--task", task]), command([f"--task={task}"]), init):
        assert names <= set(inspect.signature(known).parameters)


@dataclasses.dataclass(frozen=True)
class RepairOptions:
    """Options of another command, some of the same names."""

    coats: int = option(3, "coats of paint")
    tool: str = option("hammer", "what to repair with", choices=("hammer", "saw"))
    nails: int = option(4, "nails")


def test_options_of_several_classes_are_one_flag_each() -> None:
    seen: dict[str, Any] = {}

    @with_options(PaintOptions, RepairOptions)
    def work(**options: Any) -> None:
        """Work."""
        seen.update(options)

    app = App(result_action="return_value")
    app.default(work)
    app(["--tool", "saw", "--nails", "9"], exit_on_error=False, print_error=False)
    assert seen == {"tool": "saw", "nails": 9}


def test_one_name_with_two_types_is_a_mistake_of_ours() -> None:
    @dataclasses.dataclass(frozen=True)
    class Wrong:
        coats: str = option("two", "coats")

    with pytest.raises(TypeError, match="Wrong has coats as str, others as int"):
        with_options(PaintOptions, Wrong)(lambda **options: None)
