"""Every option of a chatbot, in the groups in which a YAML file holds them."""

from dataclasses import dataclass, field

from elman.data.dialogue_options import DialogueDataOptions
from elman.data.options import option
from elman.learn.pair_options import EncoderDecoderOptions, PairSymbolOptions, PairTraining


@dataclass(frozen=True)
class ChatSymbolOptions(PairSymbolOptions):
    """How turns become symbols, and how much of a dialogue is read."""

    vocabulary: int = option(8_000, "largest number of symbols", low=7)
    context_turns: int = option(3, "how many of the last turns are read before an answer", low=1)


@dataclass(frozen=True)
class ReplyOptions:
    """How a trained network chooses its words."""

    temperature: float = option(
        0.8, "1: the network's own probabilities; less prefers what is probable; 0: the best", low=0
    )
    top_k: int = option(0, "choose among so many of the most probable symbols; 0: among all", low=0)
    top_p: float = option(
        0.9, "choose among the fewest symbols with this probability together; 1: all", above=0, high=1
    )
    repetition: float = option(
        1.2, "what the log-probability of a symbol that has occurred is multiplied by", low=1, high=1e6
    )
    no_repeat: int = option(3, "no run of so many symbols occurs twice in an answer; 0: no such rule", low=0)
    max_reply: int = option(60, "symbols of an answer at most", low=1)


@dataclass(frozen=True)
class ChatOptions:
    """All options of `elman train --task chat`."""

    data: DialogueDataOptions = field(default_factory=DialogueDataOptions)
    symbols: ChatSymbolOptions = field(default_factory=ChatSymbolOptions)
    model: EncoderDecoderOptions = field(default_factory=lambda: EncoderDecoderOptions(dropout=0.2, word_dropout=0.05))
    training: PairTraining = field(
        default_factory=lambda: PairTraining(batch_size=256, learning_rate=2e-3, warmup=0.1, batch_tokens=2000)
    )
    reply: ReplyOptions = field(default_factory=ReplyOptions)
