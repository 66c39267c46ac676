"""A trained chatbot: turns in, an answer out, piece by piece, and why it said it."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from elman import arguments
from elman.data.config_file import merge
from elman.data.dialogue_options import DialogueDataOptions
from elman.data.dialogues import Dialogues, dialogues_of, read_dialogues
from elman.data.ragged import Ragged
from elman.data.symbols import Symbols
from elman.errors import ArgumentError, ArgumentTypeError
from elman.layers.writer import DecoderState, Writer
from elman.learn.decoding import Sampling, decode, walk
from elman.learn.pairs import BEGIN, END, NEVER_WRITTEN, measured, write
from elman.learn.weights import count_weights
from elman.tasks.chat.contexts import FIRST, SPEAKERS, contexts, encoded
from elman.tasks.chat.measures import distinct
from elman.tasks.chat.options import ChatOptions, ReplyOptions
from elman.tasks.task import TrainedModel

FORBIDDEN = (*NEVER_WRITTEN, *range(FIRST, FIRST + len(SPEAKERS)))
SAMPLED = 1000  # answers written to see how varied they are


@dataclass(frozen=True)
class Reason:
    """Why a symbol was written.

    Args:
        symbol: as text.
        probability: the network's own.
        others: the most probable symbols at that place and their probabilities.
        looked: the symbols of the dialogue that the attention looked at most, and their weights; none without one.
    """

    symbol: str
    probability: float
    others: list[tuple[str, float]]
    looked: list[tuple[str, float]]


class Chatbot(TrainedModel):
    """Answers as people did in the dialogues that it has learned from.

    Made by `elman.train` or `elman.load`.

    Args:
        network: the trained encoder and decoder.
        symbols: of all turns.
        options: those of the training.
        record: what `run.json` tells about the training.

    Example:
        See `elman.tasks.chat.training.train_chatbot`.
    """

    task = "chat"

    def __init__(
        self, network: Writer, symbols: Symbols, options: ChatOptions, *, record: dict[str, Any] | None = None
    ) -> None:
        self.network, self.symbols, self.options = network.eval(), symbols, options
        self.record = dict(record or {})

    def reply(self, turns: Sequence[str], *, seed: int | None = None, **choosing: Any) -> str:
        """The answer to the last of some turns.

        Args:
            turns: of a dialogue, the two speakers taking turns; the last is the one to be answered.
            seed: the same number gives the same answer; None: drawn anew each time.
            **choosing: the fields of `ReplyOptions`: temperature, top_p, …

        Raises:
            ArgumentError, ArgumentTypeError: no turns, or something other than a list of texts.
        """
        return "".join(self.stream(turns, seed=seed, **choosing))

    def stream(
        self, turns: Sequence[str], *, seed: int | None = None, drawn: list[int] | None = None, **choosing: Any
    ) -> Iterator[str]:
        """The answer piece by piece, as it is written.

        Args:
            turns, seed, choosing: as for `reply`.
            drawn: a list that takes the ids of the symbols as they are drawn, the end last, for `why`.
        """
        options = self._choosing(choosing)
        ids, lengths = self._contexts([turns]).batch([0])
        return self._pieces(ids, lengths, options, _generator(seed), [] if drawn is None else drawn)

    def _pieces(
        self,
        ids: torch.Tensor,
        lengths: torch.Tensor,
        options: ReplyOptions,
        generator: torch.Generator | None,
        drawn: list[int],
    ) -> Iterator[str]:
        device = self.network.b.device
        with torch.no_grad():
            state = self.network.start(ids.to(device), lengths)
        first = torch.full((1,), BEGIN, device=device)
        steps = walk(
            self._step, state, first, _sampling(options), end=END, most=options.max_reply, least=1,
            forbidden=FORBIDDEN, generator=generator,
        )  # fmt: skip
        shown = text = ""
        for step in steps:
            drawn += step.symbols.tolist()
            [text] = self.symbols.decode([drawn])
            if text.endswith("\N{REPLACEMENT CHARACTER}"):
                continue  # a character of several bytes, not all of which are there
            yield text[len(shown) :]
            shown = text
        if text != shown:
            yield text[len(shown) :]

    def _step(self, symbols: torch.Tensor, state: DecoderState) -> tuple[torch.Tensor, DecoderState]:
        with torch.no_grad():  # not around a generator, whose caller would compute without gradients, too
            return self.network.step(symbols, state)

    def replies(self, dialogues: Sequence[Sequence[str]], *, seed: int = 0, **choosing: Any) -> list[str]:
        """The answers to the last turns of several dialogues, like lengths together; arguments as for `reply`."""
        options, generator = self._choosing(choosing), _generator(seed)

        def search(state: DecoderState, first: torch.Tensor, lengths: torch.Tensor) -> list[list[Any]]:
            found = decode(
                self._step, state, first, _sampling(options), end=END, most=options.max_reply, least=1,
                forbidden=FORBIDDEN, generator=generator,
            )  # fmt: skip
            return [[one] for one in found]

        found = write(self.network, self._contexts(dialogues), search)
        return [text.strip() for text in self.symbols.decode([row[0].symbols for row in found])]

    def why(self, turns: Sequence[str], reply: str | Sequence[int], *, others: int = 4) -> list[Reason]:
        """For each symbol of an answer: how probable it was, what else could have come, and what was looked at.

        Args:
            turns: of the dialogue, as for `reply`.
            reply: the answer to them; or the symbols that `stream` has drawn, which may spell a text otherwise than
                `elman.data.symbols.Symbols.encode` does, and need not have come to their end.
            others: how many alternatives, and symbols looked at, are named.

        Raises:
            ArgumentError, ArgumentTypeError: no turns, or a number that is none.
        """
        others = arguments.size("others", others, least=0)
        ids, lengths = self._contexts([turns]).batch([0])
        written = [*self.symbols.encode([reply]).row(0).tolist(), END] if isinstance(reply, str) else list(reply)
        state, before, reasons = None, BEGIN, list[Reason]()
        with torch.no_grad():
            state = self.network.start(ids.to(self.network.b.device), lengths)
            for symbol in written:
                log_p, state = self.network.step(torch.tensor([before], device=self.network.b.device), state)
                best = log_p[0].topk(min(others, log_p.shape[1]))
                looked: list[tuple[str, float]] = []
                if state.weights is not None:
                    top = state.weights[0].topk(min(others, ids.shape[1]))
                    names = self._named([int(ids[0, i]) for i in top.indices.tolist()])
                    looked = list(zip(names, top.values.tolist(), strict=True))
                alternatives = zip(self._named(best.indices.tolist()), best.values.exp().tolist(), strict=True)
                [name] = self._named([symbol])
                reasons.append(Reason(name, float(log_p[0, symbol].exp()), list(alternatives), looked))
                before = symbol
        return reasons

    def evaluate(
        self, data: str | os.PathLike[str] | Dialogues | Sequence[Sequence[str]], *, seed: int = 0, **reading: Any
    ) -> dict[str, Any]:
        """How well the model foretells the answers in some dialogues, and how varied its own are.

        Args:
            data: a file, or a list of dialogues.
            seed: of the answers that are drawn.
            **reading: how to read the file, the fields of `DialogueDataOptions`.

        Returns:
            dialogues; rows (answers); loss (nats per symbol, the ends among them) and perplexity of the given answers;
            of up to 1,000 answers, drawn by the training's options: sampled (how many), distinct_1 and distinct_2
            (shares of different words, and pairs of words), words (of an answer, on average), and the same of the
            given answers: given_distinct_1, given_distinct_2, given_words.

        Raises:
            DataError: what is wrong with the file, with its line.
            ConfigError: there is no such way to read it.
            ArgumentError, ArgumentTypeError: something other than dialogues.
        """
        if isinstance(data, str | os.PathLike):
            data = self.read(data, **reading)
        dialogues = data if isinstance(data, Dialogues) else dialogues_of(data)
        pairs = encoded(self.symbols, dialogues, self.options.symbols.context_turns)
        result: dict[str, Any] = {"dialogues": len(dialogues), "rows": len(pairs), **measured(self.network, pairs)}
        asked = [(own[:i], own[i]) for own in dialogues.turns for i in range(1, len(own))]
        some = [asked[i] for i in np.linspace(0, len(asked) - 1, min(SAMPLED, len(asked))).astype(int)]
        mine, given = self.replies([turns for turns, _ in some], seed=seed), [answer for _, answer in some]
        result["sampled"] = len(some)
        for name, texts in (("", mine), ("given_", given)):
            result |= {f"{name}distinct_{n}": distinct(texts, n) for n in (1, 2)}
            result[f"{name}words"] = sum(len(text.split()) for text in texts) / max(1, len(texts))
        return result

    def read(self, path: str | os.PathLike[str], **reading: Any) -> Dialogues:
        """The dialogues of a file.

        Args:
            path: a file, or "-".
            **reading: the fields of `DialogueDataOptions`.

        Raises:
            ConfigError: there is no such field, or it cannot have that value.
            DataError: what is wrong with the file, with its line.
        """
        given = {name: value for name, value in reading.items() if value is not None}
        options, _ = merge(DialogueDataOptions, overrides={"separator": self.options.data.separator, **given})
        return read_dialogues(path, options)

    def _contexts(self, dialogues: Sequence[Sequence[str]]) -> Ragged:
        for own in dialogues:
            if isinstance(own, str) or not all(isinstance(turn, str) for turn in own):
                raise ArgumentTypeError(f"turns are {own!r:.60}", expected="a list of texts", fix="Write [text].")
            if not own:
                raise ArgumentError("there is no turn to answer", expected="at least one text")
        return contexts(self.symbols, dialogues, self.options.symbols.context_turns)

    def _choosing(self, given: dict[str, Any]) -> ReplyOptions:
        known = ReplyOptions.__dataclass_fields__
        if unknown := [name for name in given if name not in known]:
            raise ArgumentError(f"there is no {', '.join(unknown)} to choose", expected=", ".join(known))
        options = replace(self.options.reply, **given)
        arguments.size("max_reply", options.max_reply)
        return options

    def _named(self, ids: Sequence[int]) -> list[str]:
        """Symbols as people read them."""
        names = self.symbols.names
        return [self.symbols.decode([[i]])[0].strip() or f"<{names[i].strip('<>')}>" for i in ids]

    def __repr__(self) -> str:
        weights = count_weights(self.network)
        return f"Chatbot({self.symbols.size:,} symbols, {weights:,} weights)"


def _generator(seed: int | None) -> torch.Generator | None:
    return None if seed is None else torch.Generator().manual_seed(arguments.seed(seed))


def _sampling(options: ReplyOptions) -> Sampling:
    return Sampling(
        temperature=options.temperature,
        top_k=options.top_k,
        top_p=options.top_p,
        repetition=options.repetition,
        no_repeat=options.no_repeat,
    )
