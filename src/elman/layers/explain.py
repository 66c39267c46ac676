"""What the recurrent layers of a model do, printed."""

from torch import Tensor, nn

from elman.errors import ArgumentError, ArgumentTypeError
from elman.layers.recurrent import Recurrent


def explain(model: nn.Module, x: Tensor | None = None) -> None:
    """Print what each recurrent layer of a model does: its equations, its work, its machine, and what it stores.

    Args:
        model: a `Recurrent` layer, or any module with such layers in it.
        x: inputs (n, T, d) of the layer, for the sizes; for a single layer only.

    Raises:
        ArgumentError, ArgumentTypeError: there is no recurrent layer in it, or x does not fit.

    Example:
        >>> from elman import cells
        >>> explain(Recurrent(cells.GRU(3, 5)))  # doctest: +ELLIPSIS
        GRU
          machine: ...
    """
    if not isinstance(model, nn.Module):
        raise ArgumentTypeError(f"model is a {type(model).__name__}", expected="a torch.nn.Module")
    found = {name: module for name, module in model.named_modules() if isinstance(module, Recurrent)}
    if not found:
        raise ArgumentError(f"{type(model).__name__} holds no recurrent layer", expected="an elman.Recurrent in it")
    if x is not None and (len(found) > 1 or "" not in found):
        raise ArgumentError("x is given for a whole model", expected="x for a single layer", fix="Leave x out.")
    for name, layer in found.items():
        if name:
            print(f"{name}:")
        layer.explain(x)
