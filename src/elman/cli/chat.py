"""`elman chat`: talk with a trained chatbot in the terminal."""

import sys
from pathlib import Path
from typing import Any

from elman.cli import show
from elman.cli.by_task import load_for
from elman.cli.lines import lines
from elman.cli.show import printable, written
from elman.errors import ArgumentError

HELP = """/reset             begin a new dialogue
/temperature T     how freely words are chosen: 0 takes the most probable, 1 the network's own probabilities
/why               why the last answer came: probabilities, alternatives, what was looked at
/quit              end (or Ctrl-D); Ctrl-C ends an answer"""


def chat(
    run: Path,
    /,
    *,
    temperature: float | None = None,
    top_p: float | None = None,
    top_k: int | None = None,
    repetition: float | None = None,
    no_repeat: int | None = None,
    max_reply: int | None = None,
    seed: int | None = None,
) -> None:
    """Talk with a trained chatbot: type a line, read its answer. /help lists what else can be typed.

    Args:
        run: the run folder of a trained chatbot.
        temperature: how freely words are chosen, from 0; that of the training's options if not given.
        top_p: choose among the most probable symbols with this probability together.
        top_k: choose among so many of the most probable symbols; 0: among all.
        repetition: what the log-probability of a symbol that was written before is multiplied by, at least 1.
        no_repeat: no run of so many symbols occurs twice in an answer; 0: no such rule.
        max_reply: symbols of an answer at most.
        seed: the same number and the same lines give the same answers.
    """
    model = load_for("chat", run)
    given = {
        "temperature": temperature, "top_p": top_p, "top_k": top_k, "repetition": repetition, "no_repeat": no_repeat,
        "max_reply": max_reply,
    }  # fmt: skip
    choosing = {name: value for name, value in given.items() if value is not None}
    dialogue = Dialogue(model, choosing, seed)
    dialogue.check()
    if sys.stdin.isatty():
        print("Type a line; /help says what else there is, Ctrl-D ends.", file=sys.stderr)
    for line in lines("> "):
        if not dialogue.hear(line):
            break


class Dialogue:
    """A dialogue with a chatbot, and what is typed between its turns.

    Args:
        model: the chatbot.
        choosing: how it chooses its words, where that is not as its options say.
        seed: of the first answer; each one after it has a seed of its own.
    """

    def __init__(self, model: Any, choosing: dict[str, Any], seed: int | None) -> None:
        self.model, self.choosing, self.seed = model, choosing, seed
        self.turns: list[str] = []
        self.drawn: list[int] = []  # the symbols of the last answer

    def check(self) -> None:
        """Refuse numbers that make no sense before anything is typed."""
        next(iter(self.model.stream(["?"], seed=self.seed, **self.choosing)), None)

    def hear(self, line: str) -> bool:
        """Answer a line, or do what it says; whether the dialogue goes on."""
        command, _, rest = line.strip().partition(" ")
        if not command.startswith("/"):
            if line.strip():
                self.answer(line.strip())
            return True
        if command in ("/quit", "/exit"):
            return False
        if command == "/reset":
            self.turns.clear()
            print("A new dialogue.")
        elif command == "/temperature":
            self.heat(rest)
        elif command == "/why":
            self.explain()
        else:
            print(HELP if command == "/help" else f"There is no {printable(command)}.\n{HELP}")
        return True

    def answer(self, text: str) -> None:
        """Write the answer as it comes; in a terminal Ctrl-C ends it where it is, and not the dialogue."""
        said, self.drawn = "", []
        try:
            for piece in self.model.stream([*self.turns, text], seed=self.seed, drawn=self.drawn, **self.choosing):
                print(written(piece, keep="\t"), end="", flush=True)
                said += piece
        except KeyboardInterrupt:
            if not sys.stdin.isatty():
                raise
            print("…", end="")
        print(flush=True)
        self.turns += [text, said.strip()]
        self.seed = None if self.seed is None else self.seed + 1

    def heat(self, text: str) -> None:
        """Another temperature."""
        before = self.choosing
        try:
            self.choosing = {**before, "temperature": float(text)}
            self.check()
        except (ValueError, ArgumentError):
            self.choosing = before
            print("Expected a number of at least 0, as in /temperature 0.7")
            return
        print(f"The temperature is {float(text):g}.")

    def explain(self) -> None:
        """Each symbol of the last answer, its probability, what else could have come, and what was looked at."""
        if len(self.turns) < 2:
            print("Nothing was said yet.")
            return
        reasons = self.model.why(self.turns[:-1], self.drawn)
        rows = [(r.symbol, f"{r.probability:.3f}", _listed(r.others), _listed(r.looked)) for r in reasons]
        show.table(rows, header=("symbol", "p", "most probable", "looked at"), left=(0, 2, 3))


def _listed(pairs: list[tuple[str, float]]) -> str:
    return ", ".join(f"{name} {value:.2f}" for name, value in pairs)
