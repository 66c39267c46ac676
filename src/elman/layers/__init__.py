"""Floor 3: cells run over whole batches: lengths, directions, depth, pooling and readout."""

from elman.layers.explain import explain as explain
from elman.layers.pooling import Pooling as Pooling
from elman.layers.readout import Readout as Readout
from elman.layers.recurrent import Recurrent as Recurrent
