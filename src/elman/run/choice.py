"""Which machine runs a cell, and why not a faster one."""

import os
import warnings
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from elman import native
from elman.errors import ArgumentError
from elman.run import in_cudnn, in_native
from elman.run.plan import Plan, plan
from elman.step.simplify import simplify
from elman.step.text import to_text
from elman.step.trace import Capture, UnsupportedOperation, captured

MACHINES = ("auto", "native", "cudnn", "torch", "reference")
_REMEMBERED = 1024


@dataclass(frozen=True, eq=False)
class Choice:
    """How a cell is run.

    Args:
        machine: "native", "cudnn", "torch" or "reference".
        reasons: machine → why it was not chosen, or cannot be.
        capture: of the cell, unless it cannot be captured.
        text: of its program in the normal form; empty without one.
        inputs: the names of the program's inputs, in their order.
        states: the names of its states, in the order of its results.
    """

    machine: str
    reasons: dict[str, str]
    capture: Capture | None
    text: str
    inputs: tuple[str, ...] = ()
    states: tuple[str, ...] = ()

    @property
    def plan(self) -> Plan:
        """The stages of its program."""
        return plan(self.text)

    def weights(self, cell: Any, device: str) -> dict[str, Tensor]:
        """The program's weights by name, computed from the cell's under autograd, and not in another dtype."""
        if self.capture is None:
            return {}
        if not autocasting(device):
            return self.capture.weights(cell)
        with torch.autocast(device, enabled=False):
            return self.capture.weights(cell)


def autocasting(device: str) -> bool:
    """Whether torch chooses the dtypes on this type of device now; "meta" is none of those that it may be asked for."""
    return device != "meta" and torch.is_autocast_enabled(device)


def machine_name(name: str) -> str:
    """A checked name of a machine; ELMAN_MACHINE says what "auto" means.

    Raises:
        ArgumentError: there is no machine of that name.
    """
    if name == "auto":
        name = os.environ.get("ELMAN_MACHINE") or "auto"
    if name not in MACHINES:
        raise ArgumentError(f"machine is {name!r}", expected=f"one of {', '.join(MACHINES)}")
    return name


def choose(cell: Any, dtype: torch.dtype, device: str, machine: str) -> Choice:
    """How a cell is run: as was asked for, or on the fastest machine that can.

    Args:
        cell: a cell; what it is now is what counts.
        dtype: of its weights.
        device: type of the device: "cpu", "cuda", …
        machine: one of `MACHINES`.

    Raises:
        CaptureError: the step does what would be wrong on every machine.
        ArgumentError: the machine that was asked for cannot run this cell.
    """
    machine = machine_name(machine)
    if machine == "reference":
        return _ON_REFERENCE
    try:
        capture = captured(cell, dtype)
    except UnsupportedOperation as reason:
        return _checked(cell, machine, _on_reference(reason))
    in_one = in_cudnn.kind(cell) if device == "cuda" else ""  # cells with the same step may differ in it
    key = (id(capture), device, machine, in_one)
    found = _choices.get(key)
    if found is None:
        found = _checked(cell, machine, _choice(capture, dtype, device, machine, in_one))
        while len(_choices) >= _REMEMBERED:
            _choices.pop(next(iter(_choices)), None)
        _choices[key] = found
    return found


_ON_REFERENCE = Choice("reference", {}, None, "")
_choices: dict[tuple[int, str, str, str], Choice] = {}  # each holds its capture, so that no other gets its id
_told: set[str] = set()


def _on_reference(reason: object) -> Choice:
    return Choice("reference", dict.fromkeys(("native", "cudnn", "torch"), str(reason)), None, "")


def _choice(capture: Capture, dtype: torch.dtype, device: str, machine: str, in_one: str) -> Choice:
    program = simplify(capture.program)
    text = to_text(program)
    names = tuple(value.name for value in program.inputs), tuple(name for name, _ in program.states)
    found = {"native": _not_native(text, dtype, device), "cudnn": _not_cudnn(device, in_one)}
    reasons = {name: reason for name, reason in found.items() if reason}
    fastest = next((name for name in found if name not in reasons and machine in ("auto", name)), "torch")
    return Choice(fastest, reasons, capture, text, *names)


def _not_cudnn(device: str, in_one: str) -> str:
    """Why cuDNN does not run a cell; empty where it does."""
    if device != "cuda":
        return f"it runs on CUDA devices, and this is on {device}"
    return "" if in_one else "it has the plain Elman (tanh, relu), LSTM and GRU cells only"


def _not_native(text: str, dtype: torch.dtype, device: str) -> str:
    """Why the native machine cannot run a program; empty where it can."""
    if device != "cpu":
        return f"it runs on the CPU, and this is on {device}"
    if dtype not in in_native.DTYPES:
        return f"it computes in torch.float32 and torch.float64, and this is {dtype}"
    if not native.available():
        return f"elman was installed without it ({native.unavailable_reason()}): install it again with a C++17 compiler"
    try:
        in_native.machine(plan(text), None, dtype)
    except ValueError as error:
        return str(error)
    return ""


def _checked(cell: Any, asked: str, choice: Choice) -> Choice:
    """The choice, if it is what was asked for; a warning, once for each reason, where it is slow on a CPU."""
    if choice.machine == asked:
        return choice
    if asked != "auto":
        raise ArgumentError(
            f"the machine {asked!r} cannot run {type(cell).__name__}: {choice.reasons[asked]}",
            expected="another step, or machine = 'auto'",
        )
    reason = choice.reasons.get("native", "")
    if reason and reason not in _told and not reason.startswith("it runs on the CPU"):
        _told.add(reason)
        slow = "the plain loop over time" if choice.machine == "reference" else "torch operations, step by step"
        warnings.warn(
            f"{type(cell).__name__} runs as {slow}, which is slow; the native machine cannot run it: {reason}",
            stacklevel=2,
        )
    return choice
