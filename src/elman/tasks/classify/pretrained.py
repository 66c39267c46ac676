"""A classifier that begins with what a language model knows: its vectors of symbols, and its recurrent layers."""

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from elman.cells.cell import Cell
from elman.data.config_file import merge
from elman.data.corpus_options import CorpusSymbolOptions
from elman.data.files import sha256_of
from elman.data.symbols import Symbols
from elman.data.vocabulary import Vocabulary
from elman.errors import ConfigError, RunError
from elman.learn.contents import SUMS
from elman.learn.folder import open_run
from elman.learn.models import readable
from elman.tasks.classify.network import Network
from elman.tasks.classify.options import ClassifyOptions

TOKENS = ("word", "character")  # those that both tasks cut a text into in the same way
NOWHERE = ("<unk>", "<eol>")
SHARED = ("cell", "activation", "embedding", "hidden", "layers")


@dataclass(frozen=True)
class Pretrained:
    """What a classifier takes from the run of a language model.

    Args:
        path: the run folder.
        sha256: of its sums, so that a training is not continued from another model.
        model: the options of its network.
        symbols: the options of its symbols.
        names: its symbols, by their ids.
        vectors: of its symbols (K, embedding).
        layers: its recurrent weights, "l0.U" → tensor.
    """

    path: str
    sha256: str
    model: dict[str, Any]
    symbols: CorpusSymbolOptions
    names: list[str]
    vectors: Tensor
    layers: dict[str, Tensor]

    def adapted(self, options: ClassifyOptions) -> ClassifyOptions:
        """The options of a classifier, with the sizes and the symbols of the language model.

        Raises:
            ConfigError: what the classifier is to read, or its depth, does not go together with the language model.
        """
        if self.symbols.tokens not in TOKENS:
            raise ConfigError(
                f"the language model in {self.path} reads {self.symbols.tokens!r}",
                expected=f"one that reads {' or '.join(TOKENS)}, as classifiers do",
            )
        if options.model.bidirectional and self.model["layers"] > 1:
            raise ConfigError(
                f"the language model in {self.path} has {self.model['layers']} layers, and reads in one direction",
                fix="Write bidirectional: false (--no-bidirectional).",
            )
        model = replace(options.model, **{name: self.model[name] for name in SHARED})
        symbols = replace(options.symbols, tokens=self.symbols.tokens, lowercase=self.symbols.lowercase)
        return replace(options, model=model, symbols=symbols)

    def further(self) -> list[str]:
        """Its symbols that may stand in a text, the most frequent first."""
        return [name for name in self.names if name not in NOWHERE]

    @torch.no_grad()
    def into(self, network: Network, symbols: Symbols) -> int:
        """Give a network the vectors and the layers; what reads from the end stays as it is.

        A symbol that the language model does not know begins with the mean of all vectors.

        Returns:
            How many of the symbols it knows.

        Raises:
            ConfigError: a weight is missing, or has another shape.
        """
        ids = {name: i for i, name in enumerate(self.names)}
        rows = torch.tensor([ids.get(name, -1) for name in symbols.names])
        network.embedding.weight.copy_(self.vectors.mean(dim=0))
        network.embedding.weight[rows >= 0] = self.vectors[rows[rows >= 0]]
        for name, cell in network.recurrent.cells.items():
            if not name.endswith("_backward"):
                self._fill(name, cell)
        return int((rows >= 0).sum())

    def _fill(self, layer: str, cell: nn.Module) -> None:
        own = {name.removeprefix(f"{layer}."): v for name, v in self.layers.items() if name.startswith(f"{layer}.")}
        found, wanted = ({name: tuple(v.shape) for name, v in part.items()} for part in (own, cell.state_dict()))
        for name in sorted({*found, *wanted}):
            if found.get(name) != wanted.get(name):
                raise ConfigError(
                    f"the layer {layer} of the language model in {self.path} does not fit: its {name} has the shape "
                    f"{found.get(name, 'of nothing')}",
                    expected=f"{wanted.get(name, 'none')}, as in a cell that classifiers have",
                )
        cell.load_state_dict(own)


def read_pretrained(path: str) -> Pretrained:
    """What a classifier can take from a run folder.

    Raises:
        RunError: it holds no language model, or is damaged.
    """
    from safetensors.torch import load

    run = open_run(path)
    if run.about.get("task") != "generate":
        raise RunError(
            f"{path} holds a model for the task {run.about.get('task')!r}", expected="the run of --task generate"
        )
    with readable(run, "language model"):
        weights, model = load(run.file("model.safetensors")), run.config["model"]
        symbols, _ = merge(CorpusSymbolOptions, yaml=run.config["symbols"])
        vocabulary = Vocabulary.from_json(run.file("symbols.json").decode(), symbols)
        vectors = weights["E"] if "E" in weights else weights["softmax.E"]
        if vectors.shape != (vocabulary.size, model["embedding"]):
            raise ValueError(f"the vectors of {vocabulary.size} symbols are {tuple(vectors.shape)}")
        shared = {name: model[name] for name in SHARED}
    return Pretrained(
        path=path,
        sha256=sha256_of(run.path / SUMS),
        model=shared,
        symbols=symbols,
        names=vocabulary.names,
        vectors=vectors,
        # A cell whose weights were dropped in training lies within another: l0.cell.W.
        layers={
            name.removeprefix("recurrent.cells.").replace(".cell.", "."): value
            for name, value in weights.items()
            if name.startswith("recurrent.cells.")
        },
    )


def step_groups(network: Network) -> list[list[nn.Parameter]]:
    """The weights from the top down: the readout with all that is new, then the layers, then the vectors of symbols."""
    below: list[list[nn.Parameter]] = [list(network.embedding.parameters())]
    for name, cell in network.recurrent.cells.items():
        assert isinstance(cell, Cell)
        if not name.endswith("_backward"):
            below.append(list(cell.parameters()))
    known = {id(p) for group in below for p in group}
    return [[p for p in network.parameters() if id(p) not in known], *reversed(below)]


def step_shares(groups: int, epoch: int, thaw: int, lower: float) -> list[float]:
    """The step size of each group in an epoch, as a share of that of the top.

    Example:
        >>> step_shares(3, epoch=1, thaw=1, lower=0.5)         # the lowest group does not learn yet
        [1.0, 0.5, 0.0]
        >>> step_shares(3, epoch=2, thaw=1, lower=0.5)
        [1.0, 0.5, 0.25]

    Source: J. Howard and S. Ruder, "Universal language model fine-tuning for text classification", ACL 2018,
    arXiv:1801.06146.
    """
    return [lower**depth if epoch >= depth * thaw else 0.0 for depth in range(groups)]
