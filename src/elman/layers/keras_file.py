"""The layers of a Keras file as names, settings and numbers, read without Keras and without running anything.

    model.keras         a zip; config.json holds the settings of all layers, model.weights.h5 the weights
    model.h5            HDF5 with the settings in an attribute: whole models of Keras 2, and the older form of Keras 3
    model.weights.h5    HDF5 of weights alone: shapes tell LSTM, GRU and SimpleRNN apart, the rest is Keras' default

Only what is needed is read: two members of the zip, plain numbers of the HDF5 file. Links to other files, compressed
numbers and numbers of any other type than floats are refused, so that no small file can ask for much memory.
"""

import io
import json
import os
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from elman.errors import ArgumentError, DataError, ElmanError, MissingExtraError, StorageError

if TYPE_CHECKING:
    import h5py

GATES = {"SimpleRNN": 1, "GRU": 3, "LSTM": 4}
_UNKNOWN = "layer of unknown kind"
_SETTINGS, _WEIGHTS = "config.json", "model.weights.h5"
_MOST_SETTINGS = 1 << 26  # bytes of config.json; those of large models have 10⁵
_MOST_PACKED = 100  # bytes of a member per byte in the zip; Keras does not compress at all
_DEEPEST = 64  # groups within groups; HDF5 takes 10 s to walk down 3,000
_DAMAGE = (
    *(OSError, RuntimeError, NotImplementedError, EOFError, RecursionError, zlib.error, zipfile.BadZipFile),
    *(KeyError, ValueError, TypeError, AttributeError, MemoryError, OverflowError),
)


@dataclass(frozen=True)
class KerasLayer:
    """One layer of a Keras model, in memory or in a file.

    Attributes:
        name: its name, after those of the models it stands in: "lstm", "encoder/lstm".
        kind: its class: "LSTM", "Bidirectional", "Dense".
        config: its settings, as Keras writes them.
        weights: reads its arrays: kernel, recurrent kernel and bias; the same of a backward direction after them.
        path: the file, if it is in one.
        told: whether the settings were found, not inferred from the shapes.
    """

    name: str
    kind: str
    config: Mapping[str, Any]
    weights: Callable[[], list[np.ndarray]]
    path: str | None = None
    told: bool = True

    def error(self, found: str, expected: str = "", fix: str = "") -> ElmanError:
        """What is wrong with this layer, with its name and the file."""
        found = f"layer {self.name!r}: {found}"
        if self.path is None:
            return ArgumentError(found, expected, fix)
        return DataError(found, expected, fix, path=self.path)


@contextmanager
def opened(path: str | os.PathLike[str]) -> Iterator[list[KerasLayer]]:
    """All layers of a file; their weights can be read until the block ends.

    Raises:
        DataError: there is no such file, or it is damaged, or no file of Keras.
        StorageError: the system refuses to read it.
        MissingExtraError: h5py is not installed.
    """
    path = os.fspath(path)
    try:
        import h5py
    except ImportError as error:
        raise MissingExtraError("h5py", "keras", "A file of Keras") from error
    begin = _first_bytes(path)
    with ExitStack() as stack:
        with _damage_named(path):
            if begin.startswith(b"PK"):
                settings, weights = _unzipped(path)
                file = stack.enter_context(h5py.File(io.BytesIO(weights), "r"))
            elif h5py.is_hdf5(path):
                file = stack.enter_context(h5py.File(path, "r"))
                settings = file.attrs.get("model_config")
            else:
                raise DataError(
                    f"this is neither a zip nor HDF5: it begins with {begin!r}" if begin else "the file is empty",
                    "a file that Keras saved: .keras, .h5 or .weights.h5",
                    path=path,
                )
            found = list(_layers(path, file, settings, zipped=begin.startswith(b"PK")))
        yield found


def _first_bytes(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(8)
    except FileNotFoundError:
        raise DataError("there is no such file", "a file that Keras saved", path=path) from None
    except IsADirectoryError:
        raise DataError("this is a folder", "a file: .keras, .h5 or .weights.h5", path=path) from None
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the path
        raise StorageError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from None


@contextmanager
def _damage_named(path: str) -> Iterator[None]:
    """Whatever the libraries raise on a damaged file becomes one message."""
    try:
        yield
    except ElmanError:
        raise
    except _DAMAGE as error:
        raise DataError(
            f"the file is damaged ({type(error).__name__}: {error})",
            "a file that Keras saved, complete",
            "Save or copy it again.",
            path=path,
        ) from error


def _unzipped(path: str) -> tuple[bytes, bytes]:
    """config.json and model.weights.h5 of the zip; their checksums are compared by zipfile."""
    with zipfile.ZipFile(path) as archive:
        members = {info.filename: info for info in archive.infolist()}
        for name, most in ((_SETTINGS, _MOST_SETTINGS), (_WEIGHTS, None)):
            if name not in members:
                listed = ", ".join(map(repr, list(members)[:8])) or "nothing"
                raise DataError(f"the zip holds {listed}, but no {name}", f"{_SETTINGS} and {_WEIGHTS}", path=path)
            size, packed = members[name].file_size, members[name].compress_size
            if size > _MOST_PACKED * packed or (most is not None and size > most):
                raise DataError(
                    f"{name} would unpack from {packed} to {size} bytes", "a zip as Keras writes it", path=path
                )
        return archive.read(members[_SETTINGS]), archive.read(members[_WEIGHTS])


def _layers(path: str, file: "h5py.File", settings: bytes | str | None, zipped: bool) -> Iterator[KerasLayer]:
    if settings is None:
        yield from _untold(path, file)
        return
    model = json.loads(settings)
    weights = file if zipped else _inside(path, file, "model_weights", "group")
    if _nested(model) is not None:
        yield from _told(path, weights, model, zipped)
    else:  # a model of a class of the user's, whose settings do not name its layers
        yield from _untold(path, weights)


def _told(
    path: str, file: "h5py.Group", model: dict[str, Any], zipped: bool, names: tuple[str, ...] = (), inner: str = ""
) -> Iterator[KerasLayer]:
    """The layers that the settings name; `inner` is the place of the model's weights in a zip's HDF5."""
    taken: Counter[str] = Counter()
    for entry in _nested(model) or ():
        kind, config = class_of(entry), entry["config"]
        own = (*names, str(config["name"] if isinstance(config, dict) and "name" in config else entry.get("name")))
        key = _snake(entry["class_name"])
        place = f"{inner}layers/{key}" + (f"_{taken[key]}" if taken[key] else "")
        taken[key] += 1
        if _nested(entry) is not None:
            yield from _told(path, file, entry, zipped, own, place + "/")
        elif zipped:
            yield KerasLayer("/".join(own), kind, config, partial(_zip_weights, path, file, place, kind, own[-1]), path)
        else:
            yield KerasLayer("/".join(own), kind, config, partial(_old_weights, path, file, own), path)


def _nested(entry: Any) -> list[Any] | None:
    """The layers of a model among the layers, or None for any other layer; Keras 2.0 wrote a bare list."""
    config = entry["config"]
    layers = config if isinstance(config, list) else config.get("layers")
    return layers if isinstance(layers, list) else None


def class_of(entry: Mapping[str, Any]) -> str:
    """The class that a serialized layer names: "LSTM" if it is Keras' own, "package>LSTM" if it is not."""
    registered = entry.get("registered_name") or entry["class_name"]
    foreign = not str(entry.get("module") or "keras").startswith("keras")
    return registered if ">" in registered else f"{entry['module']}>{registered}" if foreign else entry["class_name"]


def _snake(name: str) -> str:
    """LSTM → lstm, SimpleRNN → simple_rnn: how Keras names a layer's place."""
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def _zip_weights(path: str, file: "h5py.Group", place: str, kind: str, name: str) -> list[np.ndarray]:
    """layers/lstm/cell/vars/{0, 1, 2}; of both directions where there are two."""
    with _damage_named(path):
        layer = _inside(path, file, place, "group")
        stored = _inside(path, layer, "vars", "group").attrs.get("name", name)  # Keras < 3.6 wrote no names
        if stored != name:
            raise DataError(
                f"{_SETTINGS} has layer {name!r} where {_WEIGHTS} has the weights of {stored!r}",
                "two members of the same model",
                path=path,
            )
        arrays: list[np.ndarray] = []
        for direction in ("forward_layer/", "backward_layer/") if kind == "Bidirectional" else ("",):
            variables = _inside(path, layer, f"{direction}cell/vars", "group")
            arrays += [_numbers(path, variables, key) for key in sorted(variables, key=int)]
        return arrays


def _old_weights(path: str, file: "h5py.Group", names: tuple[str, ...]) -> list[np.ndarray]:
    """model_weights/<layer>/<each of weight_names>; a model among the layers keeps those of all its layers there."""
    with _damage_named(path):
        group = _inside(path, file, names[0], "group")
        listed = [_text(name) for key in _parts(group, "weight_names") for name in group.attrs[key]]
        if len(names) > 1:
            listed = [name for name in listed if names[-1] in name.split("/")[:-1]]
        return [_numbers(path, group, name) for name in listed]


def _parts(group: "h5py.Group", name: str) -> list[str]:
    """The attributes that hold a list of names: one, or name0, name1, … where it is too long for one."""
    return (
        [name] if name in group.attrs else sorted((k for k in group.attrs if re.fullmatch(rf"{name}\d+", k)), key=len)
    )


def _untold(path: str, file: "h5py.Group") -> Iterator[KerasLayer]:
    """Every group that holds the weights of a cell; forward and backward side by side are one Bidirectional."""
    cells: dict[str, list[str]] = {}

    def visit(name: str, item: Any) -> None:
        if name.count("/") > _DEEPEST:
            raise DataError(f"more than {_DEEPEST} groups stand one within another", "what Keras writes", path=path)
        keys = {} if hasattr(item, "shape") else {key.removesuffix(":0"): key for key in item}
        wanted = ("0", "1", "2") if f"/{name}".endswith("/cell/vars") else ("kernel", "recurrent_kernel", "bias")
        if wanted[0] in keys and wanted[1] in keys:
            cells[name] = [f"{name}/{keys[key]}" for key in wanted if key in keys]

    file.visititems(visit)  # follows no link out of the file
    whole: dict[str, list[tuple[str, list[str]]]] = {}
    for place, keys in cells.items():
        parts = re.sub(r"(/cell/vars|/[^/]*_cell(_\d+)?)$", "", place).split("/")
        direction = re.match(r"forward_|backward_", parts[-1])
        layer = "/".join(parts[:-1] if direction else parts)
        whole.setdefault(layer, []).append((direction[0] if direction else "", keys))
    for place, found in whole.items():
        found.sort(reverse=True)  # forward_ before backward_
        yield _inferred(path, file, place, found)


def _inferred(path: str, file: "h5py.Group", place: str, found: list[tuple[str, list[str]]]) -> KerasLayer:
    """What the shapes tell: the recurrent kernel (h, gates · h), and a GRU's bias (2, 3 h) with reset_after."""
    keys = [key for _, one in found for key in one]
    shapes = [_inside(path, file, key, "dataset").shape for key in found[0][1]]
    units, columns = shapes[1] if len(shapes[1]) == 2 else (0, 0)
    kind = next((kind for kind, gates in GATES.items() if units and columns == gates * units), _UNKNOWN)
    config: dict[str, Any] = {"units": units, "use_bias": len(shapes) == 3}
    if kind == "GRU" and len(shapes) == 3:
        config["reset_after"] = len(shapes[2]) == 2
    if [direction for direction, _ in found] == ["forward_", "backward_"]:
        kind, config = "Bidirectional", {"layer": {"class_name": kind, "config": config}}
    elif len(found) > 1:
        kind = _UNKNOWN
    return KerasLayer(_name_at(file, place), kind, config, partial(_read, path, file, keys), path, told=False)


def _name_at(file: "h5py.Group", place: str) -> str:
    """layers/sequential/layers/gru → encoder/gru, by the names that stand beside the weights; else the last part."""
    parts, names = place.split("/"), []
    for i, part in enumerate(parts):
        variables = _hard(file, f"{'/'.join(parts[: i + 1])}/vars")
        if variables is not None and part != "layers":
            names.append(_text(variables.attrs.get("name", part)))
    return "/".join(names) or parts[-1]


def _read(path: str, file: "h5py.Group", keys: list[str]) -> list[np.ndarray]:
    with _damage_named(path):
        return [_numbers(path, file, key) for key in keys]


def _hard(group: "h5py.Group", place: str) -> Any:
    """What stands there, or None; links to other places and other files are not followed."""
    import h5py

    item: Any = group
    for part in place.split("/"):
        if not isinstance(item, h5py.Group) or not isinstance(item.get(part, getlink=True), h5py.HardLink):
            return None
        item = item[part]
    return item


def _inside(path: str, group: "h5py.Group", place: str, what: str) -> Any:
    """The group or dataset of that name."""
    item = _hard(group, place)
    if item is None or hasattr(item, "shape") != (what == "dataset"):
        raise DataError(f"there is no {what} {place!r} in {group.name!r}", "what Keras writes", path=path)
    return item


def _numbers(path: str, group: "h5py.Group", place: str) -> np.ndarray:
    """The array there, if it is stored as Keras does: floats, one after the other, in this file."""
    data = _inside(path, group, place, "dataset")
    if data.dtype.kind != "f" or data.dtype.itemsize > 8:
        raise DataError(f"{data.name!r} holds numbers of type {data.dtype}", "float16, float32 or float64", path=path)
    if data.external or data.is_virtual or data.id.get_storage_size() != data.nbytes:
        raise DataError(f"{data.name!r}, {data.shape}, is compressed or not in the file", "plain numbers", path=path)
    return np.asarray(data[()], dtype=data.dtype.newbyteorder("="))


def _text(name: Any) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)
