"""torch.nn with faster recurrent layers: write `from elman import nn` in the place of `from torch import nn`.

RNN, LSTM and GRU are elman's; everything else in here is torch's own, the same objects. Constructors, calls (packed
sequences and single rows too), `state_dict` and errors are those of torch, so a checkpoint moves either way.

    on a CPU, float32 and float64       elman's native machine
    fewer than 4 steps in a call        torch's own forward, which is faster for these
    GPU (cuDNN), other dtypes, autocast,
    forward-mode derivatives, tracing,
    export, no native machine built     torch's own forward

Under `torch.compile` the layers run outside of the graph, as torch's do. What works with torch.nn alone:
`torch.jit.script` and `torch.fx`, and tools that look for torch's very class, such as dynamic quantization; for these
load the `state_dict` into torch.nn's layer. RNNCell, LSTMCell and GRUCell are torch's own: a step of one row takes a
fifth of the time of a call to elman (benchmarks/results/drop_in.md); to carry a state from step to step fast, see
`Recurrent.stream`.

Example:
    >>> from elman import nn
    >>> model = nn.LSTM(8, 16, num_layers=2, batch_first=True)
    >>> y, (h, c) = model(torch.randn(4, 10, 8))
    >>> y.shape, isinstance(model, torch.nn.LSTM), nn.Linear is torch.nn.Linear
    (torch.Size([4, 10, 16]), True, True)
"""

from torch.nn import *  # noqa: F403  # pyright: ignore[reportWildcardImportFromLibrary] - all else is torch's

from elman.layers.like_torch import GRU as GRU
from elman.layers.like_torch import LSTM as LSTM
from elman.layers.like_torch import RNN as RNN
