"""Sums in the order in which their terms come to be known: (x @ U + b) + h @ W, with one addition in the loop."""

from collections import Counter

from elman.step.program import Argument, Node, Program
from elman.step.rewrite import Rewriter

SUMS = frozenset({"add", "sub", "neg"})
Term = tuple[int, Argument]  # +1 or -1, and a value of the old program


def order_sums(program: Program) -> Program:
    """Write every sum again: terms that wait for fewer states first, and g a + g b as g (a + b)."""
    return _Sums(program).written()


class _Sums(Rewriter):
    """Sums and products that are used once, in a sum of the same width, are written with that sum."""

    def parts(self) -> set[str]:
        inside: set[str] = set()
        for node in self.program.nodes:
            if node.op in SUMS:
                for arg in node.args:
                    value = self.program.values[arg] if isinstance(arg, str) else None
                    if isinstance(value, Node) and self.uses[value.name] == 1:
                        same = value.op in {*SUMS, "mul"} and value.width == node.width
                        inside |= {value.name} if same or value.op == "neg" else set()
        return inside

    def write(self, node: Node) -> Argument:
        return self.total(self.terms(node), node.width)[1] if node.op in SUMS else super().write(node)

    def terms(self, node: Node) -> list[Term]:
        """The terms of a sum, from left to right."""
        found: list[Term] = []
        stack: list[Term] = [(1, node.name)]
        while stack:
            sign, name = stack.pop()
            value = self.program.values[name] if isinstance(name, str) else None
            if isinstance(value, Node) and value.op in SUMS and (value is node or name in self.inside):
                signs = {"add": (sign, sign), "sub": (sign, -sign), "neg": (-sign,)}[value.op]
                stack += reversed(list(zip(signs, value.args, strict=True)))
            else:
                found.append((sign, name))
        return found

    def total(self, terms: list[Term], width: int) -> Term:
        """Write a sum; the sign is +1, so that only the value matters."""
        number = sum(sign * value for sign, value in terms if not isinstance(value, str))
        levels: dict[int, list[Term]] = {}
        for sign, value in terms:
            if isinstance(value, str):
                levels.setdefault(self.levels[value], []).append((sign, value))
        written: list[Term] = []
        for _, group in sorted(levels.items()):
            new = self.factored(group, width)
            written += [term for term in new if self.b.is_rows(term[1])]
            written += [term for term in new if not self.b.is_rows(term[1])]
            if number:
                written.append((1, number))
                number = 0.0
        if number or not written:
            return 1, float(number)
        while len(written) > 1:
            written[:2] = [self.pair(written[0], written[1], width if len(written) == 2 else 0)]
        sign, value = written[0]
        return 1, value if sign > 0 else self.b.add("neg", value, width=width)

    def pair(self, left: Term, right: Term, width: int) -> Term:
        """Write the sum of two terms that are written."""
        (s, a), (t, b) = left, right
        if s == t:
            first, second = (a, b) if self.b.is_rows(a) else (b, a)
            return s, self.b.add("add", first, second, width=width)
        return 1, self.b.add("sub", a, b, width=width) if s > 0 else self.b.add("sub", b, a, width=width)

    def factored(self, terms: list[Term], width: int) -> list[Term]:
        """Write the terms, those with a common factor as one product."""
        parts = [self.factors(value, width) for _, value in terms]
        counts = Counter(factor for part in parts for factor in part)
        factor = max(counts, key=lambda name: counts[name], default=None)
        if factor is None or counts[factor] < 2:
            return [(sign, self.value(value)) for sign, value in terms]
        inside = [factor in part for part in parts]
        rest = [(sign, part[factor]) for (sign, _), part, is_in in zip(terms, parts, inside, strict=True) if is_in]
        _, sum_of_rest = self.total(rest, 0)
        product: Term = 1, self.b.add("mul", self.names[factor], sum_of_rest)  # may be narrower than the sum
        others = [term for term, is_in in zip(terms, inside, strict=True) if not is_in]
        return [product, *self.factored(others, width)]

    def factors(self, value: Argument, width: int) -> dict[str, Argument]:
        """What a term is a multiple of, with the other factor."""
        node = self.program.values[value] if isinstance(value, str) else None
        if isinstance(node, Node) and node.op == "mul" and node.name in self.inside and node.width == width:
            a, b = node.args
            return {name: other for name, other in ((b, a), (a, b)) if isinstance(name, str)}
        return {value: 1.0} if isinstance(value, str) else {}

    def value(self, name: Argument) -> Argument:
        """The new name of a term; one that is inside the sum is written now."""
        if isinstance(name, str) and name not in self.names:
            self.names[name] = self.write(self.program.values[name])  # type: ignore[arg-type]
        return self.names[name] if isinstance(name, str) else name
