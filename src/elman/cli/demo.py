"""`elman demo`: an Elman network learns grammar from examples, beside three models that cannot."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from elman.cli import show
from elman.errors import ArgumentError, MissingExtraError

if TYPE_CHECKING:
    from elman.data.grammar import Sentence
    from elman.learn.report import Report
    from elman.tasks.classify.classifier import TextClassifier
    from elman.tasks.classify.grammar import Accuracy

LEARN, TEST = 60_000, 4_000
FIGURE, SENTENCES, COMPARISON = "trajectories.png", "test.csv", "comparison.json"

# Pairs that differ in one word; the components of the figure are those of the test sentences' states.
PANELS: dict[str, tuple[str, ...]] = {
    "A clause goes by, the number of the subject stays": (
        "boy who chases cats walks .",
        "boys who chase cats walk .",
    ),
    "The same, the subject being the object of the clause": (
        "boy who cats chase walks .",
        "boys who cats chase walk .",
    ),
    "The last verb agrees with the subject, or with the noun beside it": (
        "boy who chases cats walks .",
        "boy who chases cats walk .",
    ),
    "The verb has the object that it needs, or not": (
        "boys who chase cats walk .",
        "boys who chase walk .",
    ),
}
READABLE = 25  # words of a path that can still be followed in the figure
BACKGROUND = 400  # test sentences whose states are drawn faintly behind the paths


def demo(
    *sentences: str,
    seed: int = 0,
    out: Annotated[Path | None, Parameter(alias="-o")] = None,
    quiet: Annotated[bool, Parameter(alias="-q", negative=(), show_default=False)] = False,
) -> None:
    """Watch an Elman network learn grammar, in about a quarter of a minute.

    Makes sentences such as "boys who chase cats walk", half of them with one mistake, and trains a network to tell
    which are grammatical. Shows how it fares with longer sentences beside models that know no order, or only a few
    words of it, draws what goes on in its hidden state, and judges your sentences.

    `elman demo elman1990` and `elman demo elman1991` run the experiments of the two papers instead, and put numbers and
    figures beside theirs: a minute or two.

    Args:
        sentences: sentences of your own to judge, each in quotes, such as "boys who chase cats walks"; or elman1990 or
            elman1991, for the experiments of that paper.
        seed: of the sentences and of the training.
        out: the folder to write; runs/demo, or runs/ and the name of the paper, if not given.
        quiet: print only the results.
    """
    from elman.cli.papers import PAPERS, reproduce

    if sentences and sentences[0].startswith("elman"):
        name = " ".join(sentences)
        if name not in PAPERS:
            raise ArgumentError(f"{name!r} is not the name of a paper", expected=f"one of {', '.join(PAPERS)}")
        return reproduce(name, seed, out or Path("runs", name), quiet)
    return _judge_grammar(sentences, seed, out or Path("runs/demo"), quiet)


def _judge_grammar(sentences: Sequence[str], seed: int, out: Path, quiet: bool) -> None:
    """The demonstration without the name of a paper."""
    from elman.data.grammar import why
    from elman.learn.report import make_report
    from elman.tasks.classify import grammar

    own = {sentence: why(sentence.split()) for sentence in _as_sentences(sentences)}  # unknown words end here
    report = make_report(quiet)
    learn, test = grammar.sentences(LEARN, TEST, seed)
    report.say(_examples(learn))
    report.say("An Elman network learns to tell them apart:")
    progress = Progress(report)
    model = grammar.learn_grammar(learn, out, seed=seed, report=progress)
    if not progress.epochs:
        report.say(f"  it has done so before, and is in {out}")
    comparison = _remembered(out) if not progress.epochs else None
    if comparison is None:
        report.say("A feedforward network, a bag of words and the majority class do what they can …")
        comparison = grammar.compare(model, grammar.learn_window(learn, model.symbols, seed=seed), test)
    print(f"\nAccuracy on {len(test):,} other sentences, none of which was among those:\n")
    _table(comparison)
    print()
    _judge(model, own or {sentence: why(sentence.split()) for pair in [*PANELS.values()][2:] for sentence in pair})
    print()
    _save(model, test, comparison, list(own), out)


class Progress:
    """A report that lets through how a training goes, and keeps back what is said about its data and results.

    Args:
        inner: the report that tells.
    """

    def __init__(self, inner: "Report") -> None:
        self.start, self.step, self.stop = inner.start, inner.step, inner.stop
        self.inner, self.epochs = inner, 0

    def say(self, text: str) -> None:
        """Tell nothing."""

    def epoch(self, record: Mapping[str, Any]) -> None:
        """Count the epochs that were trained."""
        self.epochs += 1
        self.inner.epoch(record)


def _as_sentences(words: Sequence[str]) -> list[str]:
    """What the user wrote as sentences with a stop; words without quotes are one sentence."""
    sentences = [" ".join(words)] if words and not any(" " in part.strip() for part in words) else words
    return [" ".join(sentence.replace(".", " ").split()) + " ." for sentence in sentences]


def _examples(learn: "Sequence[Sentence]") -> str:
    """The first sentences of each kind, of some length."""
    lines = [f"{len(learn):,} sentences of the grammar of Elman (1991), half of them with one mistake:"]
    for right, mark in ((True, " "), (False, "*")):
        some = [s for s in learn if s.grammatical == right and 6 <= len(s.words) <= 9][:2]
        lines += [f"  {mark} {' '.join(s.words)}{'' if right else f'   ({s.violation})'}" for s in some]
    return "\n".join(lines)


def _table(results: "Mapping[str, Sequence[Accuracy]]") -> None:
    """One line per group of sentences, the network beside its contrasts."""
    from elman.tasks.classify.grammar import WINDOW

    headings = {"words": "words", "attractors": "attractors", "all": ""}
    rows: list[Sequence[object]] = []
    for part, groups in results.items():
        rows += [()] if rows else []
        for group in groups:
            shares = (group.model, group.window, group.bag_of_words, group.majority)
            rows.append((f"{group.group} {headings[part]}", f"{group.rows:,}", *(f"{100 * s:.1f} %" for s in shares)))
    show.table(rows, header=("", "sentences", "Elman network", f"window of {WINDOW}", "bag of words", "majority"))
    print("\nAttractors: nouns of the other number between a subject and its verb.")
    print(f"Window of {WINDOW}: a feedforward network that sees the first {WINDOW} words.")


def _judge(model: "TextClassifier", verdicts: Mapping[str, str]) -> None:
    """What the network thinks of some sentences, and what the grammar says."""
    shares = model.probabilities(list(verdicts))[:, model.classes.index("grammatical")]
    for (sentence, reason), share in zip(verdicts.items(), shares, strict=True):
        verdict = f"{'grammatical' if share > 0.5 else 'not grammatical'} (probability {max(share, 1 - share):.3f})"
        print(f"{sentence}\n  network: {verdict}\n  grammar: {reason}")


def _remembered(out: Path) -> "dict[str, list[Accuracy]] | None":
    """The comparison that an earlier demo left in its folder, so that more sentences are judged at once."""
    import json

    from elman.tasks.classify.grammar import Accuracy

    try:
        parts = json.loads((out / COMPARISON).read_bytes())
        return {part: [Accuracy(**group) for group in groups] for part, groups in parts.items()}
    except (OSError, ValueError, TypeError, AttributeError):  # none, or not whole: it is made again
        return None


def _save(
    model: "TextClassifier",
    test: "Sequence[Sentence]",
    comparison: "Mapping[str, Sequence[Accuracy]]",
    own: Sequence[str],
    out: Path,
) -> None:
    """Write the comparison, the test sentences and the figure beside the model, and say where all of it is."""
    import csv
    import io
    import json
    from dataclasses import asdict

    from elman.data.files import write_whole
    from elman.tasks.classify import grammar

    rows = io.StringIO(newline="")
    csv.writer(rows, lineterminator="\n").writerows(
        [("text", "label"), *zip(grammar.texts(test), grammar.labels(test), strict=True)]
    )
    write_whole(out / SENTENCES, rows.getvalue().encode())
    groups = {part: [asdict(group) for group in groups] for part, groups in comparison.items()}
    write_whole(out / COMPARISON, json.dumps(groups, indent=1).encode())
    try:
        _draw(model, test, own, out / FIGURE)
        print(f"The paths of hidden states through such sentences are drawn in {out / FIGURE}.")
    except MissingExtraError as error:
        print(f"No figure: {error}")
    print(f"The model is in {out}. Try: elman evaluate {out} {out / SENTENCES}")


def _draw(model: "TextClassifier", test: "Sequence[Sentence]", own: Sequence[str], path: Path) -> None:
    """The figure: pairs of sentences that differ in a word, and the user's own."""
    import numpy as np

    from elman.plots.figure import COLOURS, save_figure
    from elman.plots.trajectories import Trajectory, draw_trajectories
    from elman.tasks.classify import grammar

    panels = dict(PANELS)
    if drawn := [sentence for sentence in own if len(sentence.split()) <= READABLE][: len(COLOURS)]:
        panels.popitem()
        panels["Your sentences"] = tuple(drawn)
    every = [sentence for group in panels.values() for sentence in group]
    shares = model.probabilities(every)[:, model.classes.index("grammatical")]
    paths: dict[str, Trajectory] = {}
    for sentence, share, states in zip(every, shares, grammar.hidden_states(model, every), strict=True):
        words = [f"{i} {'stop' if word == '.' else word}" for i, word in enumerate(sentence.split(), 1)]
        name = f"{sentence}   grammatical with probability {share:.2f}"
        paths[sentence] = Trajectory(words, states, name)
    background = np.concatenate(grammar.hidden_states(model, grammar.texts(test[:BACKGROUND])))
    figure = draw_trajectories(
        {title: [paths[sentence] for sentence in group] for title, group in panels.items()},
        background={f"after each word of {BACKGROUND} test sentences": background},
        title="Hidden states of an Elman network that judges sentences",
    )
    save_figure(figure, path)
