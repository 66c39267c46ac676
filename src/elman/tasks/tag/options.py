"""Every option of a tagger, in the groups in which a YAML file holds them."""

import math
from dataclasses import dataclass, field, replace

from elman.data.options import ACTIVATIONS, CELLS, option
from elman.data.tagged_options import TagDataOptions
from elman.learn.options import ENOUGH_STEPS, TrainingOptions


@dataclass(frozen=True)
class TagSymbolOptions:
    """What is known of a word before the network reads it."""

    vocabulary: int = option(50_000, "largest number of words with a vector, the most frequent ones", low=1)
    lowercase: bool = option(True, "give words that differ in capitals one vector; their characters still differ")
    affixes: int = option(4, "characters of the longest beginning and ending that has a vector; 0: none", low=0)
    max_characters: int = option(40, "characters of a longer word that are read, from its two ends", low=2)


@dataclass(frozen=True)
class TagModelOptions:
    """The network: words, characters and endings → recurrent layers → one tag per word."""

    cell: str = option("lstm", "the recurrent cell", choices=CELLS)
    activation: str | None = option(None, "φ of a cell that leaves it open; its own if not given", choices=ACTIVATIONS)
    embedding: int = option(100, "width of the vector of a word", low=1)
    character_embedding: int = option(32, "width of the vector of a character", low=1)
    character_hidden: int = option(64, "width of the state that reads the characters, each way; 0: none", low=0)
    affix_embedding: int = option(64, "width of the vector of beginnings, endings and shape", low=1)
    hidden: int = option(128, "width of the hidden state, each way", low=1)
    layers: int = option(1, "recurrent layers, one upon another", low=1)
    bidirectional: bool = option(True, "read every sentence from both ends")
    output: str = option("softmax", "each tag by itself, or all of a sentence at once", choices=("softmax", "crf"))
    word_dropout: float = option(0.2, "probability with which a word is read as unknown in training", low=0, below=1)
    embedding_dropout: float = option(0.3, "dropout of what the recurrent layers read", low=0, below=1)
    dropout: float = option(0.5, "dropout between layers and before the output", low=0, below=1)
    label_weight: float = option(1.0, "weight in the loss of the label of a sentence, if there are labels", low=0)


@dataclass(frozen=True)
class TagTraining(TrainingOptions):
    """How a tagger is trained."""

    epochs: int | None = option(None, "passes over the sentences; 20, and more of few sentences, if not given", low=1)
    batch_size: int = option(32, "rows per step", low=1)
    clip: float = option(5.0, "largest norm of the gradient of all weights together; 0: no clipping", low=0)
    patience: int | None = option(
        0, "epochs without a better validation loss that end the training; a third if not given; 0: never", low=0
    )

    def decided(self, steps: int) -> "TrainingOptions":
        """The same options, the number of epochs chosen for an epoch of so many steps.

            epochs = 20, or as many as make 1,500 steps, but at most 60

        Example:
            >>> TagTraining().decided(392).epochs, TagTraining().decided(10).epochs
            (20, 60)
        """
        epochs = self.epochs or min(60, max(20, math.ceil(ENOUGH_STEPS / max(steps, 1))))
        return super(TagTraining, replace(self, epochs=epochs)).decided(steps)


@dataclass(frozen=True)
class TagOptions:
    """All options of `elman train --task tag`."""

    data: TagDataOptions = field(default_factory=TagDataOptions)
    symbols: TagSymbolOptions = field(default_factory=TagSymbolOptions)
    model: TagModelOptions = field(default_factory=TagModelOptions)
    training: TagTraining = field(default_factory=TagTraining)
