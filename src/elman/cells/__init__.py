"""Floor 1: one recurrent step per file, as its equation and its initial values, and nothing else."""

from elman.cells.cell import Cell as Cell
from elman.cells.clipped import Clipped as Clipped
from elman.cells.clockwork import Clockwork as Clockwork
from elman.cells.ctrnn import CTRNN as CTRNN
from elman.cells.deep import Deep as Deep
from elman.cells.echo_state import EchoState as EchoState
from elman.cells.elman import Elman as Elman
from elman.cells.elman_jordan import ElmanJordan as ElmanJordan
from elman.cells.gru import GRU as GRU
from elman.cells.indrnn import IndRNN as IndRNN
from elman.cells.jordan import Jordan as Jordan
from elman.cells.leaky import Leaky as Leaky
from elman.cells.lstm import LSTM as LSTM
from elman.cells.mgu import MGU as MGU
from elman.cells.mingru import MinGRU as MinGRU
from elman.cells.minlstm import MinLSTM as MinLSTM
from elman.cells.multiplicative_lstm import MultiplicativeLSTM as MultiplicativeLSTM
from elman.cells.noisy import Noisy as Noisy
from elman.cells.qrnn import QRNN as QRNN
from elman.cells.rhn import RHN as RHN
from elman.cells.scrn import SCRN as SCRN
from elman.cells.sru import SRU as SRU
from elman.cells.state_dropout import StateDropout as StateDropout
from elman.cells.weight_drop import WeightDrop as WeightDrop
from elman.cells.wrapper import Wrapper as Wrapper
from elman.cells.zoneout import Zoneout as Zoneout
