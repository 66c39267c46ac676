"""Floor 1: one recurrent step per file, as its equation and its initial values, and nothing else."""

from elman.cells.cell import Cell as Cell
from elman.cells.elman import Elman as Elman
from elman.cells.gru import GRU as GRU
from elman.cells.indrnn import IndRNN as IndRNN
from elman.cells.leaky import Leaky as Leaky
from elman.cells.lstm import LSTM as LSTM
from elman.cells.mgu import MGU as MGU
from elman.cells.mingru import MinGRU as MinGRU
from elman.cells.scrn import SCRN as SCRN
