"""An encoder and decoder beside the same network of torch.nn: `python -m benchmarks.translate` (about a minute).

    python -m benchmarks.translate --quick       # a few rounds, to the screen

The network of recipes/multi30k.yaml and one made of nn.Embedding, nn.GRU on packed sequences, a matrix product for the
attention and F.cross_entropy take turns in one process, with the same weights; their losses are compared before the
clock starts. Batches are of unequal lengths, as descriptions of pictures have them.
"""

import sys
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from benchmarks.in_turn import InTurn
from elman import cells
from elman.data.ragged import Ragged
from elman.layers.encoder_decoder import EncoderDecoder
from elman.learn.beam import beam_search
from elman.learn.decoding import decode
from elman.learn.pairs import BEGIN, END, Batch, EncodedPairs

SYMBOLS, ROWS, STEPS = 6000, 64, 20
SHAPES = [(256, 256), (128, 128)]  # embedding, hidden
NOTE = """Medians of {rounds} turns of at least {turn:.0f} ms, turn and turn about in one process of {threads} threads;
float32. "train" is the loss of {rows} pairs ({tokens} target symbols, 14 ± 5 a row) with all gradients, no dropout;
"greedy" and "beam 5" write 20 symbols for each of the {rows} sources with the search of `elman.learn`, over the step of
either network. Thousands of symbols per second; the ratio says how many times faster elman is.
"""


class Plain(nn.Module):
    """The same network in the layers of torch.nn, with copies of the weights."""

    P: Tensor
    q: Tensor
    W: Tensor
    V: Tensor
    c: Tensor
    b: Tensor

    def __init__(self, own: EncoderDecoder) -> None:
        super().__init__()
        self.table = nn.Parameter(own.written.weight.detach().clone())
        self.encoder, self.decoder = own.encoder.to_torch(), own.decoder.recurrent.to_torch()
        weights: dict[str, Any] = dict(own.named_parameters())
        names = {"P": "decoder.P.h", "q": "decoder.q.h", "W": "attention.W", "V": "mix.V", "c": "mix.c", "b": "b"}
        for name, source in names.items():
            self.register_parameter(name, nn.Parameter(weights[source].detach().clone()))

    def start(self, source: Tensor, lengths: Tensor) -> dict[str, Tensor]:
        """State before the first symbol, name → (n, …)."""
        packed = pack_padded_sequence(self.table[source], lengths, batch_first=True, enforce_sorted=False)
        y, last = self.encoder(packed)
        memory, _ = pad_packed_sequence(y, batch_first=True)
        h = torch.tanh(torch.cat([last[0], last[1]], dim=1) @ self.P + self.q)
        real = torch.arange(memory.shape[1]) < lengths.unsqueeze(1)
        return {"h": h, "memory": memory, "keys": memory @ self.W, "real": real}

    def logits(self, h: Tensor, state: dict[str, Tensor]) -> Tensor:
        """(n, S, V) from the decoder's states (n, S, h)."""
        scores = (h @ state["keys"].transpose(1, 2)).masked_fill(~state["real"].unsqueeze(1), -1e30)
        a = torch.tanh(torch.cat([h, scores.softmax(dim=2) @ state["memory"]], dim=2) @ self.V + self.c)
        return functional.linear(a, self.table, self.b)

    def forward(self, source: Tensor, lengths: Tensor, before: Tensor, own: Tensor, targets: Tensor) -> Tensor:
        """The smoothed loss."""
        state = self.start(source, lengths)
        packed = pack_padded_sequence(self.table[before], own, batch_first=True, enforce_sorted=False)
        h, _ = pad_packed_sequence(self.decoder(packed, state["h"].unsqueeze(0))[0], batch_first=True)
        real = torch.arange(h.shape[1]) < own.unsqueeze(1)
        return functional.cross_entropy(self.logits(h, state)[real], targets, label_smoothing=0.1)

    def step(self, symbols: Tensor, state: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """Log-probabilities of the next symbol, and the next state."""
        h, last = self.decoder(self.table[symbols].unsqueeze(1), state["h"].unsqueeze(0))
        return self.logits(h, state).squeeze(1).log_softmax(dim=1), {**state, "h": last.squeeze(0)}


def main() -> None:
    """Measure and print; a whole run writes the table."""
    timing = InTurn.asked("translate", "Time an encoder and decoder.")
    batch = pairs().batch(np.arange(ROWS))
    lines = ["| embedding, hidden | | elman | torch.nn | ratio |", "|---" * 5 + "|"]
    for embedding, hidden in SHAPES:
        for what, (tokens, calls) in calls_of(embedding, hidden, batch).items():
            ours, plain = timing.medians(calls)
            speeds = f"{tokens / ours / 1000:.2f} | {tokens / plain / 1000:.2f} | {plain / ours:.2f}"
            lines.append(f"| {embedding}, {hidden} | {what} | {speeds} |")
            print(lines[-1], file=sys.stderr)
    timing.tell("An encoder and decoder beside torch.nn", NOTE, lines, rows=ROWS, tokens=len(batch.targets))


def pairs() -> EncodedPairs:
    """Pairs of random symbols, their lengths as those of descriptions of pictures: 14 ± 5."""
    random = np.random.default_rng(0)
    lengths = np.sort(random.normal(14, 5, (ROWS, 1)).round().clip(5, 40).astype(int), axis=0)
    sizes = (lengths + random.integers(-2, 3, (ROWS, 2))).clip(4)
    rows = [[random.integers(4, SYMBOLS, size) for size in column] for column in sizes.T]
    return EncodedPairs(Ragged.of(rows[0]), Ragged.of(rows[1]))


def calls_of(embedding: int, hidden: int, batch: Batch) -> dict[str, tuple[int, list[Any]]]:
    """What is timed → symbols of a call, and the calls of both networks."""
    torch.manual_seed(0)
    own = EncoderDecoder(SYMBOLS, embedding, lambda width: cells.GRU(width, hidden)).eval()
    plain = Plain(own)
    given = (batch.source, batch.lengths, batch.before, batch.before_lengths, batch.targets)
    torch.testing.assert_close(own(*given, 0.1), plain(*given), rtol=1e-4, atol=1e-5)

    def train(network: Any, *more: float) -> None:
        network.zero_grad()
        network(*given, *more).backward()

    def searched(network: Any, width: int) -> None:
        first, most = torch.full((ROWS,), BEGIN), STEPS
        with torch.no_grad():
            state = network.start(batch.source, batch.lengths)
            if width == 1:
                decode(network.step, state, first, end=END, most=most, forbidden=[END])
            else:
                beam_search(network.step, state, first, end=END, most=most, width=width, forbidden=[END])

    return {
        "train": (len(batch.targets), [lambda: train(own, 0.1), lambda: train(plain)]),
        "greedy": (ROWS * STEPS, [lambda: searched(own, 1), lambda: searched(plain, 1)]),
        "beam 5": (ROWS * STEPS, [lambda: searched(own, 5), lambda: searched(plain, 5)]),
    }


if __name__ == "__main__":
    main()
