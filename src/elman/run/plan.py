"""What is worked out once for a program, from its text: its stages, and its adjoints."""

from dataclasses import dataclass
from functools import lru_cache

from elman.errors import ArgumentError
from elman.step.derivative import derive, output_name
from elman.step.program import Program, Stage
from elman.step.split import split
from elman.step.text import parse


@dataclass(frozen=True, eq=False)
class Adjoint:
    """What carries gradients back, and what the forward run stores for it.

    Args:
        program: the adjoint step.
        stages: its stages.
        kept: values of the forward step that are stored side by side, with their columns: name → (start, stop).
        previous: state whose old values the adjoint reads → where the sequence of its new values stands: ("kept",
            name), ("step", name of an input) or ("output", "").
        output: the name of the forward step's output in the adjoint; its gradient is "d." + output.
        totals: states of the adjoint that are sums over all steps: the gradients of inputs per row.
    """

    program: Program
    stages: tuple[Stage, ...]
    kept: dict[str, tuple[int, int]]
    previous: dict[str, tuple[str, str]]
    output: str
    totals: frozenset[str]

    @property
    def width(self) -> int:
        """Features stored for each row and step."""
        return max((stop for _, stop in self.kept.values()), default=0)


@dataclass(frozen=True, eq=False)
class Plan:
    """A step, ready to be run.

    Args:
        program: the step in its normal form.
        stages: its stages.
    """

    program: Program
    stages: tuple[Stage, ...]

    @property
    def output(self) -> tuple[str, int]:
        """The output's value and width."""
        ((_, value),) = self.program.outputs
        return value, self.program.values[value].width

    def adjoint(self, needs: tuple[bool, ...]) -> Adjoint | None:
        """How gradients reach the inputs for which `needs` is true, in the order of `program.inputs`; None for none."""
        return _adjoint(self, needs) if any(needs) else None


@lru_cache(maxsize=512)
def plan(text: str) -> Plan:
    """The plan of a program in its normal form, by its text.

    Raises:
        ProgramError: the text is not that of a program.
        ArgumentError: the program is no step, with one output, or has no input for each time step.
    """
    program = parse(text)
    if len(program.outputs) != 1 or program.of_kind("previous") or not program.of_kind("step") or program.gradients:
        raise ArgumentError(
            f"a program with {len(program.outputs)} outputs and {len(program.of_kind('step'))} inputs per step "
            "cannot be run over time",
            expected="a step: one output, at least one input per step, nothing of an adjoint",
        )
    return Plan(program, split(program))


@lru_cache(maxsize=1024)
def _adjoint(plan: Plan, needs: tuple[bool, ...]) -> Adjoint:
    program = plan.program
    wanted = zip(program.inputs, needs, strict=True)
    derivative = derive(program, frozenset(value.name for value, need in wanted if need and value.kind != "state"))
    kept: dict[str, tuple[int, int]] = {}
    start = 0
    for name in derivative.kept:
        stop = start + program.values[name].width
        kept[name], start = (start, stop), stop
    new = dict(program.states)
    return Adjoint(
        program=derivative.program,
        stages=split(derivative.program),
        kept=kept,
        previous={value.name: _stands(plan, new[value.name], kept) for value in derivative.program.of_kind("previous")},
        output=output_name(program),
        totals=frozenset(f"d.{value.name}" for value in program.of_kind("row")),
    )


def _stands(plan: Plan, value: str, kept: dict[str, tuple[int, int]]) -> tuple[str, str]:
    """Where the sequence of a value stands after the forward run."""
    if value in kept:
        return "kept", value
    return ("output", "") if value == plan.output[0] else ("step", value)
