"""The figures of the papers' experiments, drawn from their results."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from elman.data import elman1990 as data
from elman.data.grammar import STOP
from elman.plots.bars import draw_bars
from elman.plots.dendrogram import Tree, draw_dendrograms
from elman.plots.traces import Trace, draw_traces
from elman.plots.trajectories import Trajectory, draw_trajectories, telling_components
from elman.tasks.papers import elman1991
from elman.tasks.papers.clustering import average_linkage

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from elman.tasks.papers.elman1990 import Letters, WordClasses, Words, Xor
    from elman.tasks.papers.elman1991 import Grammatical

SETTLED = 40  # letters before those that are shown: the state begins at zero, as it never is afterwards
SHOWN_LETTERS, SHOWN_LINE = 40, 48  # letters in a panel
BACKGROUND = 2500  # states drawn faintly behind the paths

# What a sentence must be compared with to see what a component says; the planes are those in which they differ most.
SENTENCES: dict[str, tuple[str, ...]] = {
    "A verb that needs an object, may have one, has none": ("boy chases boy .", "boy sees boy .", "boy walks ."),
    "The number of the subject, while a clause goes by": (
        "boy who boys chase chases boy .",
        "boys who boys chase chase boy .",
    ),
    "A clause on the right, or in the middle": ("boy chases boy who chases boy .", "boy who chases boy chases boy ."),
    "The same words at three depths": ("boy chases boy who chases boy who chases boy .",),
}
BEGINNINGS = ("boy", "boys who", "boys who Mary", "boys who Mary chases", "boys who Mary chases feed")


def xor_figure(result: "Xor") -> "Figure":
    """The error at twelve positions."""
    third = np.arange(12) % 3 == 2
    trace = Trace(
        symbols=["first", "second", "XOR"] * 4,
        values=result.by_position,
        marked=third,
        possible=np.where(third, 0.0, 0.5),
        mark="can be known",
    )
    return draw_traces([trace], "Temporal XOR: error in the next bit over cycles of twelve", spacing=0.75)


def letters_figure(result: "Letters") -> "Figure":
    """The error at the first letters: all features, and two of them."""
    some = slice(SETTLED, SETTLED + SHOWN_LETTERS)
    marked = result.consonant[some]
    spread = data.features("".join(data.SYLLABLES)).std(axis=0)
    panels = {"all six features": [*range(len(data.FEATURES))]}
    panels |= {f'feature "{name}"': [data.FEATURES.index(name)] for name in ("high", "consonant")}
    traces = [
        Trace(
            symbols=result.letters[some],
            values=np.sqrt((result.errors[some][:, columns] ** 2).mean(axis=1)),
            marked=marked,
            possible=np.where(marked, np.sqrt((spread[columns] ** 2).mean()), 0.0),
            title=title,
            mark="consonants",
        )
        for title, columns in panels.items()
    ]
    return draw_traces(traces, "Letters of ba, dii, guuu: error in the next letter")


def words_figure(result: "Words") -> "Figure":
    """The error at letters of words, in two lines."""
    traces = [
        Trace(
            symbols=result.letters[some],
            values=result.errors[some],
            marked=result.begins[some],
            possible=result.possible[some],
            mark="first letter of a word",
        )
        for some in (slice(start, start + SHOWN_LINE) for start in (SETTLED, SETTLED + SHOWN_LINE))
    ]
    return draw_traces(traces, "Words without anything between them: error in the next letter")


def classes_figure(result: "WordClasses") -> "Figure":
    """The tree of the words, and that with "zog" in the place of "man"."""
    things = {*data.CLASSES["NOUN-INANIM"]}
    verbs = {word for name, words in data.CLASSES.items() if name.startswith("VERB") for word in words}
    kinds = ["verb" if word in verbs else "thing" if word in things else "animate" for word in result.names]
    renamed = ["ZOG" if word == "man" else word for word in result.names]
    of_zog = ["zog" if word == "ZOG" else kind for word, kind in zip(renamed, kinds, strict=True)]
    trees = {
        "29 words": Tree(result.names, average_linkage(result.means), kinds),
        '"zog", never read before, stands for "man"': Tree(renamed, average_linkage(result.with_zog), of_zog),
    }
    title = "Mean hidden states after words of 10,000 sentences"
    return draw_dendrograms(trees, title, unit="mean distance between two groups")


def paths_figure(result: "Grammatical") -> "Figure":
    """Sentences as paths through the components in which they differ most."""
    panels: dict[str, Sequence[Trajectory]] = {}
    planes: dict[str, tuple[int, int]] = {}
    for heading, sentences in SENTENCES.items():
        states = [elman1991.read_sentence(result.network, sentence)[1] for sentence in sentences]
        compared = states if len(states) > 1 else [states[0][start : start + 3] for start in (0, 3, 6)]
        planes[heading] = telling_components(result.states, compared)
        panels[heading] = [
            Trajectory(
                [f"{i} {'stop' if word == STOP else word}" for i, word in enumerate(text.split(), 1)], path, text
            )
            for text, path in zip(sentences, states, strict=True)
        ]
    return draw_trajectories(
        panels,
        background={"after each word of test sentences": result.states[:BACKGROUND]},
        components=planes,
        title="Hidden states of the network of 1991 in the components in which the sentences differ most",
    )


def beginnings_figure(result: "Grammatical") -> "Figure":
    """What may follow some beginnings, and what both networks expect."""
    grammar = elman1991.Grammar(elman1991.PHASES[-1])
    panels: dict[str, np.ndarray] = {}
    for beginning in BEGINNINGS:
        expected = [elman1991.expected(grammar, beginning.split())[-1]]
        expected += [elman1991.read_sentence(one, beginning)[0][-1] for one in (result.squared, result.network)]
        panels[f"{beginning} …"] = np.stack([elman1991.by_class(values) for values in expected], axis=1)
    series = ("exact", "network, squared error", "network, cross-entropy")
    return draw_bars(panels, [*elman1991.WORD_CLASSES], series, title="What comes next", unit="probability")
