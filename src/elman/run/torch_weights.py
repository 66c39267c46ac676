"""The weights of torch's recurrent layers and those of elman's cells, each written in terms of the other.

torch keeps both matrices of a layer as columns (gates × inputs) and has two biases; gates stand in the same order in
both libraries: i, f, g, o and r, z, n.

    elman's     RNN, LSTM               GRU
    U           weight_ihᵀ              weight_ihᵀ
    W           weight_hhᵀ              weight_hhᵀ
    b           bias_ih + bias_hh       the same for r and z; bias_ih for n
    c                                   bias_hh of n, inside the reset
    P           weight_hrᵀ (proj_size)
"""

from collections.abc import Mapping

import torch
from torch import Tensor

NAMES = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")


def to_cell(weights: Mapping[str, Tensor], *, gru: bool) -> dict[str, Tensor]:
    """The parameters of elman's cell, differentiable in torch's.

    Args:
        weights: one layer's and direction's, by the names of `NAMES`; biases and projection may be absent.
        gru: whether the biases are those of a GRU.

    Returns:
        U, W, b, c and P, as far as there are such.
    """
    found = {"U": weights["weight_ih"].t(), "W": weights["weight_hh"].t()}
    if "bias_ih" in weights:
        b, c = weights["bias_ih"], weights["bias_hh"]
        if gru:
            h = b.shape[0] // 3
            found |= {"b": torch.cat([b[: 2 * h] + c[: 2 * h], b[2 * h :]]), "c": c[2 * h :]}
        else:
            found["b"] = b + c
    if "weight_hr" in weights:
        found["P"] = weights["weight_hr"].t()
    return found


def from_cell(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The parameters of torch's layer with the same numbers; where it has two biases for one, the second is zero.

    Args:
        weights: U, W, b, c and P of an elman cell, as far as there are such.

    Returns:
        by the names of `NAMES`.
    """
    found = {"weight_ih": weights["U"].t(), "weight_hh": weights["W"].t()}
    if "b" in weights:
        b = weights["b"]
        found |= {"bias_ih": b, "bias_hh": torch.zeros_like(b, requires_grad=b.requires_grad)}
    if "c" in weights:
        h = len(weights["c"])
        found["bias_hh"] = torch.cat([found["bias_hh"][: 2 * h], weights["c"]])
    if "P" in weights:
        found["weight_hr"] = weights["P"].t()
    return found
