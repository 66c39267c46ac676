"""Every option of a translator, in the groups in which a YAML file holds them."""

from dataclasses import dataclass, field

from elman.data.options import option
from elman.data.parallel_options import PairDataOptions
from elman.learn.pair_options import EncoderDecoderOptions, PairSymbolOptions, PairTraining


@dataclass(frozen=True)
class SearchOptions:
    """How a trained network writes."""

    beam: int = option(
        5, "prefixes kept at each step of the search; 1: always the most probable symbol", low=1, high=1000
    )
    length_penalty: float = option(1.0, "how much long translations are favoured; 0: not", low=0, high=100)


@dataclass(frozen=True)
class TranslateOptions:
    """All options of `elman train --task translate`."""

    data: PairDataOptions = field(default_factory=PairDataOptions)
    symbols: PairSymbolOptions = field(default_factory=PairSymbolOptions)
    model: EncoderDecoderOptions = field(default_factory=EncoderDecoderOptions)
    training: PairTraining = field(default_factory=lambda: PairTraining(batch_size=256, learning_rate=2e-3, warmup=0.1))
    search: SearchOptions = field(default_factory=SearchOptions)
