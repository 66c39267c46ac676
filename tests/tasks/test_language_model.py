"""What a language model says and writes: the laws of carried state, against plain torch, and worked by hand."""

import math
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from elman.cells import LSTM
from elman.data.corpus import Corpus
from elman.data.corpus_options import CorpusOptions, CorpusSymbolOptions
from elman.data.plain_text import PlainText
from elman.data.vocabulary import Vocabulary
from elman.errors import ArgumentError, ArgumentTypeError, ConfigError, DataError
from elman.layers.softmax import Softmax
from elman.learn.decoding import Sampling, walk
from elman.tasks.generate import measure
from elman.tasks.generate.language_model import LanguageModel, _until
from elman.tasks.generate.measure import mean_loss, numbers
from elman.tasks.generate.network import Network
from elman.tasks.generate.options import GenerateOptions, LanguageModelOptions
from elman.tasks.generate.reader import Reader, step

TEXT = "First Citizen:\nBefore we proceed any further, hear me speak.\n\nAll:\nSpeak, speak.\n" * 3


def made(tokens: str = "character", scale: float = 3.0, **model: object) -> LanguageModel:
    """An untrained model whose probabilities differ: its weights are larger than at the beginning of a training."""
    torch.manual_seed(0)
    symbols = CorpusSymbolOptions(tokens=tokens, vocabulary=300)
    vocabulary = Vocabulary.learn([TEXT], symbols)
    options = LanguageModelOptions(**{"embedding": 6, "hidden": 7, **model})  # pyright: ignore[reportArgumentType]
    network = Network(vocabulary.size, options).double()
    with torch.no_grad():
        for p in network.parameters():
            p.mul_(scale)
    return LanguageModel(network, vocabulary, GenerateOptions(symbols=symbols, model=options))


def corpus_of(model: LanguageModel, text: str = TEXT) -> Corpus:
    return Corpus.write(PlainText("memory", CorpusOptions(), given=text), model.vocabulary)


def plain_lstm(network: Network, ids: Tensor) -> Tensor:
    """log p of all next symbols (T, K) by torch.nn.LSTM and F.linear, in one go."""
    layer = nn.LSTM(6, 7, batch_first=True).double()
    cell, softmax = network.recurrent.cells["l0"], network.softmax
    assert isinstance(cell, LSTM)
    assert isinstance(softmax, Softmax)
    assert cell.b is not None
    own = {"weight_ih_l0": cell.U.t(), "weight_hh_l0": cell.W.t(), "bias_ih_l0": cell.b}
    layer.load_state_dict({**own, "bias_hh_l0": torch.zeros_like(cell.b)})
    with torch.no_grad():
        y, _ = layer(network.vectors[ids].unsqueeze(0))
        y = y[0] if network.P is None else y[0] @ network.P
        return (y @ softmax.E.t() + softmax.c).log_softmax(dim=1)


@pytest.mark.parametrize("tied", [False, True])
def test_it_is_the_lstm_of_torch(tied: bool) -> None:
    model = made(tied=tied)
    ids = torch.from_numpy(corpus_of(model).ids.astype(np.int64))
    expected = plain_lstm(model.network, ids[:-1]).gather(1, ids[1:].unsqueeze(1)).squeeze(1)
    found = [one.log_probability for one in model.score(TEXT)]
    # float64: 250 steps of a contracting network, each right to 1e-16 times a few dozen terms.
    np.testing.assert_allclose(found, expected.tolist(), rtol=1e-10)
    assert mean_loss(model.network, corpus_of(model)) == pytest.approx(-expected.mean().item(), rel=1e-10)


@pytest.mark.parametrize("cell", ["elman", "gru", "scrn", "mingru", "sru"])
@pytest.mark.parametrize("layers", [1, 2])
def test_the_state_is_carried_whatever_the_pieces(monkeypatch: pytest.MonkeyPatch, cell: str, layers: int) -> None:
    model = made(cell=cell, layers=layers, context=3)
    whole = mean_loss(model.network, corpus_of(model))
    monkeypatch.setattr(measure, "CHUNK", 7)
    assert mean_loss(model.network, corpus_of(model)) == pytest.approx(whole, rel=1e-10)


def test_streams_lose_only_what_their_beginnings_cost() -> None:
    model = made(scale=1.0)  # so that the state forgets
    corpus = corpus_of(model)
    whole = np.array([one.log_probability for one in model.score(TEXT)])
    half = len(corpus) // 2
    rows = [corpus.rows([0, half], half)]
    (both,) = measure.log_probabilities(model.network, rows)
    np.testing.assert_allclose(both[0].numpy(), whole[:half], rtol=1e-10)
    # The second column begins without the first one's state, which is forgotten by and by.
    gap = np.abs(both[1].numpy() - whole[half : 2 * half])
    assert gap[:5].max() > 1e-4
    assert gap[-20:].max() < gap[:5].max() / 10


@pytest.mark.parametrize("tokens", ["character", "word", "space", "bpe"])
def test_what_is_written_is_as_probable_as_it_is_scored(tokens: str) -> None:
    model = made(tokens)
    # Greedy: each symbol is the most probable one after all before it, read again from the beginning.
    text = "All:\n"
    ids = [model.vocabulary.start_id, *model.vocabulary.encode(text).tolist()]
    written: list[int] = []
    for _ in range(12):
        log_p = plain_lstm(model.network, torch.tensor(ids + written))[-1]
        log_p[model.vocabulary.unknown_id] = -math.inf
        written.append(int(log_p.argmax()))
    say = model.vocabulary.speaker(ids[-1])
    expected = "".join([say(i) for i in written]) + say(None)
    assert model.generate(text, length=12, temperature=0) == expected
    assert "".join(model.stream(text, length=12, temperature=0)) == expected


def test_a_wide_beam_finds_what_an_exhaustive_search_does() -> None:
    model = made()
    size = model.vocabulary.size
    [(text, log_p)] = model.beam("Sp", length=2, width=size * size, best=1)
    ids = [model.vocabulary.start_id, *model.vocabulary.encode("Sp").tolist()]
    first = plain_lstm(model.network, torch.tensor(ids))[-1]
    table = torch.stack([first[i] + plain_lstm(model.network, torch.tensor([*ids, i]))[-1] for i in range(size)])
    table[0, :] = table[:, 0] = -math.inf  # unknown is never written
    best = int(table.argmax())
    assert text == model.vocabulary.decode([best // size, best % size])
    assert log_p == pytest.approx(table.max().item(), rel=1e-10)
    greedy = model.beam("Sp", length=20, width=1)[0][0]
    assert greedy == model.generate("Sp", length=20, temperature=0)


def test_the_drawing_follows_the_probabilities() -> None:
    model = made()
    ids = torch.tensor([model.vocabulary.start_id, *model.vocabulary.encode("hea").tolist()])
    p = plain_lstm(model.network, ids)[-1].exp()
    p[0] = 0
    p /= p.sum()
    draws = 2000
    reader = Reader.after(model.network, ids[:-1].tolist()).take(torch.zeros(draws, dtype=torch.int64))
    generator = torch.Generator().manual_seed(0)
    first = ids[-1:].expand(draws)
    (drawn,) = walk(step, reader, first, Sampling(), most=1, forbidden=[0], generator=generator)
    found = np.bincount(drawn.symbols.numpy(), minlength=model.vocabulary.size)
    expected = p.numpy() * draws
    chi = ((found - expected) ** 2 / np.maximum(expected, 1e-9))[expected > 0].sum()
    # χ² with k degrees of freedom has mean k and variance 2 k: five standard deviations above its mean.
    k = int((expected > 0).sum()) - 1
    assert chi < k + 5 * math.sqrt(2 * k)


def test_a_seed_is_a_text_and_torch_is_left_alone() -> None:
    model = made()
    before = torch.random.get_rng_state()
    one = model.generate("", length=50, seed=3)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert model.generate("", length=50, seed=3) == one
    assert model.generate("", length=50, seed=4) != one
    assert len(one) == 50
    assert "<unk>" not in one


def test_writing_does_not_read_the_prefix_again(monkeypatch: pytest.MonkeyPatch) -> None:
    model = made()
    steps: list[int] = []
    original = type(model.network.recurrent).forward

    def counted(self: nn.Module, x: Tensor, *args: object, **more: object) -> object:
        steps.append(x.shape[1])
        return original(self, x, *args, **more)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(type(model.network.recurrent), "forward", counted)
    model.generate("Before", length=40, seed=0)
    assert steps == [6]  # the start and five letters at once; the sixth and all that follow one by one, in the stream


@pytest.mark.parametrize(
    ("pieces", "stops", "expected"),
    [
        (["ab", "cd", "ef"], [], "abcdef"),
        (["ab", "cd", "ef"], ["cd"], "ab"),
        (["a", "b", "c", "d"], ["bcd", "x"], "a"),
        (["a", "b", "c", "d"], ["bce"], "abcd"),
        (["abcabc"], ["c", "bc"], "a"),
        ([], ["x"], ""),
    ],
)
def test_stop_texts_end_the_writing_wherever_pieces_end(pieces: list[str], stops: list[str], expected: str) -> None:
    def source() -> Iterator[str]:
        yield from pieces

    assert "".join(_until(source(), stops)) == expected


def test_evaluate_counts_what_stands_in_the_file() -> None:
    model = made("space")
    result = model.evaluate(PlainText("x", CorpusOptions(), given="Speak, strange speak.\n"))
    assert (result["tokens"], result["characters"], result["unknown"]) == (4, 22, 1)
    scored = model.score("Speak, strange speak.\n")
    assert [one.symbol for one in scored] == ["Speak,", "<unk>", "speak.", "<eol>"]
    total = -sum(one.log_probability for one in scored)
    assert result["loss"] == pytest.approx(total / 4)
    assert result["perplexity"] == pytest.approx(math.exp(total / 4))
    assert result["bits_per_character"] == pytest.approx(total / math.log(2) / 22)
    with pytest.raises(DataError, match="the text is empty"):
        model.evaluate(PlainText("x", CorpusOptions(), given=""))


def test_perplexity_never_overflows() -> None:
    assert math.isfinite(numbers(1e6, Corpus(np.zeros(3), 2, 0, ""))["perplexity"])


def test_refusals() -> None:
    model = made()
    for call, words in (
        (lambda: model.generate("a", length=-1), "length"),
        (lambda: model.generate("a", temperature=-1), "temperature"),
        (lambda: model.generate("a", stop=""), None),
        (lambda: model.generate("a", stop=["b", ""]), "empty"),
        (lambda: model.beam("a", stop="ab"), "not one symbol"),
        (lambda: model.read("x", encodign="latin-1"), "encodign"),
    ):
        if words is None:
            call()
            continue
        with pytest.raises((ArgumentError, ConfigError), match=words):
            call()
    with pytest.raises(ArgumentTypeError, match="prompt"):
        model.generate(3)  # pyright: ignore[reportArgumentType]
    with pytest.raises(ArgumentTypeError, match="text"):
        model.score(b"a")  # pyright: ignore[reportArgumentType]
    with pytest.raises(ConfigError, match="no matrix from state to state"):
        Network(10, LanguageModelOptions(cell="indrnn", weight_drop=0.5))
    with pytest.raises(ConfigError, match="tied"):
        Network(1000, LanguageModelOptions(softmax="adaptive", tied=True))


def test_an_unknown_symbol_in_a_prompt_is_read_as_unknown() -> None:
    model = made()
    assert model.generate("ß Ω", length=5, seed=0) == model.generate("Ω Ж", length=5, seed=0)
    assert model.vocabulary.unseen("ß a") == ["ß"]


@pytest.mark.parametrize("softmax", ["full", "sampled", "adaptive"])
def test_every_softmax_learns_and_measures(softmax: str) -> None:
    torch.manual_seed(0)
    network = Network(120, LanguageModelOptions(embedding=8, hidden=12, softmax=softmax, samples=20))
    ids = torch.arange(121).remainder(120).expand(2, 121)
    optimizer = torch.optim.Adam(network.parameters(), 0.03)
    for _ in range(150):
        loss, _ = network(ids[:, :-1], ids[:, 1:])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    network.eval()
    with torch.no_grad():
        found, _ = network(ids[:, :-1], ids[:, 1:])
    assert found.item() < math.log(120) / 4  # each symbol has one successor; at first all are alike


def test_dropouts_act_in_training_only_and_as_they_say() -> None:
    torch.manual_seed(0)
    options = LanguageModelOptions(embedding=50, hidden=8, embedding_dropout=0.4, input_dropout=0.3, dropout=0.5)
    network = Network(40, options)
    ids = torch.arange(40).repeat(3, 2)  # every symbol twice in each of three rows
    x = network.read(ids)
    gone = (x == 0).all(dim=2)
    assert (gone[:, :40] == gone[:, 40:]).all()  # a symbol is dropped wherever it stands
    assert (gone == gone[:1]).all()
    assert 5 <= int(gone[0, :40].sum()) <= 27  # 16 of 40, ± 3.5 standard deviations of 3.1
    kept = x[0][~gone[0]] != 0
    assert (kept == kept[:1]).all()  # the same values at all steps
    network.eval()
    assert torch.equal(network.read(ids), network.vectors[ids])
    penalised, _ = network(ids[:, :-1], ids[:, 1:], penalties=(2.0, 1.0))
    plain, _ = network(ids[:, :-1], ids[:, 1:])
    y, _ = network.recurrent(network.read(ids[:, :-1]))
    extra = 2 * y.square().mean() + (y[:, 1:] - y[:, :-1]).square().mean()
    assert (penalised - plain).item() == pytest.approx(extra.item(), rel=1e-4)
