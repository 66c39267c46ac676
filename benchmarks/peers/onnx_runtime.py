"""ONNX Runtime: the operators RNN, LSTM and GRU; it has no gradients."""

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.case import GATES, Case, Floats
from benchmarks.peers import Run, library, settled, threads

ORDER = {"elman": [0], "lstm": [0, 3, 1, 2], "gru": [1, 0, 2]}  # ONNX: i, o, f, c and z, r, h


def build(case: Case) -> Run | None:
    """The case on ONNX Runtime, x and y time first: the only layout its CPU operators have."""
    if case.cell not in GATES or case.mode not in ("forward", "step") or case.unequal:
        return None
    session = session_of(case)
    if case.mode == "step":
        return stream(session, case)
    data = case.data()
    x, dy = (np.ascontiguousarray(data[name].swapaxes(0, 1)) for name in ("x", "dy"))
    y = np.empty((case.time, 1, case.n, case.h), np.float32)
    call = bound(session, {"x": x, **zeros(case)}, {"y": y})

    def numbers() -> list[float]:
        call()
        return [float((y[:, 0] * dy).sum())]

    return Run(call, numbers)


def session_of(case: Case) -> Any:
    """A session of one operator. Its threads wait busily within a call, and stop when it ends."""
    onnx, ort = library("onnx"), library("onnxruntime")
    data, h = case.data(), case.h

    def ordered(value: Floats) -> Floats:
        blocks = [value[..., k * h : (k + 1) * h] for k in ORDER[case.cell]]
        return np.ascontiguousarray(np.concatenate(blocks, axis=-1).T)

    second = np.zeros_like(data["b"])
    if case.cell == "gru":
        second[2 * h :] = data["c"]
    weights = {"U": ordered(data["U"]), "W": ordered(data["W"])}
    weights["b"] = np.concatenate([ordered(data["b"]), second])
    helper, floats = onnx.helper, onnx.TensorProto.FLOAT
    states = list(zeros(case))
    kind = {"elman": "RNN", "lstm": "LSTM", "gru": "GRU"}[case.cell]
    extra = {"linear_before_reset": 1} if case.cell == "gru" else {}
    outputs = ["y", *(f"new_{state}" for state in states)]
    node = helper.make_node(kind, ["x", "U", "W", "b", "", *states], outputs, hidden_size=h, **extra)
    graph = helper.make_graph(
        [node],
        kind,
        [helper.make_tensor_value_info(name, floats, None) for name in ("x", *states)],
        [helper.make_tensor_value_info(name, floats, None) for name in outputs],
        [onnx.numpy_helper.from_array(value[None], name) for name, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=10)
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads()
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.force_spinning_stop", "1")
    return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def zeros(case: Case) -> dict[str, Floats]:
    """Initial states (1, n, h)."""
    names = ("h", "c") if case.cell == "lstm" else ("h",)
    return {name: np.zeros((1, case.n, case.h), np.float32) for name in names}


def bound(session: Any, inputs: dict[str, Floats], outputs: dict[str, Floats]) -> Callable[[], None]:
    """A call on arrays bound to a session's inputs and outputs, so that it copies and allocates nothing."""
    binding = session.io_binding()
    for bind, arrays in ((binding.bind_input, inputs), (binding.bind_output, outputs)):
        for name, array in arrays.items():
            bind(name, "cpu", 0, np.float32, array.shape, array.ctypes.data)
    held = (inputs, outputs)  # a binding keeps addresses only

    def call(_held: object = held) -> None:
        session.run_with_iobinding(binding)

    return call


def stream(session: Any, case: Case) -> Run:
    """One step after another by `run`, which makes new arrays: the state of one call goes into the next."""
    x = case.data()["x"][:, :1].swapaxes(0, 1).copy()
    names = list(zeros(case))
    outputs = ["y", *(f"new_{name}" for name in names)]
    state = zeros(case)

    def call() -> Floats:
        nonlocal state
        y, *new = session.run(outputs, {"x": x, **state})
        state = dict(zip(names, new, strict=True))
        return y

    return settled(call)
