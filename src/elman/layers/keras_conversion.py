"""Recurrent layers of Keras as layers of elman, and back, with the same numbers (extra `[keras]`)."""

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from itertools import pairwise
from typing import Any

import torch

from elman.errors import ArgumentError, ArgumentTypeError, DataError, ElmanError, MissingExtraError
from elman.layers.keras_file import GATES, KerasLayer, opened
from elman.layers.keras_weights import IN_TRAINING, Converted, converted, in_keras
from elman.layers.recurrent import Recurrent

_RECURRENT = (*GATES, "Bidirectional", "RNN")
_UNTOLD = ("activation", "recurrent_activation", "reset_after", "merge_mode")
_MODES = {"concat": "concat", "sum": "sum", "average": "ave", "product": "mul"}


def from_keras(
    source: Any,
    layer: str | Sequence[str] | None = None,
    *,
    config: Mapping[str, Any] | None = None,
    ignore: Collection[str] = (),
) -> Recurrent:
    """A recurrent layer of Keras, alive or in a file, as a layer of elman with the same numbers.

        SimpleRNN → cells.Elman, LSTM → cells.LSTM, GRU → cells.GRU        Bidirectional: both directions

    `keras.layers.RNN` over one of the three cells is such a layer too. A file is read without Keras, and no code in
    it is run. `y` are the outputs of all steps; what Keras returns without `return_sequences` is `state["h"]`, with
    `state["backward.h"]` beside it. A mask with the padding at the end is `lengths`. What belongs to training
    (initial values, regularizers, constraints) is left behind.

    Args:
        source: a layer of Keras 3 that is built, a list of such layers, a `Sequential` or functional model; or the
            path of a `.keras`, `.h5` or `.weights.h5` file.
        layer: the name of the layer, where there are several; `"encoder/lstm"` within a model of models. Several
            names, lowest first, become one deep layer: all in one direction, or all in both with the same merge mode.
        config: what a file of weights alone does not say, where it is not Keras' default: `activation`,
            `recurrent_activation`, `reset_after` (of a GRU without bias), `merge_mode`.
        ignore: settings to leave out, of those that change no output of a trained layer: "dropout",
            "recurrent_dropout", "unroll", "stateful".

    Returns:
        the layer, with weights of its own, of the type that Keras has stored.

    Raises:
        ArgumentError, ArgumentTypeError: an object that is no such layer, or has a setting that elman has not.
        DataError: the same of a file; also a file that is damaged or of another kind.
        MissingExtraError: h5py is not installed, and a file is to be read.

    Example:
        >>> import keras
        >>> theirs = keras.layers.LSTM(5, return_sequences=True)
        >>> theirs.build((None, None, 3))
        >>> x = torch.randn(4, 7, 3)
        >>> y, state = from_keras(theirs)(x)
        >>> torch.allclose(y, theirs(x), atol=1e-6)
        True
    """
    wrong = [name for name in ignore if name not in IN_TRAINING]
    if wrong or isinstance(ignore, str):
        raise ArgumentError(f"ignore is {ignore!r}", f"a list of names out of {', '.join(IN_TRAINING)}")
    with ExitStack() as stack:
        if isinstance(source, str | os.PathLike):
            found = stack.enter_context(opened(source))
        elif isinstance(source, list | tuple):
            found = [_alive(one) for one in source]
            layer = [one.name for one in found] if layer is None else layer
        else:
            found = list(_alive_in(source))
        chosen = [_with(one, config) for one in _chosen(found, layer, source)]
        parts = [(one, _converted(one, ignore)) for one in chosen]
    return _recurrent(parts)


def _alive(source: Any) -> KerasLayer:
    if not all(hasattr(source, name) for name in ("name", "get_config", "get_weights")):
        raise ArgumentTypeError(
            f"the source is a {type(source).__name__}", "a layer or model of Keras 3, or the path of a file"
        )
    kind = type(source).__name__
    module = type(source).__module__.partition(".")[0]
    if module != "keras":  # a class of somebody's own may compute anything, whatever its name
        return KerasLayer(source.name, f"{module}>{kind}", {}, source.get_weights)
    return KerasLayer(source.name, kind, source.get_config(), source.get_weights)


def _alive_in(source: Any, names: tuple[str, ...] = ()) -> Iterator[KerasLayer]:
    """The layer itself, or all layers of a model."""
    inner = getattr(source, "layers", None)
    if not isinstance(inner, list):
        own = _alive(source)
        yield replace(own, name="/".join([*names, own.name]))
        return
    for one in inner:
        yield from _alive_in(one, (*names, one.name) if isinstance(getattr(one, "layers", None), list) else names)


def _chosen(found: Sequence[KerasLayer], layer: str | Sequence[str] | None, source: Any) -> list[KerasLayer]:
    recurrent = [one for one in found if one.kind in _RECURRENT]
    listed = ", ".join(f"{one.name!r} ({one.kind})" for one in recurrent or found) or "no layer"
    path = source if isinstance(source, str | os.PathLike) else None
    place = "the model" if path is None else os.fspath(path)
    if layer is None:
        if len(recurrent) == 1 or (len(found) == 1 and path is None):
            return recurrent or list(found)
        if path is not None and not recurrent:
            raise DataError(f"the model has {listed}", f"a layer out of {', '.join(_RECURRENT)}", path=place)
        raise ArgumentError(
            f"{place} has {listed}",
            "one recurrent layer",
            "Write from_keras(..., layer='name'), or layer=['lowest', 'next'] for a deep one.",
        )
    names = [layer] if isinstance(layer, str) else list(layer)
    chosen: list[KerasLayer] = []
    for name in names:
        same = [one for one in found if one.name == name]
        if len(same) != 1:
            raise ArgumentError(f"layer is {name!r}, of which {place} has {len(same)}", f"one of {listed}")
        chosen += same
    if not chosen:
        raise ArgumentError("no layer is named", f"one of {listed}")
    return chosen


def _with(layer: KerasLayer, config: Mapping[str, Any] | None) -> KerasLayer:
    """The layer with the settings that a file of weights does not hold."""
    if config is None:
        return layer
    wrong = [name for name in config if name not in _UNTOLD]
    if wrong or layer.told:
        raise ArgumentError(
            f"config is {dict(config)!r}" + (", but the source itself says how the layer is set" if layer.told else ""),
            f"settings out of {', '.join(_UNTOLD)}, for a file of weights alone",
        )
    own = {name: value for name, value in config.items() if name != "merge_mode"}
    if layer.kind != "Bidirectional":
        return replace(layer, config={**layer.config, **own})
    inner = {**layer.config["layer"], "config": {**layer.config["layer"]["config"], **own}}
    return replace(layer, config={"merge_mode": config.get("merge_mode", "concat"), "layer": inner})


def _converted(layer: KerasLayer, ignore: Collection[str]) -> Converted:
    try:
        return converted(layer, ignore)
    except ElmanError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:  # a configuration that is not one
        raise layer.error(
            f"its settings cannot be read ({type(error).__name__}: {error})", "those Keras writes"
        ) from None


def _recurrent(parts: Sequence[tuple[KerasLayer, Converted]]) -> Recurrent:
    """One layer of elman of all the parts, one upon another."""
    first = parts[0][1]
    for (_, below), (layer, part) in pairwise(parts):
        if part.merge != first.merge:
            modes = [f"merge mode is {one.merge}" if one.merge else "one direction" for one in (part, first)]
            raise layer.error(f"there is {modes[0]}", f"{modes[1]}, as in the layers below it")
        if part.input_size != below.output_size:
            raise layer.error(f"it reads {part.input_size} features", f"{below.output_size}, of the layer below it")
    for layer, part in parts[:-1]:
        if not part.sequences:
            raise layer.error("return_sequences is False", "True, as another layer is to read its outputs")
    with torch.device("meta"):  # no memory, and no random numbers drawn: the weights are given
        cells = [part.settings.cell(part.input_size) for _, part in parts]
        whole = Recurrent(cells, bidirectional=first.merge is not None, merge=first.merge or "concat")
    weights = [one for _, part in parts for one in part.weights]
    for cell, own in zip(whole.cells.values(), weights, strict=True):
        cell.load_state_dict(own, assign=True)
    return whole


def to_keras(layer: Recurrent, return_sequences: bool = True, return_state: bool = False) -> Any:
    """A layer of Keras with the same numbers as a layer of elman.

        cells.Elman → SimpleRNN, cells.LSTM → LSTM, cells.GRU → GRU        both directions: Bidirectional

    Where the padding is masked, the outputs there are zero, as elman's are.

    Args:
        layer: a layer of elman; its cell one of the three, its initial state zero.
        return_sequences: whether Keras' layer returns the outputs of all steps, as elman's does, or of the last.
        return_state: whether Keras' layer returns its final state too; of a single layer only.

    Returns:
        a built `keras.layers.SimpleRNN`, `LSTM`, `GRU` or `Bidirectional`; for several layers a `keras.Sequential` of
        them, with `Dropout` between them where the layer has dropout (`SpatialDropout1D` where it is variational).

    Raises:
        ArgumentError, ArgumentTypeError: not a `Recurrent`, or one with something that Keras has not.
        MissingExtraError: Keras is not installed.

    Example:
        >>> layer = elman.Recurrent(cells.GRU(3, 5), layers=2, bidirectional=True)
        >>> theirs = to_keras(layer)
        >>> [type(one).__name__ for one in theirs.layers]
        ['Bidirectional', 'Bidirectional']
        >>> x = torch.randn(4, 7, 3)
        >>> torch.allclose(theirs(x), layer(x)[0], atol=1e-6)
        True
    """
    if not isinstance(layer, Recurrent):
        raise ArgumentTypeError(f"the layer is a {type(layer).__name__}", "an elman.Recurrent")
    if len(layer.initial):
        raise ArgumentError(
            "the layer's initial state is learned", "initial='zero'", "Keras takes a state in the call: initial_state."
        )
    if layer.layers > 1 and layer.wiring.connections != "plain":
        raise ArgumentError(
            f"the layer's connections are {layer.wiring.connections}", "plain ones: Keras has no others"
        )
    if return_state and layer.layers > 1:
        raise ArgumentError(f"return_state is True for {layer.layers} layers", "False: a Sequential returns no states")
    keras = _keras()
    made: list[Any] = []
    for i in range(layer.layers):
        last = i + 1 == layer.layers
        one = _keras_layer(keras, layer, i, return_sequences or not last, return_state)
        made.append(one)
        if layer.dropout and not last:  # SpatialDropout1D: the same values are dropped at all steps
            kind = keras.layers.SpatialDropout1D if layer.variational else keras.layers.Dropout
            made.append(kind(layer.dropout, dtype=one.dtype))
    if len(made) == 1:
        return made[0]
    whole = keras.Sequential([keras.Input((None, layer.input_size), dtype=made[0].dtype), *made])
    whole.supports_masking = True  # it hands a mask on whatever this says; otherwise it warns that it does not
    return whole


def _keras_layer(keras: Any, layer: Recurrent, i: int, sequences: bool, state: bool) -> Any:
    """The layer number i, of one direction or both, with its weights."""
    cells = [cell for name, cell in layer.cells.items() if name.removesuffix("_backward") == f"l{i}"]
    described = [in_keras(cell) for cell in cells]
    kind, arrays = described[0][0], [array for _, own in described for array in own]
    own: dict[str, Any] = {"reset_after": kind.reset_after} if kind.kind == "GRU" else {}
    own |= {"activation": kind.activation} if kind.kind == "SimpleRNN" else {}
    made = getattr(keras.layers, kind.kind)(
        kind.units,
        use_bias=kind.use_bias,
        return_sequences=sequences,
        return_state=state,
        zero_output_for_mask=sequences,  # without sequences it would set the last output to zero
        dtype=str(arrays[0].dtype),
        **own,
    )
    if layer.bidirectional:
        made = keras.layers.Bidirectional(made, merge_mode=_MODES[layer.wiring.merge], dtype=str(arrays[0].dtype))
    made.build((None, None, arrays[0].shape[0]))
    made.set_weights(arrays)
    return made


def _keras() -> Any:
    try:
        import keras
    except ImportError as error:
        if error.name == "keras":
            raise MissingExtraError("keras", "keras", "A layer of Keras") from error
        raise ArgumentError(
            f"Keras does not start: {error}",
            "a backend of Keras that is installed",
            "Set the environment variable KERAS_BACKEND=torch before Keras is imported.",
        ) from error
    return keras
