"""The network of a tagger: words, their characters and endings → recurrent layers → one tag per word."""

import torch
from torch import Tensor, nn

from elman.cells.by_name import make_cell
from elman.layers import CRF, Pooling, Readout, Recurrent
from elman.layers.crf import Allowed, viterbi
from elman.layers.lengths import real_steps
from elman.tasks.tag.lexicon import UNKNOWN, Batch, Lexicon
from elman.tasks.tag.options import TagModelOptions


class Network(nn.Module):
    """Reads a whole sentence, then gives one number per word and tag, and one per label of the sentence.

        x_t = [E[w_t], r(characters of w_t), Σ A[affixes of w_t]]     h_t = cell(x_t, h_{t-1}), from both ends
        o_t = h_t V + c + softmax(l) L                                l = [mean_t h_t, max_t h_t] V' + c'

    r is the last state of a recurrent layer over the characters, from both ends. It is computed once for each
    distinct word of a batch. L tells which tags go with which label of the sentence; without labels it is left out.

    Args:
        lexicon: what the words are read as.
        tags: how many tags there are.
        labels: how many labels a sentence may have; 0: none is predicted.
        options: widths, depth and dropouts.

    Raises:
        ArgumentError, ArgumentTypeError: sizes that are not positive, probabilities outside [0, 1).

    Example:
        >>> from elman.tasks.tag.lexicon import Lexicon
        >>> from elman.tasks.tag.options import TagSymbolOptions
        >>> lexicon = Lexicon.learn([["a", "fine", "film"]], TagSymbolOptions())
        >>> network = Network(lexicon, 3, 0, TagModelOptions(hidden=5)).eval()
        >>> scores, _ = network.scores(lexicon.encode([["a", "film"], ["fine"]]).batch([0, 1]))
        >>> scores.shape
        torch.Size([2, 2, 3])
    """

    def __init__(self, lexicon: Lexicon, tags: int, labels: int, options: TagModelOptions) -> None:
        super().__init__()
        self.options = options
        o = options
        self.words = nn.Embedding(len(lexicon.words) + 1, o.embedding)
        self.characters = nn.Embedding(len(lexicon.characters) + 1, o.character_embedding)
        self.affixes = nn.EmbeddingBag(len(lexicon.affixes) + 1, o.affix_embedding, mode="sum", padding_idx=UNKNOWN)
        for table in (self.words, self.characters, self.affixes):
            nn.init.normal_(table.weight, std=0.1)
        self.spelling: Recurrent | None = None
        if o.character_hidden:
            cell = make_cell(o.cell, o.character_embedding, o.character_hidden, o.activation)
            self.spelling = Recurrent(cell, bidirectional=True)
        self.ends = Pooling("last", bidirectional=True)
        width = o.embedding + 2 * o.character_hidden + o.affix_embedding
        self.recurrent = Recurrent(
            make_cell(o.cell, width, o.hidden, o.activation),
            layers=o.layers,
            bidirectional=o.bidirectional,
            dropout=o.dropout if o.layers > 1 else 0.0,
        )
        self.readout = Readout(self.recurrent.output_size, tags)
        self.crf = CRF(tags) if o.output == "crf" else None
        self.pooling = Pooling("mean+max")
        self.label_readout = Readout(self.pooling.output_size(self.recurrent.output_size), labels) if labels else None
        self.L = nn.Parameter(torch.zeros(labels, tags)) if labels else None

    def forward(self, batch: Batch, tags: Tensor, labels: Tensor | None = None) -> Tensor:
        """The mean loss: per word −log p(tag), and per sentence −log p(label) times the weight that it has.

        Args:
            batch: n sentences of at most T words.
            tags: (n, T), whole numbers.
            labels: (n), whole numbers.
        """
        scores, label_scores = self.scores(batch)
        if self.crf is not None:
            loss = -self.crf.log_likelihood(scores, tags, batch.lengths).sum() / batch.lengths.sum().clamp(min=1)
        else:
            real = real_steps(batch.lengths, tags.shape[1], tags.device)
            loss = nn.functional.cross_entropy(scores[real], tags[real])
        if label_scores is not None and labels is not None:
            loss = loss + self.options.label_weight * nn.functional.cross_entropy(label_scores, labels)
        return loss

    def scores(self, batch: Batch) -> tuple[Tensor, Tensor | None]:
        """Scores of the tags (n, T, k), and of the labels (n, l) where there are any."""
        o = self.options
        known = batch.words[batch.tokens]  # (n, T)
        if self.training and o.word_dropout:
            known = known.masked_fill(torch.rand(known.shape, device=known.device) < o.word_dropout, UNKNOWN)
        forms = [self.affixes(batch.affixes)]
        if self.spelling is not None:
            letters = nn.functional.dropout(self.characters(batch.characters), o.embedding_dropout, self.training)
            forms.append(self.ends(self.spelling(letters, batch.character_lengths)[0], batch.character_lengths))
        x = torch.cat([self.words(known), torch.cat(forms, dim=-1)[batch.tokens]], dim=-1)
        y, _ = self.recurrent(nn.functional.dropout(x, o.embedding_dropout, self.training), batch.lengths)
        scores = self.readout(nn.functional.dropout(y, o.dropout, self.training))
        if self.label_readout is None or self.L is None:
            return scores, None
        pooled = nn.functional.dropout(self.pooling(y, batch.lengths), o.dropout, self.training)
        label_scores = self.label_readout(pooled)
        return scores + (label_scores.softmax(dim=-1) @ self.L).unsqueeze(1), label_scores

    def decode(self, scores: Tensor, lengths: Tensor, allowed: Allowed | None = None) -> Tensor:
        """The best tags (n, T) for scores (n, T, k): only sequences that are allowed."""
        if self.crf is not None:
            return self.crf.decode(scores, lengths, allowed)
        if allowed is None:
            return scores.argmax(dim=-1)
        k = scores.shape[-1]
        none = scores.new_zeros(k)
        return viterbi(scores.log_softmax(-1), scores.new_zeros(k, k), none, none, lengths, allowed)
