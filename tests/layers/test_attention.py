"""Attentions against plain loops in the papers' letters and against torch.nn; padding, empty rows, learned queries."""

import math

import pytest
import torch
from torch import Tensor, nn

from elman.errors import ArgumentError, ArgumentTypeError, ElmanError
from elman.layers import AdditiveAttention, Attention, DotAttention, MultiHeadAttention

EPS = torch.finfo(torch.float64).eps
LENGTHS = [4, 0, 7, 1, 6]
MAKERS = {
    "additive": lambda q: AdditiveAttention(q, 6, hidden_size=5),
    "dot": lambda q: DotAttention(q and 6, 6),
    "general": lambda q: DotAttention(q, 6, "general"),
    "scaled general": lambda q: DotAttention(q, 6, "general", scaled=True),
    "three heads": lambda q: MultiHeadAttention(q, 6, hidden_size=9, heads=3),
}


def made(name: str, query_size: int | None = 3) -> Attention:
    """An attention in float64 with weights none of which is zero or one of a special form."""
    attention = MAKERS[name](query_size).double()
    for parameter in attention.parameters():
        parameter.data += 0.5 * torch.randn_like(parameter)
    return attention


def ragged_memory(width: int = 6) -> Tensor:
    """Vectors (5, 7, width) with NaN in the padding."""
    memory = torch.randn(5, 7, width, dtype=torch.float64)
    for row, length in enumerate(LENGTHS):
        memory[row, length:] = torch.nan
    return memory


def some_queries(attention: Attention, *shape: int) -> Tensor | None:
    return None if attention.query_size is None else torch.randn(*shape, attention.query_size, dtype=torch.float64)


def close(a: Tensor, b: Tensor) -> None:
    """Equal up to another order of summation: sums of at most 9 products of numbers below 10, three in a row."""
    torch.testing.assert_close(a, b, rtol=0, atol=1000 * EPS)


@pytest.mark.parametrize("most", [1, 100, 300, 10**6])
def test_additive_scores_in_pieces_are_those_of_one_piece(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """Without a gradient the hidden layer (5, 8, 7, 5) is held in pieces: the same numbers, in less memory."""
    attention = made("additive")
    query, memory = torch.randn(5, 8, 3, dtype=torch.float64), ragged_memory()
    whole, weights = attention(query, memory, LENGTHS)
    monkeypatch.setattr("elman.layers.attention.PIECE", most)
    held: list[int] = []
    tanh = torch.tanh
    monkeypatch.setattr(torch, "tanh", lambda x: held.append(x.numel()) or tanh(x))
    with torch.no_grad():
        again = attention(query, memory, LENGTHS)
        none = attention(query[:, :0], memory, LENGTHS)
    close(again[0], whole)
    close(again[1], weights)
    assert none[1].shape == (5, 0, 7)
    assert max(held) <= max(most, 5 * 7 * 5)


def bahdanau(p: dict[str, list], q: list[float], m: list[float]) -> float:
    """v · tanh(W s + U h + b), number by number; without W the learned query of Yang et al.: u_w · tanh(W h + b)."""
    total = 0.0
    for unit in range(len(p["b"])):
        a = p["b"][unit] + sum(m[i] * p["U"][i][unit] for i in range(len(m)))
        if "W" in p:
            a += sum(q[i] * p["W"][i][unit] for i in range(len(q)))
        total += math.tanh(a) * p["v"][unit][0]
    return total


def luong(p: dict[str, list], q: list[float], m: list[float]) -> float:
    """q · m, or q · W m, number by number."""
    if "query" in p:
        q = p["query"]
    if "W" in p:
        m = [sum(m[i] * p["W"][i][j] for i in range(len(m))) for j in range(len(q))]
    return sum(a * b for a, b in zip(q, m, strict=True))


@pytest.mark.parametrize("query_size", [3, None], ids=["query", "learned"])
@pytest.mark.parametrize("name", ["additive", "dot", "general", "scaled general"])
def test_the_equations_of_the_papers(name: str, query_size: int | None) -> None:
    attention = made(name, query_size)
    memory, query = ragged_memory(), some_queries(attention, 5)
    context, weights = attention(query, memory, LENGTHS)
    p = {key: value.tolist() for key, value in attention.named_parameters()}
    score = bahdanau if name == "additive" else luong
    for row, length in enumerate(LENGTHS):
        real, own = memory[row, :length].tolist(), [] if query is None else query[row].tolist()
        e = [score(p, own, m) / (math.sqrt(query_size or 6) if "scaled" in name else 1) for m in real]
        total = sum(math.exp(value) for value in e)
        w = [math.exp(value) / total for value in e]
        expected = [sum(w[t] * real[t][i] for t in range(length)) for i in range(6)]
        close(weights[row, :length], torch.tensor(w, dtype=torch.float64))
        close(context[row], torch.tensor(expected, dtype=torch.float64))


def torch_heads(attention: MultiHeadAttention) -> nn.MultiheadAttention:
    """torch's own layer with the same weights."""
    theirs = nn.MultiheadAttention(9, 3, kdim=6, vdim=6, batch_first=True).double()
    for ours, name in ((attention.Q, "q_proj_weight"), (attention.K, "k_proj_weight"), (attention.V, "v_proj_weight")):
        assert ours is not None
        getattr(theirs, name).data = ours.data.T
    theirs.in_proj_bias.data = torch.cat([attention.b_q, attention.b_k, attention.b_v]).detach()
    theirs.out_proj.weight.data, theirs.out_proj.bias.data = attention.O.data.T, attention.o.data
    return theirs


def test_several_heads_equal_torch_nn() -> None:
    attention = made("three heads", 9)
    assert isinstance(attention, MultiHeadAttention)
    memory, query = ragged_memory(), some_queries(attention, 5, 4)
    context, weights = attention(query, memory, LENGTHS)
    rows = [row for row, length in enumerate(LENGTHS) if length]  # torch gives NaN for a row without steps
    padding = torch.arange(7) >= torch.tensor(LENGTHS)[rows].unsqueeze(1)
    clean = memory[rows].nan_to_num()
    assert query is not None
    assert weights is not None
    expected, theirs = torch_heads(attention)(query[rows], clean, clean, key_padding_mask=padding)
    close(context[rows], expected)
    close(weights[rows], theirs)
    without, none = attention(query, memory, LENGTHS, need_weights=False)
    assert none is None
    close(without, context)


def test_a_learned_query_of_heads_is_a_query_without_its_matrix() -> None:
    attention, given = made("three heads", None), MultiHeadAttention(9, 6, hidden_size=9, heads=3).double()
    given.load_state_dict(attention.state_dict(), strict=False)
    assert given.Q is not None
    given.Q.data, query = torch.eye(9).double(), given.b_q.detach().expand(5, -1)
    given.b_q.data = torch.zeros(9).double()
    memory = ragged_memory()
    for ours, theirs in zip(attention(None, memory, LENGTHS), given(query, memory, LENGTHS), strict=True):
        close(ours, theirs)


@pytest.mark.parametrize("query_size", [3, None], ids=["query", "learned"])
@pytest.mark.parametrize("name", MAKERS)
def test_weights_and_padding(name: str, query_size: int | None) -> None:
    attention = made(name, query_size)
    memory, query = ragged_memory().requires_grad_(), some_queries(attention, 5, 4)
    context, weights = attention(query, memory, LENGTHS)
    several = weights if query is not None else weights.unsqueeze(1)
    for row, length in enumerate(LENGTHS):
        assert (several[row, :, length:] == 0).all()
        if length == 0:
            assert (context[row] == 0).all()
            continue
        assert (several[row, :, :length] > 0).all()
        close(several[row].sum(dim=-1), torch.ones(len(several[row]), dtype=torch.float64))
        alone, own = attention(
            None if query is None else query[row : row + 1], memory[row : row + 1, :length], [length]
        )
        close(alone[0], context[row])
        close(own[0], weights[row, ..., :length])
    (context**2).sum().backward()
    assert memory.grad is not None
    for row, length in enumerate(LENGTHS):
        assert (memory.grad[row, length:] == 0).all()
        assert memory.grad[row, :length].abs().sum() > 0 or length == 0
    grads = [parameter.grad for parameter in attention.parameters()]
    assert all(grad is not None and grad.isfinite().all() for grad in grads)


@pytest.mark.parametrize("name", MAKERS)
def test_order_of_rows_and_of_steps_does_not_matter(name: str) -> None:
    attention, order, steps = made(name), torch.tensor([3, 0, 4, 2, 1]), torch.tensor([2, 0, 3, 1])
    memory, query = ragged_memory(), some_queries(attention, 5)
    assert query is not None
    context, weights = attention(query, memory, LENGTHS)
    again, own = attention(query[order], memory[order], torch.tensor(LENGTHS)[order])
    close(again, context[order])
    close(own, weights[order])
    turned, w = attention(query[:1], memory[:1, steps], [4])
    close(turned, context[:1])
    close(w, weights[:1, steps])


@pytest.mark.parametrize("name", MAKERS)
def test_prepared_once_and_rows_taken_from_it(name: str) -> None:
    attention = made(name)
    memory, query = ragged_memory(), some_queries(attention, 5, 4)
    assert query is not None
    context, weights = attention(query, memory, LENGTHS)
    prepared = attention.prepare(memory, LENGTHS)
    for s in range(4):
        one, own = attention(query[:, s], prepared)
        close(one, context[:, s])
        close(own, weights[:, s])
    rows = torch.tensor([2, 2, 0, 1])
    close(attention(query[rows], prepared.take(rows))[0], context[rows])


@pytest.mark.parametrize("query_size", [3, None], ids=["query", "learned"])
@pytest.mark.parametrize("name", MAKERS)
def test_gradients(name: str, query_size: int | None) -> None:
    attention = made(name, query_size)
    names = [key for key, _ in attention.named_parameters()]
    values = [value.detach().clone().requires_grad_() for value in attention.parameters()]
    memory = torch.randn(3, 4, 6, dtype=torch.float64, requires_grad=True)
    query = some_queries(attention, 3, 2)
    inputs = [memory] if query is None else [memory, query.requires_grad_()]

    def run(memory: Tensor, *rest: Tensor) -> tuple[Tensor, ...]:
        given, own = (None, rest) if query is None else (rest[0], rest[1:])
        weights = dict(zip(names, own, strict=True))
        return torch.func.functional_call(attention, weights, (given, memory, [2, 4, 0]))

    assert torch.autograd.gradcheck(run, (*inputs, *values))


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize(("n", "time"), [(0, 5), (3, 0), (0, 0)])
def test_nothing_to_look_at(name: str, n: int, time: int) -> None:
    for query_size in (3, None):
        attention = made(name, query_size)
        memory = torch.zeros(n, time, 6, dtype=torch.float64)
        context, weights = attention(some_queries(attention, n), memory)
        assert context.tolist() == [[0.0] * attention.output_size] * n
        assert weights.shape == (n, time)


def test_large_scores_are_no_problem() -> None:
    # exp(±8e4) overflows: the softmax has to take the largest score away first
    memory = torch.tensor([[[400.0], [-400.0], [200.0]]])
    context, weights = DotAttention(1, 1)(torch.tensor([[200.0]]), memory, [3])
    assert weights.tolist() == [[1.0, 0.0, 0.0]]
    assert context.tolist() == [[400.0]]
    # all real scores far below those the padding would have: its weight is 0 nevertheless
    _, weights = DotAttention(1, 1)(torch.tensor([[200.0]]), -memory.abs(), [1])
    assert weights.tolist() == [[1.0, 0.0, 0.0]]


def test_initial_values() -> None:
    attention = AdditiveAttention(40, 30, 20)
    assert attention.W is not None
    for matrix, sizes in ((attention.W, 60), (attention.U, 50)):
        assert 0.9 * math.sqrt(6 / sizes) < matrix.abs().max() <= math.sqrt(6 / sizes)
    memory = torch.randn(2, 5, 6)
    mean, _ = DotAttention(None, 6)(None, memory, [5, 2])
    torch.testing.assert_close(mean, torch.stack([memory[0].mean(dim=0), memory[1, :2].mean(dim=0)]))


def test_wrong_arguments() -> None:
    with pytest.raises(ArgumentError, match="score='general'"):
        DotAttention(3, 6)
    with pytest.raises(ArgumentError, match="one of 'dot', 'general'"):
        DotAttention(6, 6, "concat")
    with pytest.raises(ArgumentError, match="heads is 4"):
        MultiHeadAttention(3, 6)
    for sizes in ((0, 6), (3, 0), (3, 6, 0)):
        with pytest.raises(ElmanError, match="at least 1"):
            AdditiveAttention(*sizes)


def test_wrong_calls() -> None:
    attention, pooling = AdditiveAttention(3, 6), AdditiveAttention(None, 6)
    query, memory = torch.zeros(2, 3), torch.zeros(2, 5, 6)
    with pytest.raises(ArgumentError, match="query_size=None"):
        attention(None, memory)
    with pytest.raises(ArgumentError, match="learns its own"):
        pooling(query, memory)
    with pytest.raises(ArgumentError, match=r"\(2, 3\), or \(2, S, 3\)"):
        attention(torch.zeros(2, 4), memory)
    with pytest.raises(ArgumentError, match=r"\(2, 3\), or"):
        attention(torch.zeros(1, 3), memory)
    with pytest.raises(ArgumentError, match=r"\(n, T, 6\)"):
        attention(query, torch.zeros(2, 5, 7))
    with pytest.raises(ArgumentTypeError, match="memory is a list"):
        attention(query, [[0.0]])
    with pytest.raises(ArgumentError, match=r"lengths\[1\] is 6"):
        attention(query, memory, [5, 6])
    with pytest.raises(ArgumentError, match=r"prepare\(\) only"):
        attention(query, attention.prepare(memory), [5, 5])
