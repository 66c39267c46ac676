"""Several processes: each batch is split between them, and together they make the step of one."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_training import OPTIONS, tiny_problem, untimed
from torch import nn

from elman.errors import RunError
from elman.learn.checkpoint import newest_whole
from elman.learn.loop import fit
from elman.learn.processes import Processes

SCRIPT = Path(__file__).with_name("tiny_training.py")


@pytest.mark.parametrize(("rows", "count"), [(8, 1), (8, 2), (7, 3), (2, 4), (1, 2)])
def test_shares_make_up_the_batch(rows: int, count: int) -> None:
    """The mean over processes of weight × mean loss is the batch's mean loss, and no process is without rows."""
    batch = np.arange(10, 10 + rows)
    loss = {row: float(row) ** 2 for row in batch}
    processes = Processes()
    total, seen = 0.0, []
    for rank in range(count):
        processes.count, processes.rank = count, rank
        own, weight = processes.share(batch)
        assert len(own)
        total += weight * float(np.mean([loss[row] for row in own])) / count
        seen += list(own) if weight else []
    assert total == pytest.approx(np.mean(list(loss.values())))
    assert sorted(seen) == list(batch)


def test_two_processes_train_as_one(tmp_path: Path) -> None:
    """Without dropout, whose draws differ, the losses are those of one process up to rounding."""
    code = (
        "import sys, dataclasses, pathlib, tiny_training as t; t.Network.__init__.__defaults__ = (0.0,)\n"
        "options = dataclasses.replace(t.OPTIONS, optimizer='sgd', epochs=2)\n"
        "sys.exit(t.main(pathlib.Path(sys.argv[1]), 0.0, options))"
    )
    script = tmp_path / "two.py"
    script.write_text(code)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", str(script)]
    environment = {**os.environ, "PYTHONPATH": str(SCRIPT.parent), "OMP_NUM_THREADS": "1"}
    done = subprocess.run([*command, str(tmp_path)], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = newest_whole(tmp_path / "checkpoints", print)
    assert found is not None
    generators = [found[0][f"random.{rank}.cpu"] for rank in (0, 1)]
    assert generators[0].shape == generators[1].shape == torch.get_rng_state().shape
    assert not torch.equal(*generators)  # each process goes on with its own
    two = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]

    problem = tiny_problem()
    dropout = problem.model.get_submodule("dropout")
    assert isinstance(dropout, nn.Dropout)
    dropout.p = 0.0
    options = replace(OPTIONS, optimizer="sgd", epochs=2)
    one = untimed(fit(problem, options))
    for mine, theirs in zip(one, two, strict=True):
        assert {k: v for k, v in theirs.items() if k in mine} == pytest.approx(mine, rel=1e-5)
    weights = torch.cat([value.flatten() for value in problem.model.state_dict().values()])
    together = torch.frombuffer(bytearray((tmp_path / "weights").read_bytes()), dtype=torch.float32)
    torch.testing.assert_close(together, weights, rtol=1e-5, atol=1e-6)
    with pytest.raises(RunError, match="a training of 2 processes, and now there are 1"):
        fit(problem, options, tmp_path)
