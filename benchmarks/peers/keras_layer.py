"""Keras: SimpleRNN, LSTM, GRU; on JAX compiled as one function, as `fit` does."""

from typing import Any

import numpy as np

from benchmarks.case import BATCHES, GATES, ROWS, SYMBOLS, VOCABULARY, Case, Floats
from benchmarks.peers import Run, library, threads

ORDER = {"elman": [0], "lstm": [0, 1, 2, 3], "gru": [1, 0, 2]}  # Keras: i, f, c, o and z, r, h


def build(case: Case) -> Run | None:
    """The case on Keras; single layers on JAX only."""
    keras = library("keras")
    if keras.backend.backend() == "torch":
        library("torch").set_num_threads(threads())
    if case.mode == "epoch":
        return epoch(keras)
    if case.cell not in GATES or case.mode == "step" or case.unequal or keras.backend.backend() != "jax":
        return None
    kinds = {"elman": keras.layers.SimpleRNN, "lstm": keras.layers.LSTM, "gru": keras.layers.GRU}
    layer = kinds[case.cell](case.h, return_sequences=True)
    layer.build((case.n, case.time, case.d))
    layer.set_weights(weights_of(case))
    return compiled(layer, case)


def weights_of(case: Case) -> list[Floats]:
    """U, W and b in Keras' order of gates; a GRU has a second row of biases."""
    data, h = case.data(), case.h

    def ordered(value: Floats) -> Floats:
        return np.concatenate([value[..., k * h : (k + 1) * h] for k in ORDER[case.cell]], axis=-1)

    b = ordered(data["b"])
    if case.cell == "gru":
        b = np.stack([b, np.concatenate([np.zeros(2 * h, np.float32), data["c"]])])
    return [ordered(data["U"]), ordered(data["W"]), b]


def compiled(layer: Any, case: Case) -> Run:
    """The layer as one compiled function of its weights and x."""
    jax, jnp = library("jax"), library("jax.numpy")
    x, dy = (jax.device_put(case.data()[name]) for name in ("x", "dy"))
    weights = [variable.value for variable in layer.trainable_variables]
    fixed = [variable.value for variable in layer.non_trainable_variables]

    def over(weights: Any, x: Any) -> Any:
        return layer.stateless_call(weights, fixed, x)[0]

    def both(weights: Any, x: Any, dy: Any) -> Any:
        y, pull = jax.vjp(over, weights, x)
        return y, pull(dy)

    forward, train = jax.jit(over), jax.jit(both)

    def call() -> Any:
        return jax.block_until_ready(forward(weights, x) if case.mode == "forward" else train(weights, x, dy))

    def numbers() -> list[float]:
        if case.mode == "forward":
            return [float((call() * dy).sum())]
        y, (dw, dx) = call()
        return [float((y * dy).sum()), *(float(jnp.linalg.norm(v.ravel())) for v in (dx, dw[0], dw[1]))]

    return Run(call, numbers)


def epoch(keras: Any) -> Run:
    """Training steps of the tutorial's network by `fit`, reported as seconds of an epoch of 18,750 reviews."""
    keras.utils.set_random_seed(0)
    layers = keras.layers
    recurrent = [layers.SimpleRNN(32, activation="relu", return_sequences=last < 2) for last in range(3)]
    model = keras.Sequential([layers.Embedding(VOCABULARY, 16), *recurrent, layers.Dense(1, activation="sigmoid")])
    model.compile(optimizer="rmsprop", loss="binary_crossentropy")
    rng = np.random.default_rng(0)
    batches = BATCHES if keras.backend.backend() == "jax" else 5  # on torch it takes long
    ids = rng.integers(VOCABULARY, size=(batches * ROWS, SYMBOLS))
    labels = rng.integers(2, size=(batches * ROWS, 1)).astype(np.float32)
    return Run(lambda: model.fit(ids, labels, batch_size=ROWS, verbose=0), scale=18_750 / len(ids))
