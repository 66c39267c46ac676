"""Files of Keras give the weights they were saved with; a damaged or hostile one gives one message."""

import io
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import elman
from elman.errors import ArgumentError, DataError, MissingExtraError, StorageError

keras = pytest.importorskip("keras", reason="keras is not installed: pip install 'elman[keras]'")
h5py = pytest.importorskip("h5py", reason="h5py is not installed: pip install 'elman[keras]'")
L = keras.layers
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # within Keras
KERNEL = "layers/lstm/cell/vars/0"
FORMS = ["model.keras", "model.h5", "model.weights.h5"]


def model() -> Any:
    """Every kind of layer that is read, beside others, with weights of which none is zero."""
    given = keras.Input((None, 3))
    x = L.Masking()(given)
    x = L.LSTM(5, return_sequences=True, name="memory")(x)
    x = L.Dropout(0.3)(x)
    x = keras.Sequential([L.GRU(4, return_sequences=True, name="deep"), L.GRU(4, name="deeper")], name="inner")(x)
    y = L.Bidirectional(L.GRU(2, reset_after=False), name="both")(L.Embedding(9, 3)(L.Flatten()(given)[:, :2]))
    z = L.RNN(L.SimpleRNNCell(6, use_bias=False), name="wrapped")(given)
    made = keras.Model(given, [L.Dense(2)(x), y, z])
    draw = np.random.default_rng(5)
    made.set_weights([draw.normal(size=weight.shape) for weight in made.get_weights()])
    return made


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    made, folder = model(), tmp_path_factory.mktemp("keras")
    made.save(folder / FORMS[0])
    made.save(folder / FORMS[1])
    made.save_weights(folder / FORMS[2])
    return made, folder


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A file of one LSTM."""
    path = tmp_path / "small.keras"
    keras.Sequential([keras.Input((None, 3)), L.LSTM(5)]).save(path)
    return path


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["memory", "inner/deep", "inner/deeper", "both", "wrapped"])
def test_a_file_gives_the_weights_of_the_layer(saved: tuple[Any, Path], form: str, name: str) -> None:
    made, folder = saved
    from_file, alive = elman.from_keras(folder / form, layer=name), elman.from_keras(made, layer=name)
    assert str(from_file) == str(alive)
    for own, other in zip(from_file.state_dict().values(), alive.state_dict().values(), strict=True):
        assert torch.equal(own, other)


@pytest.mark.parametrize("form", FORMS)
def test_several_layers_become_one(saved: tuple[Any, Path], form: str) -> None:
    made, folder = saved
    if form != "model.weights.h5":
        with pytest.raises(ArgumentError, match=r"'memory' \(LSTM\), .*'inner/deep' \(GRU\), .*layer='name'"):
            elman.from_keras(str(folder / form))
    layer = elman.from_keras(folder / form, layer=["memory", "inner/deep", "inner/deeper"])
    x = torch.randn(2, 6, 3)
    _, state = layer(x)
    expected = made.get_layer("inner")(made.get_layer("memory")(x))
    torch.testing.assert_close(state["l2.h"], expected, rtol=0, atol=1e-5)  # float32, 6 steps of 3 layers


def test_what_a_file_of_weights_does_not_say_can_be_said(tmp_path: Path) -> None:
    path = tmp_path / "it.weights.h5"
    theirs = keras.Sequential([keras.Input((None, 3)), L.SimpleRNN(4, activation="relu", return_sequences=True)])
    theirs.save_weights(path)
    x = torch.randn(2, 6, 3)
    torch.testing.assert_close(
        elman.from_keras(path, config={"activation": "relu"})(x)[0], theirs(x), rtol=0, atol=1e-5
    )
    with pytest.raises(ArgumentError, match=r"config is .*units.*activation, recurrent_activation, reset_after, merge"):
        elman.from_keras(path, config={"units": 3})
    for reset_after in (True, False):
        gru = L.GRU(4, use_bias=False, reset_after=reset_after, return_sequences=True)
        theirs = keras.Sequential([keras.Input((None, 3)), L.Bidirectional(gru, merge_mode="mul")])
        theirs.save_weights(path)
        with pytest.raises(DataError, match="nothing tells whether the GRU's reset"):
            elman.from_keras(path)
        ours = elman.from_keras(path, config={"reset_after": reset_after, "merge_mode": "mul"})
        torch.testing.assert_close(ours(x)[0], theirs(x), rtol=0, atol=1e-5)


def test_neither_keras_nor_code_of_the_file_is_run(tmp_path: Path) -> None:
    path = tmp_path / "lambda.keras"
    keras.Sequential([keras.Input((None, 3)), L.Lambda(lambda x: x * 2), L.LSTM(5)]).save(path)
    code = f"import sys, elman; print(elman.from_keras({str(path)!r}).output_size, 'keras' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["5", "False"]


def test_without_h5py_the_extra_is_named(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(MissingExtraError, match=r"elman\[keras\]"):
        elman.from_keras(small)


@pytest.mark.parametrize("form", FORMS)
def test_every_shorter_file_is_refused_by_name(saved: tuple[Any, Path], form: str, tmp_path: Path) -> None:
    whole = (saved[1] / form).read_bytes()
    path = tmp_path / form
    for length in [0, 1, 3, 8, 100, len(whole) // 3, len(whole) // 2, len(whole) - 30, len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(DataError, match=form):
            elman.from_keras(path, layer="memory")


def test_a_flipped_bit_in_the_zip_is_noticed(small: Path) -> None:
    whole = bytearray(small.read_bytes())
    kernel = np.float32(elman.from_keras(small).cells["l0"].U.detach()[0, 0]).tobytes()  # pyright: ignore
    whole[whole.index(kernel)] ^= 1
    small.write_bytes(whole)
    with pytest.raises(DataError, match="CRC"):
        elman.from_keras(small)


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(path: Path, parts: dict[str, bytes], how: int = zipfile.ZIP_STORED) -> None:
    with zipfile.ZipFile(path, "w", how) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)


def with_settings(change: Callable[[Any], Any]) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        parts = members(path)
        settings = json.loads(parts["config.json"])
        changed = change(settings)
        zipped(path, {**parts, "config.json": json.dumps(settings if changed is None else changed).encode()})

    return damage


def with_weights(change: Callable[[Any], None]) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        parts = members(path)
        weights = io.BytesIO(parts["model.weights.h5"])
        with h5py.File(weights, "a") as file:
            change(file)
        zipped(path, {**parts, "model.weights.h5": weights.getvalue()})

    return damage


def replaced(data: Any, **how: Any) -> Callable[[Path], None]:
    def change(file: Any) -> None:
        del file[KERNEL]
        if isinstance(data, h5py.SoftLink | h5py.ExternalLink):
            file[KERNEL] = data
        else:
            file.create_dataset(KERNEL, data=data, **how)

    return with_weights(change)


def sparse(file: Any) -> None:
    """Numbers that are not there: 10¹⁵ zeros in no space."""
    del file[KERNEL]
    file.create_dataset(KERNEL, shape=(10**14, 20), dtype="float32", chunks=(1000, 20))


def layer_config(settings: Any) -> Any:
    return settings["config"]["layers"][1]["config"]


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "text": (lambda path: path.write_text("version 1"), "neither a zip nor HDF5: it begins with b'version '"),
    "another zip": (lambda path: zipped(path, {"a/b": b""}), "holds 'a/b', but no config.json"),
    "no weights": (lambda path: zipped(path, {"config.json": b"{}"}), r"but no model\.weights\.h5"),
    "weights no HDF5": (lambda path: zipped(path, {**members(path), "model.weights.h5": b"x" * 99}), "is damaged"),
    "no JSON": (lambda path: zipped(path, {**members(path), "config.json": b"{'a': 1}"}), "JSONDecodeError"),
    "deep JSON": (lambda path: zipped(path, {**members(path), "config.json": b"[" * 10**6}), "RecursionError"),
    "bomb": (
        lambda path: zipped(path, {**members(path), "config.json": b" " * 10**8}, zipfile.ZIP_DEFLATED),
        r"would unpack from \d+ to 100000000 bytes",
    ),
    "settings no dict": (with_settings(lambda _: 3), "is damaged"),
    "layers no dicts": (with_settings(lambda s: s["config"].update(layers=[3])), "is damaged"),
    "units": (with_settings(lambda s: layer_config(s).update(units="5")), "layer 'lstm.*': units is '5'"),
    "other units": (with_settings(lambda s: layer_config(s).update(units=4)), r"shapes \(3, 20\).*\(3, 16\).*4 units"),
    "other name": (with_settings(lambda s: layer_config(s).update(name="x")), "'x' where .* weights of 'lstm"),
    "unhashable": (with_settings(lambda s: layer_config(s).update(activation={"a": []})), "its activation is {"),
    "foreign class": (
        with_settings(lambda s: s["config"]["layers"][1].update(module="mine", registered_name="pkg>LSTM")),
        r"has 'input_layer\w*' \(InputLayer\), 'lstm\w*' \(pkg>LSTM\)",
    ),
    "kernel is text": (replaced(["a", "b"]), "numbers of type object"),
    "kernel is whole": (replaced(np.ones((3, 20), int)), "numbers of type int64"),
    "types differ": (replaced(np.ones((3, 20))), "of type float32, float64"),
    "kernel is flat": (replaced(np.ones(60, "float32")), r"shapes \(60,\)"),
    "kernel is empty": (replaced(np.ones((0, 20), "float32")), r"shapes \(0, 20\)"),
    "compressed": (replaced(np.ones((3, 20), "float32"), compression="gzip"), "is compressed or not in the file"),
    "sparse": (with_weights(sparse), "is compressed or not in the file"),
    "elsewhere": (
        replaced(None, shape=(3, 20), dtype="f4", external="/etc/passwd"),
        "is compressed or not in the file",
    ),
    "soft link": (replaced(h5py.SoftLink("/layers/lstm/cell/vars/1")), "there is no dataset '0'"),
    "external link": (replaced(h5py.ExternalLink("other.h5", "/x")), "there is no dataset '0'"),
    "no kernel": (with_weights(lambda file: file.__delitem__(KERNEL)), "2 arrays of weights"),
    "no layer": (with_weights(lambda file: file.__delitem__("layers/lstm")), "there is no group 'layers/lstm'"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_one_message_for_what_is_wrong(name: str, small: Path) -> None:
    damage, message = DAMAGE[name]
    damage(small)
    with pytest.raises(DataError, match=message) as raised:
        elman.from_keras(small)
    assert str(raised.value).startswith(str(small))


def test_a_wrong_address_within_the_weights(small: Path) -> None:
    """HDF5 holds addresses of eight bytes; one of 2⁶⁴ - 2⁸ is beyond what a stream in memory can be asked for."""
    parts, refused = members(small), 0
    for place in range(0, 1600, 8):
        weights = bytearray(parts["model.weights.h5"])
        weights[place : place + 8] = b"\0" + b"\xff" * 7
        zipped(small, {**parts, "model.weights.h5": bytes(weights)})
        try:
            elman.from_keras(small)
        except DataError:
            refused += 1
    assert refused > 20


def test_groups_within_groups(tmp_path: Path) -> None:
    """HDF5 walks down to each from the first: 3,000 of them would take ten seconds, and ten times as many 1,000 s."""
    with h5py.File(tmp_path / "deep.weights.h5", "w") as file:
        group = file
        for _ in range(100):
            group = group.create_group("a")
    with pytest.raises(DataError, match="64 groups stand one within another"):
        elman.from_keras(tmp_path / "deep.weights.h5")


def test_no_file_and_no_layer(tmp_path: Path, small: Path) -> None:
    with pytest.raises(DataError, match="there is no such file"):
        elman.from_keras(tmp_path / "none.keras")
    with pytest.raises(DataError, match="this is a folder"):
        elman.from_keras(tmp_path)
    with pytest.raises(StorageError, match="null byte"):
        elman.from_keras(tmp_path / "a\0b.keras")
    with pytest.raises(ArgumentError, match=r"'gru', of which .*small\.keras has 0"):
        elman.from_keras(small, layer="gru")
    keras.Sequential([keras.Input((3,)), L.Dense(2, name="only")]).save(small)
    with pytest.raises(DataError, match=r"'only' \(Dense\)"):
        elman.from_keras(small)
    shutil.copy(small, tmp_path / "renamed.bin")
    with pytest.raises(DataError, match=r"'only': it is a Dense.*SimpleRNN, GRU, LSTM"):
        elman.from_keras(tmp_path / "renamed.bin", layer="only")
