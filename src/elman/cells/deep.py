"""The deep recurrent networks of Pascanu et al. (2014): more than one layer inside a step."""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from elman.arguments import size, sizes
from elman.cells.cell import Cell
from elman.cells.elman import activation_named
from elman.cells.gates import draw


class Deep(Cell):
    """Recurrent cell with layers of its own on the way in, from state to state, and on the way out.

        u_0 = x_t,                                u_i = φ(u_{i-1} A_i + a_i)        for each of input_layers
        z_1 = φ(u U + h_{t-1} W_1 + b_1),         z_i = φ(z_{i-1} W_i + b_i)        one more than transition_layers
        h_t = the last z
        v_0 = h_t,                                v_i = φ(v_{i-1} V_i + c_i)        for each of output_layers
        y_t = the last v

    With no such layers it is the simple recurrent cell. Layers on the way in and out cost no time step: they are
    computed for all steps at once; each transition layer is one more product that has to wait. A, U and V start uniform
    (Glorot), as do the W_i, but for square ones, which start orthogonal; a, b and c at zero.

    Args:
        input_size: d, width of x_t.
        hidden_size: h, width of the state.
        input_layers: widths of the layers between x_t and the transition.
        transition_layers: widths of the layers between h_{t-1} and h_t, whose own width comes after the last.
        output_layers: widths of the layers after h_t; the last of them is the width of the output.
        activation: φ: "tanh", "relu", "sigmoid", "identity", or a function of one tensor that keeps its shape.

    Attributes:
        A, a: matrices and biases of the input layers.
        U: input → first layer of the transition.
        W, b: matrices and biases of the transition, the first of them from h_{t-1}.
        V, c: matrices and biases of the output layers.

    Raises:
        ArgumentError, ArgumentTypeError: a wrong size, or an unknown name of an activation.

    Example:
        >>> cell = Deep(3, 5, input_layers=(8,), transition_layers=(6, 7), output_layers=(4,))
        >>> y, state = cell.step(torch.randn(2, 3), **cell.initial_state(2))
        >>> y.shape, state["h"].shape, [tuple(W.shape) for W in cell.W]
        (torch.Size([2, 4]), torch.Size([2, 5]), [(5, 6), (6, 7), (7, 5)])

    Source: R. Pascanu, C. Gulcehre, K. Cho and Y. Bengio, "How to construct deep recurrent neural networks", ICLR
    2014, section 3 (without the shortcuts around the transition).
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        input_layers: Sequence[int] = (),
        transition_layers: Sequence[int] = (),
        output_layers: Sequence[int] = (),
        activation: str | Callable[[Tensor], Tensor] = "tanh",
    ) -> None:
        hidden_size = size("hidden_size", hidden_size)
        into = [size("input_size", input_size), *sizes("input_layers", input_layers)]
        through = [hidden_size, *sizes("transition_layers", transition_layers), hidden_size]
        out = [hidden_size, *sizes("output_layers", output_layers)]
        super().__init__(input_size=input_size, output_size=out[-1], states={"h": hidden_size})
        self.activation = activation_named(activation)
        self.U = nn.Parameter(torch.empty(into[-1], through[1]))
        self.A, self.a = _matrices(into), _biases(into)
        self.W, self.b = _matrices(through), _biases(through)
        self.V, self.c = _matrices(out), _biases(out)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the initial values again."""
        for weight in (self.U, *self.A, *self.W, *self.V):
            draw(weight)
        for weight in self.W:
            if weight.shape[0] == weight.shape[1]:
                nn.init.orthogonal_(weight)
        for bias in (*self.a, *self.b, *self.c):
            nn.init.zeros_(bias)

    def step(self, x: Tensor, *, h: Tensor) -> tuple[Tensor, dict[str, Tensor]]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """h_t from x_t and h_{t-1}, y_t from h_t, each through its layers."""
        W, b = list(self.W), list(self.b)  # a slice of a ParameterList would hold new parameters
        u = self._through(x, self.A, self.a)
        z = self.activation(u @ self.U + h @ W[0] + b[0])
        h = self._through(z, W[1:], b[1:])
        return self._through(h, self.V, self.c), {"h": h}

    def _through(self, v: Tensor, matrices: Iterable[Tensor], biases: Iterable[Tensor]) -> Tensor:
        for matrix, bias in zip(matrices, biases, strict=True):
            v = self.activation(v @ matrix + bias)
        return v


def _matrices(widths: Sequence[int]) -> nn.ParameterList:
    return nn.ParameterList([nn.Parameter(torch.empty(a, b)) for a, b in pairwise(widths)])


def _biases(widths: Sequence[int]) -> nn.ParameterList:
    return nn.ParameterList([nn.Parameter(torch.empty(width)) for width in widths[1:]])
