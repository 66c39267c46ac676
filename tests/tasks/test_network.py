"""The classifier's network: against the equations written out in numpy, and the laws of lengths, order and dropout."""

import numpy as np
import pytest
import torch

from elman.data.symbols import Symbols
from elman.errors import ElmanError
from elman.tasks.classify.network import Network
from elman.tasks.classify.options import ModelOptions

IDS = torch.tensor([[7, 8, 9, 3], [5, 6, 0, 0], [4, 0, 0, 0]])
LENGTHS = [4, 2, 1]
PAIRS = torch.tensor([4, 78, 93])  # 4 at the beginning, 7 8, 9 3


def quiet(**changes: object) -> ModelOptions:
    """Small, and without any dropout."""
    plain = {
        "cell": "elman",
        "embedding": 4,
        "hidden": 5,
        "layers": 1,
        "bidirectional": False,
        "pooling": "mean+max",
        "pairs": 0,
    }
    none = {"word_dropout": 0.0, "embedding_dropout": 0.0, "dropout": 0.0}
    return ModelOptions(**{**plain, **none, **changes})  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("pairs", [False, True])
def test_logits_are_those_of_the_equations(pairs: bool) -> None:
    network = Network(10, 3, quiet(), PAIRS if pairs else None).eval()
    if network.pairs is not None:
        torch.nn.init.normal_(network.pairs.vectors.weight)
    weight = {name: value.detach().double().numpy() for name, value in network.named_parameters()}
    own = {int(key): row for row, key in enumerate(PAIRS)}
    for row, length in enumerate(LENGTHS):
        h, states = np.zeros(5), []
        for t in range(length):
            x = weight["embedding.weight"][IDS[row, t]]
            key = (10 * int(IDS[row, t - 1]) if t else 0) + int(IDS[row, t])
            if pairs and key in own:
                x = x + weight["pairs.vectors.weight"][own[key]]
            h = np.tanh(x @ weight["recurrent.cells.l0.U"] + h @ weight["recurrent.cells.l0.W"])
            states.append(h)
        pooled = np.concatenate([np.mean(states, axis=0), np.max(states, axis=0)])
        expected = pooled @ weight["readout.V"] + weight["readout.c"]
        logits = network(IDS, LENGTHS)[row].detach().double().numpy()
        np.testing.assert_allclose(logits, expected, atol=1e-6)


@pytest.mark.parametrize("pooling", ["last", "mean", "max", "mean+max"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_text_alone_has_the_logits_it_has_in_a_batch(pooling: str, bidirectional: bool) -> None:
    network = Network(10, 2, quiet(pooling=pooling, bidirectional=bidirectional, layers=2), PAIRS).eval()
    junk = IDS.clone()
    junk[1, 2:], junk[2, 1:] = 9, 8
    together = network(junk, LENGTHS)
    for row, length in enumerate(LENGTHS):
        torch.testing.assert_close(network(IDS[row : row + 1, :length], None)[0], together[row])


def test_the_order_of_the_symbols_matters() -> None:
    network = Network(10, 2, quiet()).eval()
    assert not torch.allclose(network(IDS[:1]), network(IDS[:1].flip(1)))


def test_no_symbols_and_no_rows() -> None:
    network = Network(10, 2, quiet()).eval()
    with torch.no_grad():
        network.readout.c.copy_(torch.tensor([1.0, 2.0]))
    assert network(torch.zeros(1, 0, dtype=torch.int64), [0]).tolist() == [[1.0, 2.0]]
    assert network(IDS, [0, 2, 1])[0].tolist() == [1.0, 2.0]
    assert network(torch.zeros(0, 3, dtype=torch.int64), []).shape == (0, 2)


def test_word_dropout_reads_unknown_in_training_only() -> None:
    network = Network(10, 2, quiet(word_dropout=0.999999))
    unknown = network(torch.full_like(IDS, Symbols.unknown_id), LENGTHS)
    torch.testing.assert_close(network(IDS, LENGTHS), unknown)
    assert not torch.allclose(network.eval()(IDS, LENGTHS), unknown)


def test_dropout_changes_training_only() -> None:
    network = Network(10, 2, quiet(dropout=0.5, embedding_dropout=0.5))
    assert not torch.equal(network(IDS, LENGTHS), network(IDS, LENGTHS))
    network.eval()
    assert torch.equal(network(IDS, LENGTHS), network(IDS, LENGTHS))


@pytest.mark.parametrize("wrong", [{"embedding": 0}, {"hidden": -1}, {"pooling": "sum"}, {"layers": 0}])
def test_wrong_sizes_are_named(wrong: dict[str, object]) -> None:
    with pytest.raises(ElmanError) as caught:
        Network(10, 2, quiet(**wrong))
    assert str(next(iter(wrong.values()))) in str(caught.value)


@pytest.mark.parametrize(("cell", "gates"), [("lstm", 4), ("gru", 3)])
def test_gated_cells(cell: str, gates: int) -> None:
    network = Network(10, 2, quiet(cell=cell)).eval()
    weight = network.get_parameter("recurrent.cells.l0.W")
    assert weight.shape == (5, gates * 5)
    torch.testing.assert_close(network(IDS, LENGTHS)[1], network(IDS[1:2, :2])[0])


def test_a_gated_cell_has_no_activation_to_choose() -> None:
    with pytest.raises(ElmanError, match=r"the cell 'gru' has no activation to choose"):
        Network(10, 2, quiet(cell="gru", activation="relu"))
