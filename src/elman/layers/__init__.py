"""Floor 3: cells run over whole batches: lengths, directions, depth, pooling and readout."""

from elman.layers.attention import AdditiveAttention as AdditiveAttention
from elman.layers.attention import Attention as Attention
from elman.layers.attention import DotAttention as DotAttention
from elman.layers.coverage import CoverageAttention as CoverageAttention
from elman.layers.crf import CRF as CRF
from elman.layers.encoder_decoder import EncoderDecoder as EncoderDecoder
from elman.layers.explain import explain as explain
from elman.layers.feedback import every as every
from elman.layers.from_vector import FromVector as FromVector
from elman.layers.heads import MultiHeadAttention as MultiHeadAttention
from elman.layers.keras_conversion import from_keras as from_keras
from elman.layers.keras_conversion import to_keras as to_keras
from elman.layers.pooling import Pooling as Pooling
from elman.layers.ragged import ragged as ragged
from elman.layers.ragged import unragged as unragged
from elman.layers.readout import Readout as Readout
from elman.layers.recurrent import Recurrent as Recurrent
from elman.layers.ridge import fit_readout as fit_readout
from elman.layers.scheduled import scheduled_sampling as scheduled_sampling
from elman.layers.softmax import AdaptiveSoftmax as AdaptiveSoftmax
from elman.layers.softmax import SampledSoftmax as SampledSoftmax
from elman.layers.softmax import Softmax as Softmax
from elman.layers.tbptt import tbptt as tbptt
from elman.layers.torch_conversion import from_torch as from_torch
from elman.layers.torch_conversion import to_torch as to_torch
