"""What a written symbol costs, early and late in a text: `python -m benchmarks.generation` (about a minute).

    python -m benchmarks.generation --quick       # a few rounds, to the screen

A language model with the shape of recipes/shakespeare-long.yaml (two LSTM layers of 512, characters) draws its text at
temperature 0.8. Beside it torch.nn with the same weights and the same way of drawing: once with the state carried by
hand, and once reading the whole text again for every symbol, as a network without a state has to. That their
log-probabilities are the same is seen before the clock starts.
"""

import sys
from collections.abc import Iterator
from itertools import islice
from string import printable

import torch
from torch import Tensor, nn

from benchmarks.in_turn import InTurn
from elman.data.corpus_options import CorpusSymbolOptions
from elman.data.vocabulary import Vocabulary
from elman.layers.softmax import Softmax
from elman.learn.weights import seeded
from elman.tasks.generate.language_model import LanguageModel
from elman.tasks.generate.network import Network
from elman.tasks.generate.options import GenerateOptions, LanguageModelOptions

PLACES = [10, 1_000, 5_000]
REREAD = 1_000  # of more, a symbol would take a second and longer
TEMPERATURE = 0.8
State = tuple[Tensor, Tensor] | None
NOTE = """Medians of {rounds} turns of at least {turn:.0f} ms, turn and turn about in one process of {threads} threads.
Milliseconds of one symbol that is drawn after so many others: by `model.stream(length=None)`, by torch.nn with the
state carried by hand, and by torch.nn where the whole text is read again for each symbol.
"""


def main() -> None:
    """Measure and print; a whole run writes the table."""
    timing = InTurn.asked("generation", "Time the writing of a text.")
    model, torch_model = make_models()
    titles = ["symbols before", "elman", "torch.nn, carried", "÷ elman", "torch.nn, read again", "÷ elman"]
    lines = [f"| {' | '.join(titles)} |", "|---" * len(titles) + "|"]
    for place in PLACES:
        texts = [islice(text, place, None) for text in (written(model), torch_model.carried())]
        if place <= REREAD:
            texts.append(islice(torch_model.read_again(place), 0, None))
        own, *others = (1000 * seconds for seconds in timing.medians([text.__next__ for text in texts]))
        cells = [f"{place:,}", f"{own:.3f}", *(part for t in others for part in (f"{t:.3f}", f"{t / own:.1f}"))]
        lines.append(f"| {' | '.join(cells + [''] * (len(titles) - len(cells)))} |")
        print(lines[-1], file=sys.stderr)
    timing.tell("What a written symbol costs", NOTE, lines)


def written(model: LanguageModel) -> Iterator[str]:
    """A text without an end."""
    return model.stream(length=None, temperature=TEMPERATURE, seed=0)


class Plain:
    """The same network as one writes it with torch.nn.

    Args:
        network: whose weights it has.
    """

    def __init__(self, network: Network) -> None:
        assert isinstance(network.softmax, Softmax)
        self.vectors, self.lstm = network.vectors.detach(), network.recurrent.to_torch()
        self.readout = nn.Linear(network.softmax.input_size, network.softmax.classes)
        self.readout.load_state_dict({"weight": network.softmax.E.detach(), "bias": network.softmax.c.detach()})

    @torch.no_grad()
    def read(self, ids: Tensor, state: State = None) -> tuple[Tensor, State]:
        """Log-probabilities (T, K) of what follows each symbol (T), and the state after them."""
        y, state = self.lstm(self.vectors[ids].unsqueeze(0), state)
        return self.readout(y[0]).log_softmax(dim=1), state

    def drawn(self, logits: Tensor, generator: torch.Generator) -> Tensor:
        """One symbol (1)."""
        return torch.multinomial((logits / TEMPERATURE).softmax(dim=0), 1, generator=generator)

    def carried(self) -> Iterator[Tensor]:
        """A text without an end; a symbol is read once."""
        generator, state, last = torch.Generator().manual_seed(0), None, torch.zeros(1, dtype=torch.long)
        while True:
            logits, state = self.read(last, state)
            last = self.drawn(logits[0], generator)
            yield last

    def read_again(self, length: int) -> Iterator[Tensor]:
        """Symbols after a text of so many, which is read for each of them."""
        generator, before = torch.Generator().manual_seed(0), torch.zeros(length, dtype=torch.long)
        while True:
            yield self.drawn(self.read(before)[0][-1], generator)


def make_models() -> tuple[LanguageModel, Plain]:
    """A language model with random weights, and the same with torch.nn."""
    options = GenerateOptions(
        symbols=CorpusSymbolOptions(tokens="character"),
        model=LanguageModelOptions(cell="lstm", embedding=64, hidden=512, layers=2, variational=False),
    )
    vocabulary = Vocabulary.learn([printable], options.symbols)
    with seeded(0):
        model = LanguageModel(Network(vocabulary.size, options.model), vocabulary, options)
    plain, text = Plain(model.network), printable * 3
    ids = torch.from_numpy(vocabulary.encode(text)).long()
    found = torch.tensor([one.log_probability for one in model.score(text)])
    expected = plain.read(torch.cat([torch.tensor([vocabulary.start_id]), ids[:-1]]))[0].gather(1, ids[:, None])[:, 0]
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-4)
    return model, plain


if __name__ == "__main__":
    main()
