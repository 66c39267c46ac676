"""A program as a person would write it: equations under the three parts of every recurrent network."""

from collections import Counter
from collections.abc import Sequence

from elman.step.operations import ELEMENTWISE
from elman.step.program import Argument, Input, Node, Program, Stage
from elman.step.split import split

LENGTH = 90  # a longer expression is written in parts
BINDS = {">": 1, ">=": 1, "<": 1, "<=": 1, "==": 1, "!=": 1, "+": 2, "-": 2, "*": 3, "/": 3, "@": 3, "**": 5}
NEGATION, ATOM = 4, 6


def describe(program: Program, stages: Sequence[Stage] | None = None) -> str:
    """The program's equations, in the order in which they run.

    h is the old value of a state and h' its new one; of an adjoint, += is a sum over all rows and steps.

    Args:
        program: a step or its adjoint.
        stages: its stages, if they are at hand.

    Example:
        >>> from elman.step.program import Gradient
        >>> step = Program(
        ...     inputs=(Input("x", "step", (2,)), Input("U", "weight", (2, 3)), Input("W", "weight", (3, 3)),
        ...             Input("h", "state", (3,))),
        ...     nodes=(Node("a1", "matmul", ("x", "U"), 3, (0, 0, 2, 0, 3)), Node("a2", "matmul", ("h", "W"), 3,
        ...            (0, 0, 3, 0, 3)), Node("a3", "add", ("a1", "a2"), 3), Node("a4", "tanh", ("a3",), 3)),
        ...     outputs=(("y", "a4"),),
        ...     states=(("h", "a4"),),
        ... )
        >>> print(describe(step))
        x (n, 2), h (n, 3); U (2, 3), W (3, 3)
        input → hidden
            a1 = x @ U
        hidden → hidden (waits for the step before)
            h' = tanh(a1 + h @ W)
        hidden → output
            y = h'
    """
    return "\n".join(_Writer(program, split(program) if stages is None else stages).lines())


class _Writer:
    """The equations of one program; `texts` are the expressions of nodes that have no line of their own."""

    def __init__(self, program: Program, stages: Sequence[Stage]) -> None:
        self.program, self.stages = program, stages
        self.adjoint = any(name.startswith("d.") for name, _ in (*program.outputs, *program.states))
        self.texts: dict[str, tuple[str, int]] = {}
        self.names: dict[str, str] = {}
        for name, value in program.outputs:
            self.names[value] = name
        for name, value in program.states:
            self.names[value] = f"{name}'"
        nodes = {node.name for node in program.nodes}
        self.names = {value: name for value, name in self.names.items() if value in nodes}
        self.own_line = self._own_lines()

    def _own_lines(self) -> set[str]:
        """Nodes that are results, are used twice, or are used in another stage."""
        place = {node.name: index for index, stage in enumerate(self.stages) for node in stage.nodes}
        uses = Counter(arg for node in self.program.nodes for arg in node.args if isinstance(arg, str))
        own = {name for name, count in uses.items() if count > 1}
        own |= {str(arg) for node in self.program.nodes for arg in node.args if place.get(str(arg)) != place[node.name]}
        short = {node.name for node in self.program.nodes if node.op == "full" or node.name in self.program.vectors}
        return own - short | set(self.program.results())

    def lines(self) -> list[str]:
        """All lines."""
        found = [self.head()]
        loops = [index for index, stage in enumerate(self.stages) if stage.states]
        for index, stage in enumerate(self.stages):
            first, last = (loops[0], loops[-1]) if loops else (len(self.stages), -1)
            place = "loop" if stage.states else "before" if index < first else "after" if index > last else "between"
            lines = self.equations(stage)
            if lines:
                title = self.title(place, stage, len(loops) > 1)
                found += [title] * (found[-1] != title) + lines
        rest = [
            f"    {name} = {self.name(value)}" for name, value in self.program.outputs if self.names.get(value) != name
        ]
        if rest:
            title = self.title("after", None, False)
            found += [title] * (title not in found) + rest
        if self.program.gradients:
            found += ["gradients of weights", *(f"    {line}" for line in self.gradients())]
        return found

    def head(self) -> str:
        """The inputs with their shapes."""
        rows = [value for value in self.program.inputs if value.kind != "weight"]
        parts = [", ".join(f"{value.name} (n, {value.width})" for value in rows)]
        weights = [f"{value.name} ({', '.join(map(str, value.shape))})" for value in self.program.of_kind("weight")]
        return "; ".join([*parts, ", ".join(weights)] if weights else parts)

    def title(self, place: str, stage: Stage | None, several: bool) -> str:
        """The heading of a stage."""
        if self.adjoint:
            names = {"before": "before the loop", "loop": "from each step to the one before"}
            return names.get(place, "after the loop")
        if place == "loop" and stage is not None:
            linear = ", linear" if stage.linear else ""
            which = f": {', '.join(stage.states)}" if several else ""
            return f"hidden → hidden{which} (waits for the step before{linear})"
        names = {"before": "input → hidden", "between": "hidden → hidden (all steps at once)"}
        return names.get(place, "hidden → output")

    def equations(self, stage: Stage) -> list[str]:
        """The lines of one stage."""
        found: list[str] = []
        for node in stage.nodes:
            text, binds = self.expression(node)
            if len(text) > LENGTH:
                for arg in node.args:
                    if isinstance(arg, str) and arg in self.texts and len(self.texts[arg][0]) > LENGTH // 4:
                        found.append(f"    {self.name(arg)} = {self.texts.pop(arg)[0]}")
                text, binds = self.expression(node)
            if node.name in self.own_line:
                found.append(f"    {self.name(node.name)} = {text}")
            else:
                self.texts[node.name] = text, binds
        for state, value in self.program.states:
            if state in stage.states and self.names.get(value) != f"{state}'":
                found.append(f"    {state}' = {self.name(value)}")
        return found

    def name(self, value: str) -> str:
        """What a value is called."""
        return self.names.get(value, value)

    def argument(self, arg: Argument, binds: int = 0) -> str:
        """An argument where only what binds as tightly may stand without brackets."""
        if not isinstance(arg, str):
            return f"{arg:g}" if arg >= 0 or binds <= NEGATION else f"({arg:g})"
        text, own = self.texts.get(arg, (self.name(arg), ATOM))
        return text if own >= binds else f"({text})"

    def expression(self, node: Node) -> tuple[str, int]:
        """The text of a node, and how tightly it binds."""
        args = node.args
        symbol = "@" if node.op == "matmul" else ELEMENTWISE[node.op].symbol if node.op in ELEMENTWISE else ""
        if node.op == "matmul":
            return f"{self.argument(args[0], NEGATION)} @ {self.block(node)}", BINDS["@"]
        if node.op == "slice":
            start, stop = node.attributes
            mark = f"{start}:{stop}" if args[0] in self.program.vectors else f":, {start}:{stop}"
            return f"{self.argument(args[0], ATOM)}[{mark}]", ATOM
        if node.op == "full":
            return f"full({self.argument(float(node.attributes[0]))}, {node.width})", ATOM
        if node.op == "clip_gradient":
            return f"clip_gradient({self.argument(args[0])}, {node.attributes[0]:g})", ATOM
        if node.op == "expand":
            return f"expand({self.argument(args[0])}, {node.width})", ATOM
        if symbol and len(args) == 1:
            return f"{symbol}{self.argument(args[0], NEGATION)}", NEGATION
        if symbol and len(args) == 2:
            binds = BINDS[symbol]
            left = binds if symbol != "**" and binds > 1 else binds + 1
            return f"{self.argument(args[0], left)} {symbol} {self.argument(args[1], binds + 1)}", binds
        return f"{node.op}({', '.join(map(self.argument, args))})", ATOM

    def block(self, node: Node) -> str:
        """The block of a weight that a product is with."""
        transposed, *block = (int(value) for value in node.attributes)
        weight = self.program.values[str(node.args[1])]
        assert isinstance(weight, Input)
        return _block(weight, (block[0], block[1]), (block[2], block[3])) + (".T" if transposed else "")

    def gradients(self) -> list[str]:
        """One line for each block of a weight."""
        found = []
        for gradient in self.program.gradients:
            weight = self.program.values[gradient.weight]
            assert isinstance(weight, Input)
            left = "" if gradient.left is None else f"{self.name(gradient.left)}.T @ "
            block = _block(weight, gradient.rows, gradient.columns)
            found.append(f"d.{block} += {left}{self.name(gradient.right)}")
        return found


def _block(weight: Input, rows: tuple[int, int], columns: tuple[int, int]) -> str:
    """A weight's name, with the part of it that is meant."""
    whole = (weight.shape[0] if len(weight.shape) == 2 else 1), weight.width
    marks = [":" if (a, b) == (0, size) else f"{a}:{b}" for (a, b), size in zip((rows, columns), whole, strict=True)]
    if marks == [":", ":"]:
        return weight.name
    return f"{weight.name}[{', '.join(marks) if len(weight.shape) == 2 else marks[1]}]"
