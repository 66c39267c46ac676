"""Derivatives against differences, second derivatives, and gradients of some things only."""

from collections.abc import Callable

import pytest
import torch
from tests.conformance.laws import close, inputs, layer_of, projected, set_machine, states
from torch import Tensor
from torch.func import functional_call

from elman.layers import Recurrent

LENGTHS = [2, 4, 0, 3]
# Kinks (relu, elu, where, amax) do not matter: at these numbers no value stands within a difference of one.


def as_function(
    layer: Recurrent, lengths: list[int], reset: Tensor | None = None
) -> tuple[Callable[..., tuple[Tensor, ...]], tuple[Tensor, ...]]:
    """The layer as a function of x, every state and every weight."""
    more = {} if reset is None else {"reset": reset}
    x, state = inputs(layer, len(lengths), max(lengths), grad=True), states(layer, len(lengths), grad=True)
    weights = {name: value.detach().clone().requires_grad_() for name, value in layer.named_parameters()}

    def run(x: Tensor, *values: Tensor) -> tuple[Tensor, ...]:
        own = dict(zip(state, values, strict=False))
        others = dict(zip(weights, values[len(state) :], strict=True))
        y, final = functional_call(layer, others, (x, lengths, own), more)
        return y, *(final[name] for name in layer.states)

    return run, (x, *state.values(), *weights.values())


def test_first_derivatives_against_differences(cell: str, machine: str) -> None:
    run, values = as_function(layer_of(cell, machine, d=2, h=3), LENGTHS)
    check(run, values, machine)


def check(run: Callable[..., tuple[Tensor, ...]], values: tuple[Tensor, ...], machine: str) -> None:
    """Derivatives against differences, at gradcheck's own tolerances for float64.

    On the native machine every result against every number. The torch machine runs the same derivative programs, and
    the reference is torch's own derivative: there random directions through all results and all numbers.
    """
    assert torch.autograd.gradcheck(run, values, fast_mode=machine != "native")


@pytest.mark.parametrize("machine", ["reference", "native"], indirect=True)
def test_second_derivatives_against_differences(cell: str, machine: str) -> None:
    """The torch machine's are those of the native one, computed by the same loop."""
    run, values = as_function(layer_of(cell, machine, d=2, h=3), [2, 3])
    assert torch.autograd.gradgradcheck(run, values, fast_mode=True)


def test_second_derivatives_of_a_penalty(cell: str, machine: str) -> None:
    """The gradient of a gradient's length, as a penalty on it has."""
    found = []
    for chosen in ("reference", machine):
        layer = layer_of(cell, chosen)
        x = inputs(layer, 3, 4, grad=True)
        y, _ = layer(x, [4, 1, 3])
        (slope,) = torch.autograd.grad((y**2).sum(), x, create_graph=True)
        loss = (slope**2).sum() + y.sum()
        found.append(torch.autograd.grad(loss, [x, *layer.parameters()], allow_unused=True, materialize_grads=True))
    layer = layer_of(cell, machine)
    for a, b in zip(found[1], found[0], strict=True):
        close(a, b, layer, 4, times=64)


def test_gradients_of_some_things_only(cell: str, machine: str) -> None:
    """Whatever is asked for, its gradient is the one it has when everything is asked for."""
    layer = layer_of(cell, machine)
    x, state = inputs(layer, 3, 4, grad=True), states(layer, 3, grad=True)
    weights = dict(layer.named_parameters())
    values = {"x": x, **state, **weights}
    y, final = layer(x, [4, 2, 3], state)
    every = dict(zip(values, projected(layer, y, final, list(values.values())), strict=True))
    for name, value in values.items():
        for other in values.values():
            other.requires_grad_(other is value)
        y, final = layer(x, [4, 2, 3], state)
        close(projected(layer, y, final, [value])[0], every[name], layer, 4, times=8)


def test_gradients_through_the_final_state_only(cell: str, machine: str) -> None:
    layer = layer_of(cell, machine)
    if not layer.states:
        pytest.skip("it has no states")
    x, state = inputs(layer, 3, 4, grad=True), states(layer, 3, grad=True)
    for name in layer.states:
        found = []
        for chosen in ("reference", machine):
            _, final = set_machine(layer, chosen)(x, [4, 0, 3], state)
            wanted = [x, *state.values(), *layer.parameters()]
            found.append(torch.autograd.grad(final[name].sum(), wanted, allow_unused=True, materialize_grads=True))
        for a, b in zip(found[1], found[0], strict=True):
            close(a, b, layer, 4, times=8)


def test_no_gradient_is_asked_for(cell: str, machine: str) -> None:
    layer = layer_of(cell, machine)
    x, state = inputs(layer, 3, 4), states(layer, 3)
    expected, _ = layer(x, [4, 1, 3], state)
    with torch.no_grad():
        without, final = layer(x, [4, 1, 3], state)
    with torch.inference_mode():
        inference, _ = layer(x, [4, 1, 3], state)
    assert not without.requires_grad
    assert not any(value.requires_grad for value in final.values())
    close(without, expected.detach(), layer, 4)
    close(inference.clone(), expected.detach(), layer, 4)
    for parameter in layer.parameters():
        parameter.requires_grad_(False)
    frozen, _ = layer(x, [4, 1, 3], state)
    assert not frozen.requires_grad


def test_gradients_add_up_over_two_passes(cell: str, machine: str) -> None:
    """The same layer twice in one graph: nothing of the first pass is lost to the second."""
    layer = layer_of(cell, machine)
    x = inputs(layer, 3, 4, grad=True)
    one = torch.autograd.grad(layer(x)[0].sum(), list(layer.parameters()), allow_unused=True, materialize_grads=True)
    first, second = layer(x)[0], layer(x.flip(1))[0]
    two = torch.autograd.grad(
        layer(x.flip(1))[0].sum(), list(layer.parameters()), allow_unused=True, materialize_grads=True
    )
    both = torch.autograd.grad(
        first.sum() + second.sum(), list(layer.parameters()), allow_unused=True, materialize_grads=True
    )
    for a, b, c in zip(both, one, two, strict=True):
        close(a, b + c, layer, 4, times=16)
