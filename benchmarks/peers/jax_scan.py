"""JAX: the equation in a `lax.scan`, compiled as one function, in whichever of four forms is fastest here."""

import time
from itertools import product
from typing import Any

import numpy as np

from benchmarks.case import GATES, Case
from benchmarks.peers import Run, library, settled


def step_of(cell: str, h: int) -> Any:
    """(weights, state, x_t U + b) → new state, whose first value is the output."""
    jnp, nn = library("jax.numpy"), library("jax.nn")

    def elman(w: Any, state: Any, a: Any) -> Any:
        return (jnp.tanh(a + state[0] @ w["W"]),)

    def lstm(w: Any, state: Any, a: Any) -> Any:
        i, f, g, o = jnp.split(a + state[0] @ w["W"], 4, axis=-1)
        c = nn.sigmoid(f) * state[1] + nn.sigmoid(i) * jnp.tanh(g)
        return nn.sigmoid(o) * jnp.tanh(c), c

    def gru(w: Any, state: Any, a: Any) -> Any:
        u = state[0] @ w["W"]
        r, z = jnp.split(nn.sigmoid(a[:, : 2 * h] + u[:, : 2 * h]), 2, axis=-1)
        n = jnp.tanh(a[:, 2 * h :] + r * (u[:, 2 * h :] + w["c"]))
        return (n + z * (state[0] - n),)

    return {"elman": elman, "lstm": lstm, "gru": gru}[cell]


def build(case: Case) -> Run | None:
    """The case on JAX: the fastest of x U before or inside the loop, and the loop unrolled by 4 or not."""
    if case.cell not in GATES or case.mode == "epoch" or case.unequal:
        return None
    if case.mode == "step":
        return written(case, hoist=False, unroll=1)
    return min((written(case, hoist, unroll) for hoist, unroll in product((False, True), (1, 4))), key=seconds)


def seconds(run: Run) -> float:
    """The fastest of three calls, after one that compiles."""
    run.call()
    times = []
    for _ in range(3):
        begin = time.perf_counter()
        run.call()
        times.append(time.perf_counter() - begin)
    return min(times)


def written(case: Case, hoist: bool, unroll: int) -> Run:
    """The case in one form; x and y are time first, so that nothing is transposed."""
    jax, jnp = library("jax"), library("jax.numpy")
    step = step_of(case.cell, case.h)
    data = {name: jax.device_put(value) for name, value in case.data().items()}
    x, dy = (jax.device_put(np.ascontiguousarray(case.data()[name].swapaxes(0, 1))) for name in ("x", "dy"))
    weights = {name: data[name] for name in ("U", "W", "b", "c") if name != "c" or case.cell == "gru"}
    zero = tuple(jnp.zeros((case.n, case.h)) for _ in range(2 if case.cell == "lstm" else 1))

    def layer(weights: Any, x: Any) -> Any:
        def body(state: Any, value: Any) -> Any:
            a = value if hoist else value @ weights["U"] + weights["b"]
            state = step(weights, state, a)
            return state, state[0]

        return jax.lax.scan(body, zero, x @ weights["U"] + weights["b"] if hoist else x, unroll=unroll)[1]

    def one(weights: Any, state: Any, x: Any) -> Any:
        return step(weights, state, x @ weights["U"] + weights["b"])

    def both(weights: Any, x: Any, dy: Any) -> Any:
        y, pull = jax.vjp(layer, weights, x)
        return y, pull(dy)

    if case.mode == "step":
        return stream(jax.jit(one, donate_argnums=1), weights, zero, case)
    forward, train = jax.jit(layer), jax.jit(both)

    def call() -> Any:
        return jax.block_until_ready(forward(weights, x) if case.mode == "forward" else train(weights, x, dy))

    def numbers() -> list[float]:
        if case.mode == "forward":
            return [float((call() * dy).sum())]
        y, (dw, dx) = call()
        return [float((y * dy).sum()), *(float(jnp.linalg.norm(v.ravel())) for v in (dx, dw["U"], dw["W"]))]

    return Run(call, numbers)


def stream(one: Any, weights: Any, state: Any, case: Case) -> Run:
    """One step after another, on a NumPy array; the state's memory is handed on (donated)."""
    x = case.data()["x"][:, 0]

    def call() -> Any:
        nonlocal state
        state = one(weights, state, x)
        return np.asarray(state[0])

    return settled(call)
