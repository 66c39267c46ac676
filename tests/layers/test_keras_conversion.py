"""Layers of Keras and their copies compute the same numbers: Keras itself is asked for them."""

import importlib
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import elman
from elman.cells import GRU, LSTM, SCRN, Elman
from elman.errors import ArgumentError, ArgumentTypeError, MissingExtraError
from elman.layers import Recurrent
from elman.layers.keras_weights import PHI

keras = pytest.importorskip("keras", reason="keras is not installed: pip install 'elman[keras]'")
L = keras.layers
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # within Keras

WIDTH, STEPS, LENGTHS = 3, 7, [7, 0, 3, 1, 6]
# Sums of at most 3 + 5 + 2 products of numbers around 1, in another order; each step hands on the error of the one
# before, which weights of this size do not enlarge by more than a few times over 7 steps.
TOLERANCE = 1e3 * torch.finfo(torch.float64).eps
ALL: dict[str, Any] = {"return_sequences": True, "return_state": True, "dtype": "float64", "zero_output_for_mask": True}

ONE: dict[str, Callable[[], Any]] = {
    "SimpleRNN": lambda: L.SimpleRNN(5, **ALL),
    "SimpleRNN relu": lambda: L.SimpleRNN(4, activation="relu", **ALL),
    "SimpleRNN without bias": lambda: L.SimpleRNN(5, use_bias=False, **ALL),
    "SimpleRNN no activation": lambda: L.SimpleRNN(2, activation=None, **ALL),
    "LSTM": lambda: L.LSTM(5, **ALL),
    "LSTM without bias": lambda: L.LSTM(1, use_bias=False, **ALL),
    "GRU": lambda: L.GRU(5, **ALL),
    "GRU without bias": lambda: L.GRU(4, use_bias=False, **ALL),
    "GRU reset before": lambda: L.GRU(5, reset_after=False, **ALL),
    "GRU reset before, without bias": lambda: L.GRU(1, reset_after=False, use_bias=False, **ALL),
    "RNN of SimpleRNNCell": lambda: L.RNN(L.SimpleRNNCell(4, dtype="float64"), **ALL),
    "RNN of LSTMCell": lambda: L.RNN(L.LSTMCell(4, dtype="float64"), **ALL),
    "RNN of GRUCell": lambda: L.RNN(L.GRUCell(4, dtype="float64"), **ALL),
    "GRU regularized": lambda: L.GRU(4, kernel_regularizer="l2", kernel_constraint="non_neg", **ALL),
}
BOTH: dict[str, Callable[[], Any]] = {
    f"both directions of {name}, {mode}": lambda name=name, mode=mode: L.Bidirectional(
        ONE[name](), merge_mode=mode, dtype="float64"
    )
    for name, mode in [
        ("SimpleRNN relu", "concat"),
        ("LSTM", "concat"),
        ("LSTM", "sum"),
        ("GRU", "ave"),
        ("GRU reset before", "mul"),
        ("RNN of GRUCell", "concat"),
    ]
}


@pytest.fixture(autouse=True)
def _products_in_float64(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keras rounds products to float32 on every backend but one, those of float64 too; that would hide mistakes."""
    dtypes = importlib.import_module("keras.src.backend.common.dtypes")
    monkeypatch.setitem(dtypes.BIT64_TO_BIT32_DTYPE, "float64", "float64")


def built(layer: Any, width: int = WIDTH) -> Any:
    """With weights of which none is zero and no two are equal; biases too."""
    layer.build((None, None, width))
    draw = np.random.default_rng(1)
    layer.set_weights([draw.normal(size=weight.shape) * 0.6 for weight in layer.get_weights()])
    return layer


def batch(width: int = WIDTH) -> tuple[Tensor, Tensor]:
    """Inputs (5, 7, d), and Keras' mask of the lengths."""
    torch.manual_seed(2)
    return torch.randn(5, STEPS, width, dtype=torch.float64), torch.arange(STEPS) < torch.tensor(LENGTHS)[:, None]


def equal(ours: Tensor, theirs: Any) -> None:
    torch.testing.assert_close(ours, theirs, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("name", [*ONE, *BOTH])
def test_outputs_and_states_are_those_of_keras(name: str) -> None:
    theirs = built({**ONE, **BOTH}[name]())
    ours = elman.from_keras(theirs)
    x, mask = batch()
    start = {name: torch.randn(5, width, dtype=torch.float64) for name, width in ours.states.items()}
    y, state = ours(x, LENGTHS, start)
    y_theirs, *states = theirs(x, mask=mask, initial_state=list(start.values()))
    equal(y, y_theirs)
    assert len(states) == len(state)
    for own, other in zip(state.values(), states, strict=True):
        equal(own, other)


@pytest.mark.parametrize("name", [*ONE, *BOTH])
def test_from_keras_and_back_keeps_the_weights(name: str) -> None:
    theirs = built({**ONE, **BOTH}[name]())
    again = elman.to_keras(elman.from_keras(theirs), return_state=True)
    for first, second in zip(theirs.get_weights(), again.get_weights(), strict=True):
        if first.shape[0] == 2 and first.ndim == 2 and "GRU" in name and "before" not in name:
            # The two biases of z and r are added once: Keras adds them in every step. Those of the candidate stay.
            h = first.shape[1] // 3
            np.testing.assert_array_equal(second[:, 2 * h :], first[:, 2 * h :])
            np.testing.assert_array_equal(second.sum(axis=0)[: 2 * h], first.sum(axis=0)[: 2 * h])
        else:
            np.testing.assert_array_equal(second, first)
    x, mask = batch()
    for one, other in zip(theirs(x, mask=mask), again(x, mask=mask), strict=True):
        equal(one, other)


OURS: dict[str, Callable[[], Recurrent]] = {
    "elman": lambda: Recurrent(Elman(WIDTH, 5)),
    "elman sigmoid, without bias": lambda: Recurrent(Elman(WIDTH, 5, activation="sigmoid", bias=False)),
    "elman identity": lambda: Recurrent(Elman(WIDTH, 2, activation="identity")),
    "lstm, both directions": lambda: Recurrent(LSTM(WIDTH, 4), bidirectional=True),
    "gru, three layers": lambda: Recurrent(GRU(WIDTH, 4), layers=3),
    "gru reset before, two layers, product": lambda: Recurrent(
        GRU(WIDTH, 4, reset_after=False), layers=2, bidirectional=True, merge="product"
    ),
    "unlike layers": lambda: Recurrent([LSTM(WIDTH, 4), GRU(4, 1), Elman(1, 5, bias=False)]),
}


def drawn(layer: Recurrent) -> Recurrent:
    torch.manual_seed(3)
    for weight in layer.parameters():
        torch.nn.init.normal_(weight, std=0.6)
    return layer.double()


@pytest.mark.parametrize("name", OURS)
def test_to_keras_and_back_is_exact_to_the_bit(name: str) -> None:
    ours = drawn(OURS[name]())
    theirs = elman.to_keras(ours)
    x, mask = batch()
    equal(ours(x, LENGTHS)[0], theirs(x, mask=mask))
    again = elman.from_keras(theirs.layers if ours.layers > 1 else theirs)
    assert list(again.state_dict()) == list(ours.state_dict())
    for own, other in zip(again.state_dict().values(), ours.state_dict().values(), strict=True):
        assert own.dtype == other.dtype
        assert torch.equal(own, other)


def test_the_last_output_alone_is_the_final_state() -> None:
    ours = drawn(Recurrent(GRU(WIDTH, 4), bidirectional=True))
    x, mask = batch()
    _, state = ours(x, LENGTHS)
    last = elman.to_keras(ours, return_sequences=False)(x, mask=mask)
    equal(torch.cat([state["h"], state["backward.h"]], dim=-1), last)


@pytest.mark.parametrize("name", PHI)
def test_every_activation(name: str) -> None:
    theirs = built(L.SimpleRNN(4, activation=name, return_sequences=True, dtype="float64"))
    ours = elman.from_keras(theirs)
    x, _ = batch()
    equal(ours(x)[0], theirs(x))
    assert elman.to_keras(ours).activation is theirs.activation


def test_a_model_gives_its_layers_by_name() -> None:
    x, _ = batch()
    given = keras.Input((None, WIDTH), dtype="float64")
    kind = {"return_sequences": True, "dtype": "float64"}
    inner = keras.Sequential([L.GRU(5, name="gru", **kind), L.Dropout(0.5, dtype="float64")], name="encoder")
    y = L.SimpleRNN(4, name="second", **kind)(inner(given))
    y = L.Bidirectional(L.LSTM(3, **kind), name="third", dtype="float64")(y)
    model = keras.Model(given, y)
    model.set_weights([np.random.default_rng(4).normal(size=w.shape) for w in model.get_weights()])
    lower = elman.from_keras(model, layer=["encoder/gru", "second"])
    upper = elman.from_keras(model, "third")
    assert list(lower.states.items()) == [("l0.h", 5), ("l1.h", 4)]
    equal(upper(lower(x)[0])[0], model(x))
    with pytest.raises(ArgumentError, match=r"'encoder/gru' \(GRU\), 'second' \(SimpleRNN\), 'third' \(Bidirec"):
        elman.from_keras(model)
    with pytest.raises(ArgumentError, match=r"'first', of which the model has 0"):
        elman.from_keras(model, layer="first")
    with pytest.raises(ArgumentError, match=r"merge mode is concat.*Expected one direction"):
        elman.from_keras(model, layer=["second", "third"])
    with pytest.raises(ArgumentError, match=r"reads 5 features.*4, of the layer below"):
        elman.from_keras(model, layer=["second", "second"])
    with pytest.raises(ArgumentError, match="no layer is named"):
        elman.from_keras(model, layer=[])


def test_the_weights_are_a_copy_and_no_random_number_is_drawn() -> None:
    theirs = built(L.GRU(4, dtype="float32"))
    before = torch.random.get_rng_state()
    ours = elman.from_keras(theirs)
    assert torch.equal(torch.random.get_rng_state(), before)
    kernel = theirs.get_weights()[0].copy()
    with torch.no_grad():
        for weight in ours.parameters():
            assert weight.requires_grad
            assert weight.dtype == torch.float32
            weight.zero_()
    np.testing.assert_array_equal(theirs.get_weights()[0], kernel)
    exported = elman.to_keras(drawn(Recurrent(Elman(WIDTH, 4))))
    ours = elman.from_keras(exported)
    exported.set_weights([weight * 0 for weight in exported.get_weights()])
    assert all(weight.abs().sum() > 0 for weight in ours.parameters())


def test_a_copy_learns() -> None:
    ours = elman.from_keras(built(L.LSTM(4, dtype="float64")))
    x, _ = batch()
    ours(x, LENGTHS)[0].square().sum().backward()
    assert all(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in ours.parameters())


@keras.saving.register_keras_serializable(package="tests")
class Mine(L.LSTM):
    """Whatever it computes, it is not known to be an LSTM."""


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "recurrent dropout": (lambda: L.GRU(4, recurrent_dropout=0.25), r"recurrent_dropout is 0\.25.*ignore="),
    "dropout of a cell": (lambda: L.RNN(L.LSTMCell(4, dropout=0.5)), r"layer 'rnn\w*': dropout is 0\.5.*ignore="),
    "unroll": (lambda: L.GRU(4, unroll=True), "unroll is True"),
    "go_backwards": (lambda: L.LSTM(4, go_backwards=True), "go_backwards is True in its forward direction"),
    "hard_sigmoid": (lambda: L.LSTM(4, recurrent_activation="hard_sigmoid"), "recurrent_activation is 'hard_sigmoid'"),
    "LSTM relu": (lambda: L.LSTM(4, activation="relu"), "activation is 'relu'. Expected for LSTM: tanh"),
    "function": (
        lambda: L.SimpleRNN(4, activation=keras.ops.sin),
        "its activation is {.*Expected for SimpleRNN: tanh, ",
    ),
    "no merging": (lambda: L.Bidirectional(L.GRU(4), merge_mode=None), "merge_mode is None.*concat, sum, ave, mul"),
    "two directions": (
        lambda: L.Bidirectional(L.GRU(4), backward_layer=L.GRU(3, go_backwards=True)),
        "the two directions differ",
    ),
    "turned about": (
        lambda: L.Bidirectional(L.GRU(4, go_backwards=True), backward_layer=L.GRU(4)),
        "go_backwards is True in its forward",
    ),
    "stacked cells": (lambda: L.RNN([L.LSTMCell(4), L.LSTMCell(3)]), "it is a StackedRNNCells"),
    "another class": (lambda: Mine(4), "it is a .*>Mine"),
    "wrapped other": (lambda: L.Bidirectional(Mine(4)), "it is a .*>Mine"),
    "another layer": (lambda: L.Dense(4), "it is a Dense.*SimpleRNN, GRU, LSTM"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_expressed_is_an_error(name: str) -> None:
    make, message = REFUSED[name]
    layer = make()
    layer.build((None, 7, WIDTH))
    with pytest.raises(ArgumentError, match=message):
        elman.from_keras(layer)


def test_what_only_training_uses_can_be_left_out() -> None:
    theirs = built(L.GRU(4, dropout=0.5, recurrent_dropout=0.25, return_sequences=True, dtype="float64"))
    x, _ = batch()
    equal(elman.from_keras(theirs, ignore=["dropout", "recurrent_dropout"])(x)[0], theirs(x))
    with pytest.raises(ArgumentError, match="recurrent_dropout is 0"):
        elman.from_keras(theirs, ignore=["dropout"])
    with pytest.raises(ArgumentError, match="Expected a list of names out of dropout"):
        elman.from_keras(theirs, ignore=["go_backwards"])


def test_other_mistakes() -> None:
    with pytest.raises(ArgumentError, match=r"0 arrays of weights: none.*Build the layer first"):
        elman.from_keras(L.LSTM(4))
    for wrong in (3, None, torch.nn.LSTM(3, 4)):
        with pytest.raises(ArgumentTypeError, match="a layer or model of Keras 3"):
            elman.from_keras(wrong)
    with pytest.raises(ArgumentError, match="the source itself says how"):
        elman.from_keras(built(L.LSTM(4)), config={"activation": "relu"})
    with pytest.raises(ArgumentError, match=r"return_sequences is False.*another layer"):
        elman.from_keras([built(L.LSTM(4)), built(L.LSTM(4), 4)])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Recurrent(SCRN(WIDTH, 5, context=2)), "no cell like this SCRN"),
        (lambda: Recurrent(Elman(WIDTH, 5, activation=torch.sin)), "no cell like this Elman with that activation"),
        (lambda: Recurrent(Elman(WIDTH, 5, layer_norm=True)), "no cell like this Elman with layer_norm=True"),
        (lambda: Recurrent(LSTM(WIDTH, 5), initial="learned"), "initial state is learned.*initial_state"),
        (lambda: Recurrent(LSTM(WIDTH, 5), layers=2, connections="dense"), "connections are dense"),
    ],
)
def test_what_keras_lacks_is_an_error(make: Callable[[], Recurrent], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        elman.to_keras(make())


def test_mistakes_of_to_keras() -> None:
    with pytest.raises(ArgumentTypeError, match=r"the layer is a LSTM\. Expected an elman.Recurrent"):
        elman.to_keras(torch.nn.LSTM(3, 4))  # pyright: ignore[reportArgumentType]
    with pytest.raises(ArgumentError, match="return_state is True for 2 layers"):
        elman.to_keras(Recurrent(LSTM(WIDTH, 5), layers=2), return_state=True)


@pytest.mark.parametrize("variational", [False, True])
def test_dropout_between_layers_goes_along(variational: bool) -> None:
    ours = Recurrent(GRU(WIDTH, 4), layers=2, dropout=0.25, variational=variational)
    dropout = elman.to_keras(ours).layers[1]
    assert dropout.rate == 0.25
    y = dropout(torch.ones(2, 9, 400), training=True)
    assert bool((y == y[:, :1]).all()) == variational


def test_without_keras_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keras", None)
    with pytest.raises(MissingExtraError, match=r"elman\[keras\]"):
        elman.to_keras(Recurrent(LSTM(WIDTH, 5)))
