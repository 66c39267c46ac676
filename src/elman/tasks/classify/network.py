"""The network of a text classifier: embedding → recurrent layers → pooling → readout."""

import torch
from torch import Tensor, nn

from elman.cells.by_name import make_cell
from elman.cells.cell import size
from elman.data.symbols import Symbols
from elman.layers import Pooling, Readout, Recurrent
from elman.layers.lengths import Lengths
from elman.tasks.classify.options import ModelOptions
from elman.tasks.classify.pairs import Pairs


class Network(nn.Module):
    """Reads a whole text, then gives one number per class.

        x_t = E[s_t] (+ P[s_{t-1}, s_t])        h_t = cell(x_t, h_{t-1})        o = pool(h_1 … h_T) V + c

    Softmax or sigmoid belong to the loss. A text of no symbols gives the readout's bias c.

    Args:
        symbols: size of the vocabulary, ids 0 (`<pad>`) and 1 (`<unk>`) included.
        classes: how many outputs.
        options: widths, depth, pooling and dropouts.
        pairs: the pairs of neighbouring symbols with a vector P of their own, as `frequent_pairs` finds them.

    Raises:
        ArgumentError, ArgumentTypeError: sizes that are not positive, probabilities outside [0, 1).

    Example:
        >>> from elman.tasks.classify.options import ModelOptions
        >>> network = Network(100, 3, ModelOptions(embedding=4, hidden=5))
        >>> network(torch.tensor([[7, 8, 9], [5, 0, 0]]), lengths=[3, 1]).shape
        torch.Size([2, 3])
    """

    def __init__(self, symbols: int, classes: int, options: ModelOptions, pairs: Tensor | None = None) -> None:
        super().__init__()
        self.options = options
        self.embedding = nn.Embedding(size("symbols", symbols), size("embedding", options.embedding))
        # Torch's standard deviation of 1 would drive tanh into its flat ends before anything is learned.
        nn.init.normal_(self.embedding.weight, std=0.1)
        self.pairs = None if pairs is None else Pairs(pairs, symbols, options.embedding, options.pair_dropout)
        self.recurrent = Recurrent(
            make_cell(options.cell, options.embedding, options.hidden, options.activation),
            layers=options.layers,
            bidirectional=options.bidirectional,
            dropout=options.dropout if options.layers > 1 else 0.0,
        )
        self.pooling = Pooling(options.pooling, bidirectional=options.bidirectional)
        self.readout = Readout(self.pooling.output_size(self.recurrent.output_size), classes)

    def forward(self, ids: Tensor, lengths: Lengths | None = None) -> Tensor:
        """Logits (n, classes).

        Args:
            ids: symbols (n, T), int64; what stands beyond a row's length is never read.
            lengths: symbols of each row (n); None where every row fills all T.
        """
        options = self.options
        if self.training and options.word_dropout:
            ids = ids.masked_fill(torch.rand(ids.shape, device=ids.device) < options.word_dropout, Symbols.unknown_id)
        x = self.embedding(ids)
        if self.pairs is not None:
            x = x + self.pairs(ids)
        x = nn.functional.dropout(x, options.embedding_dropout, self.training)
        y, _ = self.recurrent(x, lengths)
        pooled = self.pooling(y, lengths)
        return self.readout(nn.functional.dropout(pooled, options.dropout, self.training))
