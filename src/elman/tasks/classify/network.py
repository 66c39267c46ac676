"""The network of a text classifier: embedding → recurrent layers → pooling → readout."""

import torch
from torch import Tensor, nn

from elman.cells import Elman
from elman.cells.cell import size
from elman.layers import Pooling, Readout, Recurrent
from elman.layers.lengths import Lengths
from elman.tasks.classify.options import ModelOptions

UNKNOWN = 1  # the id of "<unk>"; 0 is "<pad>", and what stands before the first symbol of a text

# Pairs are spread over the rows of their table by (a·key + b) mod p mod rows, p prime, every product below 2⁶³.
_P, _A, _B = 2_147_483_647, 1_103_515_245, 12_345


class Network(nn.Module):
    """Reads a whole text, then gives one number per class.

        x_t = E[s_t] (+ P[s_{t-1}, s_t])        h_t = cell(x_t, h_{t-1})        o = pool(h_1 … h_T) V + c

    Softmax or sigmoid belong to the loss. A text of no symbols gives the readout's bias c.

    Args:
        symbols: size of the vocabulary, ids 0 (`<pad>`) and 1 (`<unk>`) included.
        classes: how many outputs.
        options: widths, depth, pooling and dropouts.

    Raises:
        ArgumentError, ArgumentTypeError: sizes that are not positive, probabilities outside [0, 1).

    Example:
        >>> from elman.tasks.classify.options import ModelOptions
        >>> network = Network(100, 3, ModelOptions(embedding=4, hidden=5))
        >>> network(torch.tensor([[7, 8, 9], [5, 0, 0]]), lengths=[3, 1]).shape
        torch.Size([2, 3])
    """

    def __init__(self, symbols: int, classes: int, options: ModelOptions) -> None:
        super().__init__()
        self.options = options
        self.embedding = _table(size("symbols", symbols), size("embedding", options.embedding))
        self.pairs = _table(size("pairs", options.pairs), options.embedding) if options.pairs else None
        self.recurrent = Recurrent(
            Elman(options.embedding, options.hidden, options.activation),
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
            ids = ids.masked_fill(torch.rand(ids.shape, device=ids.device) < options.word_dropout, UNKNOWN)
        x = self.embedding(ids)
        if self.pairs is not None:
            x = x + self.pairs(pair_rows(ids, self.embedding.num_embeddings, self.pairs.num_embeddings))
        x = nn.functional.dropout(x, options.embedding_dropout, self.training)
        y, _ = self.recurrent(x, lengths)
        pooled = self.pooling(y, lengths)
        return self.readout(nn.functional.dropout(pooled, options.dropout, self.training))


def pair_rows(ids: Tensor, symbols: int, rows: int) -> Tensor:
    """The row (n, T) of the hashed table for each symbol and the one before it; before the first stands id 0."""
    before = nn.functional.pad(ids, (1, 0))[:, :-1]
    key = before * symbols + ids  # one number per pair
    return (key % _P * _A + _B) % _P % rows


def _table(rows: int, width: int) -> nn.Embedding:
    table = nn.Embedding(rows, width)
    # Torch's standard deviation of 1 would drive tanh into its flat ends before anything is learned.
    nn.init.normal_(table.weight, std=0.1)
    return table
