"""From a program in stages to the code of the tile machine: where each value stands, what is computed in which order.

A value stands in a buffer of the machine. In a stage over all rows and steps of a chunk, and wherever another stage,
the memory or a weight's gradient needs it, that buffer has a row for each row and step of the chunk; in a loop
otherwise only one for each row. Buffers are used again as soon as their value has been read for the last time.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from elman.native.library import machine, opcodes
from elman.native.uses import Uses
from elman.step.program import Argument, Input, Node, Program, Stage

CHUNK, STEP, CARRY = 0, 1, 2  # how long a buffer's rows live
BUFFER, VECTOR, CONSTANT = 1, 2, 3  # where an operand stands
SOURCES = {"step": 0, "previous": 1, "row": 2}

Operand = tuple[int, int, int, int]  # where, index, first feature, width


@dataclass
class Layout:
    """The names that the slots of a run stand for, in the order of the machine."""

    weight: list[str] = field(default_factory=list)
    step: list[str] = field(default_factory=list)
    previous: list[str] = field(default_factory=list)
    row: list[str] = field(default_factory=list)
    state: list[str] = field(default_factory=list)
    output: list[str] = field(default_factory=list)


class Lowering:
    """One program made into code: read `code` and `layout` afterwards.

    Args:
        program: a checked program.
        stages: its nodes in stages, as `elman.step.split.split` gives them.
        stored: values to be written side by side into one more output, (n, T, sum of widths).
        adjoint: whether it runs from the last step to the first.
        totals: states of an adjoint that are sums over all steps, and so are not cut at a reset.
    """

    def __init__(
        self,
        program: Program,
        stages: tuple[Stage, ...],
        *,
        stored: tuple[str, ...] = (),
        adjoint: bool = False,
        totals: Collection[str] = (),
    ) -> None:
        self.program, self.stages = program, stages
        self.code: Any = machine().Code(adjoint)
        self.layout = Layout()
        self.uses = Uses(program, stages, stored)
        self.place: dict[str, Operand] = {}
        self.copies: dict[str, Operand] = {}  # old values of states, for readers outside of their loop
        self.free: dict[tuple[int, int], list[int]] = defaultdict(list)
        self.numbers: dict[float, int] = {}
        self.vectors: dict[tuple[str, int, int], int] = {}
        self.matrices: dict[tuple[Any, ...], int] = {}
        self.wanted = {gradient.weight for gradient in program.gradients}
        for value in program.inputs:
            self._input(value, value.name in totals)
        for index, stage in enumerate(stages):
            self._stage(index, stage)
        self._results(stored)

    def _input(self, value: Input, total: bool) -> None:
        getattr(self.layout, value.kind).append(value.name)
        if value.kind == "weight":
            rows, columns = value.shape if len(value.shape) == 2 else (1, value.width)
            self.code.add_weight(rows, columns, value.name in self.wanted)
        elif value.kind == "state":
            buffer = self.code.add_buffer(value.width, CARRY)
            self.place[value.name] = (BUFFER, buffer, 0, value.width)
            self.code.add_state(value.width, buffer, not total)
        else:
            source = SOURCES[value.kind]
            slot = self.code.add_slot(source, value.width)
            if self.uses.count[value.name]:
                buffer = self.code.add_buffer(value.width, CHUNK)
                self.code.add_load(source, slot, buffer)
                self.place[value.name] = (BUFFER, buffer, 0, value.width)

    # ---- operands ------------------------------------------------------------------------------------------------

    def _operand(self, argument: Argument, stage: int | None = None) -> Operand:
        """Where an argument stands for a reader in a stage; None: for a reader after all of them."""
        if not isinstance(argument, str):
            number = float(argument)
            if number not in self.numbers:
                self.numbers[number] = self.code.add_constant(number)
            return (CONSTANT, self.numbers[number], 0, 1)
        name, offset = self.uses.base(argument)
        width = self.uses.width(argument)
        if name in self.program.vectors:
            key = (name, offset, offset + width)
            if key not in self.vectors:
                self.vectors[key] = self.code.add_vector(self.layout.weight.index(name), offset, offset + width)
            return (VECTOR, self.vectors[key], 0, width)
        home = self.uses.home.get(name, stage)
        where, index, first, _ = self.place[name] if home == stage else self.copies[name]
        return (where, index, first + offset, width)

    def _matrix(self, product: Node) -> int:
        weight = self.layout.weight.index(str(product.args[1]))
        transposed, *block = (int(a) for a in product.attributes)
        key = (weight, *block, bool(transposed))
        if key not in self.matrices:
            self.matrices[key] = self.code.add_matrix(*key)
        return self.matrices[key]

    def _instruction(
        self, op: str, width: int, target: int, operands: list[Operand], offset: int = 0, matrix: int = -1
    ) -> None:
        self.code.add_instruction(opcodes()[op], width, target, offset, operands, matrix)

    # ---- buffers -------------------------------------------------------------------------------------------------

    def _buffer(self, width: int, lifetime: int) -> int:
        free = self.free[width, lifetime]
        return free.pop() if free else self.code.add_buffer(width, lifetime)

    def _lifetime(self, name: str) -> int:
        return CHUNK if name in self.uses.wide or name not in self.uses.made_in else STEP

    def _release(self, name: str) -> None:
        _, buffer, _, width = self.place.pop(name)
        if all(buffer != self.place[state][1] for state in self.layout.state):
            self.free[width, self._lifetime(name)].append(buffer)

    def _dies(self, name: str, index: int) -> bool:
        """Whether a value's buffer is free once the last node of this stage has read it."""
        if name not in self.place or name in self.uses.home:
            return False
        if self.stages[index].states:  # what a chunk holds is read again at the loop's next step
            return self._lifetime(name) == STEP and not self.uses.becomes_state(name)
        return self.uses.last_stage(name) == index

    def _target(self, node: Node, later: list[Node]) -> int:
        """The buffer a node writes: that of the state itself, where nobody reads the old state any more."""
        lifetime = self._lifetime(node.name)
        if lifetime == STEP:
            for state, value in self.program.states:
                if value == node.name and self._may_replace(state, node, later):
                    return self.place[state][1]
        return self._buffer(node.width, lifetime)

    def _may_replace(self, state: str, node: Node, later: list[Node]) -> bool:
        product = self.uses.product(node)
        read_by_product = product is not None and self.uses.reads(product)[0] == state
        if read_by_product or node.op in ("concat", "sum", "max"):
            return False
        inner = self.uses.fused.get(node.name)
        own = (node,) if inner is None else (node, self.uses.node(inner))
        parts = [a for n in own for a in n.args if isinstance(a, str) and self.uses.base(a)[0] == state]
        others = [self.uses.base(value)[0] for name, value in self.program.states if name != state]
        return (
            all(self.uses.width(a) == node.width for a in parts)
            and all(state not in self.uses.reads_with_fused(n) for n in later)
            and state not in others
            and node.name not in others
        )

    # ---- stages --------------------------------------------------------------------------------------------------

    def _stage(self, index: int, stage: Stage) -> None:
        self.code.add_stage(bool(stage.states), [self.layout.state.index(state) for state in stage.states])
        for state in stage.states:
            if self.uses.outside(state):
                self.copies[state] = self._copied(self.place[state], self.uses.width(state), CHUNK)
        skipped = set(self.uses.fused.values())
        order = [node for node in stage.nodes if node.op != "slice" and node.name not in skipped]
        last = {name: node.name for node in order for name in self.uses.reads_with_fused(node)}
        for i, node in enumerate(order):
            operands = self._operands(node, index)
            product = self.uses.product(node)
            factor = self.uses.reads(product)[0] if product else None  # must not stand where the product is written
            dying = [name for name, reader in last.items() if reader == node.name and self._dies(name, index)]
            for name in dying:
                if name != factor:
                    self._release(name)
            self._emit(node, product, operands, self._target(node, order[i + 1 :]))
            if factor in dying:
                self._release(str(factor))
        self._updates(index, stage)

    def _operands(self, node: Node, index: int) -> list[Operand]:
        """Of a product: the rows, and what it is added to; of a multiplication and addition: all three."""
        inner = self.uses.fused.get(node.name)
        if node.op == "full":
            return [self._operand(float(node.attributes[0]))]
        if inner is None:
            return [self._operand(a, index) for a in (node.args[:1] if node.op == "matmul" else node.args)]
        args = self.uses.node(inner).args
        other = next(a for a in node.args if a != inner)
        first = args[:1] if self.uses.node(inner).op == "matmul" else args
        return [self._operand(a, index) for a in (*first, other)]

    def _emit(self, node: Node, product: Node | None, operands: list[Operand], target: int) -> None:
        self.place[node.name] = (BUFFER, target, 0, node.width)
        if node.op == "concat":
            at = 0
            for operand in operands:
                self._instruction("copy", operand[3], target, [operand], at)
                at += operand[3]
        elif product is not None:
            self._instruction("matmul", node.width, target, operands, 0, self._matrix(product))
        elif node.name in self.uses.fused:
            self._instruction("fma", node.width, target, operands)
        else:
            op = "copy" if node.op in ("expand", "full", "clip_gradient") else node.op
            self._instruction(op, node.width, target, operands)

    def _copied(self, operand: Operand, width: int, lifetime: int) -> Operand:
        buffer = self.code.add_buffer(width, lifetime)
        self._instruction("copy", width, buffer, [operand])
        return (BUFFER, buffer, 0, width)

    def _updates(self, index: int, stage: Stage) -> None:
        """The new states; what was an old state, or is no row, is copied first: all states change at once."""
        updates: list[tuple[int, Operand]] = []
        for state, value in self.program.states:
            if state not in stage.states or value == state:
                continue
            operand = self._operand(value, index)
            old = self.uses.base(value)[0] in self.uses.home
            if old or operand[0] != BUFFER:
                operand = self._copied(operand, self.uses.width(state), STEP)
            updates.append((self.layout.state.index(state), operand))
        for update in updates:
            self.code.add_update(*update)
        if stage.states:
            for name in [n for n in self.place if n not in self.uses.home and self._lifetime(n) == CHUNK]:
                if self.uses.last_stage(name) == index:
                    self._release(name)

    def _results(self, stored: tuple[str, ...]) -> None:
        """What leaves the machine: outputs, stored values, gradients of weights."""
        names = [value for _, value in self.program.outputs] + list(stored)
        names += [n for g in self.program.gradients for n in (g.left, g.right) if n is not None]
        flat = [name for name in names if self._operand(name)[0] != BUFFER]
        if flat:  # the same for all rows: written out, as memory has a row for each
            self.code.add_stage(False, [])
        rows = {name: self._copied(self._operand(name), self.uses.width(name), CHUNK) for name in dict.fromkeys(flat)}
        for name in names:
            rows.setdefault(name, self._operand(name))
        for name, value in self.program.outputs:
            self.layout.output.append(name)
            self.code.add_store(self.code.add_output(self.uses.width(value)), 0, rows[value])
        if stored:
            self.layout.output.append("")
            slot, at = self.code.add_output(sum(self.uses.width(name) for name in stored)), 0
            for name in stored:
                self.code.add_store(slot, at, rows[name])
                at += self.uses.width(name)
        for g in self.program.gradients:
            left = None if g.left is None else rows[g.left]
            self.code.add_product(self.layout.weight.index(g.weight), *g.rows, *g.columns, left, rows[g.right])
