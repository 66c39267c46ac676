"""The tagger's network and what it reads: a sentence alone is a sentence in a batch, and the loss is what it says."""

import itertools
from typing import Any

import numpy as np
import pytest
import torch

from elman.errors import ArgumentError
from elman.layers.crf import Allowed
from elman.learn.spans import allowed, invalid
from elman.tasks.tag.lexicon import Lexicon, shape
from elman.tasks.tag.network import Network
from elman.tasks.tag.options import TagModelOptions, TagSymbolOptions

SENTENCES = [["The", "cats", "sat"], [], ["the", "bats", "sat", "on", "cats"], ["Oh"], ["unseen", "sat"]]
SMALL: dict[str, Any] = {
    "embedding": 6,
    "character_embedding": 5,
    "character_hidden": 4,
    "affix_embedding": 3,
    "hidden": 7,
}


def made(tags: int = 3, labels: int = 2, **options: Any) -> tuple[Lexicon, Network]:
    """A lexicon of all sentences but the last, and a network in float64, its weights drawn at random."""
    torch.manual_seed(1)
    lexicon = Lexicon.learn(SENTENCES[:-1], TagSymbolOptions(affixes=2))
    chosen = TagModelOptions(**{**SMALL, **options})
    return lexicon, Network(lexicon, tags, labels, chosen).double().eval()


@pytest.mark.parametrize(
    "options", [{}, {"character_hidden": 0}, {"cell": "gru", "layers": 2}, {"bidirectional": False}]
)
def test_a_sentence_in_a_batch_is_a_sentence_alone(options: dict[str, Any]) -> None:
    lexicon, network = made(**options)
    encoded = lexicon.encode(SENTENCES)
    scores, labels = network.scores(encoded.batch(range(len(SENTENCES))))
    assert labels is not None
    for row, sentence in enumerate(SENTENCES):
        alone = lexicon.encode([sentence]).batch([0])
        own, label = network.scores(alone)
        assert label is not None
        # Sums of a few dozen products in another order, in float64.
        torch.testing.assert_close(scores[row, : len(sentence)], own[0], rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(labels[row], label[0], rtol=1e-12, atol=1e-12)


def test_the_loss_is_the_mean_over_the_words_and_the_label_beside_it() -> None:
    lexicon, network = made(label_weight=0.5)
    batch = lexicon.encode(SENTENCES).batch(range(5))
    tags, labels = torch.randint(3, (5, 5)), torch.tensor([0, 1, 1, 0, 1])
    scores, label_scores = network.scores(batch)
    assert label_scores is not None
    words = [
        -scores[i, j].log_softmax(0)[tags[i, j]] for i, sentence in enumerate(SENTENCES) for j in range(len(sentence))
    ]
    expected = torch.stack(words).mean()
    assert network(batch, tags).item() == pytest.approx(expected.item(), rel=1e-12)
    second = torch.stack([-label_scores[i].log_softmax(0)[labels[i]] for i in range(5)]).mean()
    assert network(batch, tags, labels).item() == pytest.approx((expected + 0.5 * second).item(), rel=1e-12)


def test_the_loss_of_a_field_is_that_of_whole_sentences() -> None:
    lexicon, network = made(labels=0, output="crf")
    assert network.crf is not None
    for weight in network.crf.parameters():
        torch.nn.init.normal_(weight)
    batch, tags = lexicon.encode(SENTENCES).batch(range(5)), torch.randint(3, (5, 5))
    scores, _ = network.scores(batch)
    A, b, e = network.crf.A, network.crf.b, network.crf.e
    total = 0.0
    for i, sentence in enumerate(SENTENCES):
        if sentence:
            weights = {
                y: (b[y[0]] + e[y[-1]]).item()
                + sum(scores[i, t, k].item() for t, k in enumerate(y))
                + sum(A[j, k].item() for j, k in itertools.pairwise(y))
                for y in itertools.product(range(3), repeat=len(sentence))
            }
            total += np.logaddexp.reduce(list(weights.values())) - weights[tuple(tags[i, : len(sentence)].tolist())]
    assert network(batch, tags).item() == pytest.approx(total / sum(map(len, SENTENCES)), rel=1e-10)


@pytest.mark.parametrize("output", ["softmax", "crf"])
def test_only_valid_sequences_are_decoded(output: str) -> None:
    names = ["O", "B-x", "I-x", "B-y", "I-y"]
    _, network = made(tags=5, labels=0, output=output)
    constraints = Allowed(*map(torch.from_numpy, allowed(names, "bio")))
    scores, lengths = 5 * torch.randn(40, 6, 5, dtype=torch.float64), torch.arange(40) % 7
    free = network.decode(scores, lengths)
    bound = network.decode(scores, lengths, constraints)
    wrong = [
        invalid([names[k] for k in row[:n]], "bio") for row, n in zip(free.tolist(), lengths.tolist(), strict=True)
    ]
    assert any(wrong)
    for row, before, bad, n in zip(bound.tolist(), free.tolist(), wrong, lengths.tolist(), strict=True):
        assert invalid([names[k] for k in row[:n]], "bio") == []
        if not bad:  # what was valid is still the best
            assert row[:n] == before[:n]


def test_what_a_word_is_read_as() -> None:
    lexicon = Lexicon.learn(SENTENCES[:-1], TagSymbolOptions(affixes=2, max_characters=6))
    encoded = lexicon.encode([["The", "dogs", "cats", "The"]])
    assert encoded.words.tolist() == [lexicon.words.index("the") + 1, 0, lexicon.words.index("cats") + 1]
    assert encoded.tokens.row(0).tolist() == [0, 1, 2, 0]
    assert encoded.affixes.shape == (3, 5)
    ending = lexicon.affixes.index("-s") + 1
    assert [ending in row for row in encoded.affixes.tolist()] == [False, True, True]
    assert lexicon.knows("BATS")
    assert not lexicon.knows("dogs")
    first, last = lexicon.encode([["sathhhhhcats"]]).characters.row(0), lexicon.encode([["satats"]]).characters.row(0)
    assert first.tolist() == last.tolist()  # of a longer word its two ends
    assert Lexicon.learn(SENTENCES, TagSymbolOptions(affixes=0)).encode([["a"]]).affixes.shape == (1, 1)


def test_capitals_count_where_they_are_asked_for() -> None:
    lexicon = Lexicon.learn([["The", "the", "sat"]], TagSymbolOptions(lowercase=False))
    assert lexicon.encode([["The", "the", "THE"]]).words.tolist() == [1, 3, 0]  # The, sat, the
    assert not lexicon.knows("THE")


def test_a_lexicon_is_read_back() -> None:
    lexicon = Lexicon.learn([["naïve", "\ud800", "日本"]], TagSymbolOptions())
    back = Lexicon.from_json(lexicon.to_json(), TagSymbolOptions())
    assert (back.words, back.characters, back.affixes) == (lexicon.words, lexicon.characters, lexicon.affixes)
    for text in ("{}", "[]", "x", '{"words": [1], "characters": [], "affixes": []}'):
        with pytest.raises(ArgumentError, match="not the JSON of a lexicon"):
            Lexicon.from_json(text, TagSymbolOptions())


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("Hello", "Xx"),
        ("iPhone7", "xXxd"),
        ("U.S.", "X.X."),
        ("2,000", "d,d"),
        ("don't", "x'x"),
        ("Élan", "Xx"),
        ("", ""),
    ],
)
def test_the_shape_of_a_word(word: str, expected: str) -> None:
    assert shape(word) == expected


def test_dropped_words_are_read_by_their_characters_alone() -> None:
    """With every word dropped, the vector of the word changes nothing: that of unknown words is read."""
    lexicon, network = made(word_dropout=0.999999, embedding_dropout=0.0, dropout=0.0)
    batch = lexicon.encode(SENTENCES).batch(range(5))
    network.train()
    before, _ = network.scores(batch)
    with torch.no_grad():
        network.words.weight[1:] += 1.0
    after, _ = network.scores(batch)
    assert torch.equal(before, after)
    network.eval()
    assert not torch.equal(network.scores(batch)[0], after)


def test_the_label_of_a_sentence_moves_the_scores_of_its_tags() -> None:
    lexicon, network = made()
    assert network.L is not None
    batch = lexicon.encode(SENTENCES).batch(range(5))
    before, labels = network.scores(batch)
    assert labels is not None
    torch.nn.init.normal_(network.L)
    after, same = network.scores(batch)
    assert torch.equal(labels, same if same is not None else labels[:0])
    expected = before + (labels.exp() / labels.exp().sum(dim=1, keepdim=True) @ network.L).unsqueeze(1)
    torch.testing.assert_close(after, expected, rtol=1e-12, atol=1e-12)
