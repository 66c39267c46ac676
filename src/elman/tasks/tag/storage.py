"""A tagger in its run folder: written whole, read back, described by a card."""

from pathlib import Path
from typing import Any

from elman.data.config_file import merge
from elman.learn.card import Card, Result, card_of, course, model_card
from elman.learn.contents import Run
from elman.learn.folder import RunFolder
from elman.learn.models import readable
from elman.learn.weights import count_weights, tensors_of
from elman.tasks.tag.contrasts import MostFrequent
from elman.tasks.tag.lexicon import Lexicon
from elman.tasks.tag.network import Network
from elman.tasks.tag.options import TagOptions
from elman.tasks.tag.results import NAMES, verdict
from elman.tasks.tag.tagger import Tagger

WEIGHTS, SYMBOLS, SIMPLE, CARD = "model.safetensors", "tokenizer.json", "most-frequent.json", "README.md"


def finish(model: Tagger, run: RunFolder) -> None:
    """Write all that came of a training into its folder, which has begun."""
    from safetensors.torch import save as to_bytes

    weights = tensors_of(model.network)
    files: dict[str, bytes | str] = {
        WEIGHTS: to_bytes(weights),
        SYMBOLS: model.lexicon.to_json(),
        CARD: model_card(card(model, run.path)),
    }
    if model.most_frequent is not None:
        files[SIMPLE] = model.most_frequent.to_json()
    own: dict[str, Any] = {"classes": model.classes, "labels": model.labels, "scheme": model.scheme}
    run.finish(files, {"task": model.task, **own, **model.record})


def from_run(run: Run) -> Tagger:
    """The model of a run that was read."""
    from safetensors.torch import load

    with readable(run, "tagger"):
        about = run.about
        options, _ = merge(TagOptions, yaml=run.config)
        classes, labels, scheme = about["classes"], about["labels"], about["scheme"]
        lexicon = Lexicon.from_json(run.file(SYMBOLS).decode(), options.symbols)
        network = Network(lexicon, len(classes), len(labels), options.model)
        network.load_state_dict(load(run.file(WEIGHTS)))
        simple = MostFrequent.from_json(run.files[SIMPLE].decode()) if SIMPLE in run.files else None
    record = run.record("classes", "labels", "scheme")
    return Tagger(network, lexicon, classes, options, labels=labels, scheme=scheme, most_frequent=simple, record=record)


def card(model: Tagger, folder: Path) -> Card:
    """What the model card says."""
    record, options = model.record, model.options
    results = record.get("results", {})
    second = f", and which of {len(model.labels)} labels the sentence has" if model.labels else ""
    return card_of(
        record,
        folder,
        summary=(
            f"A recurrent network ({options.model.cell}) that reads a sentence and tells which of "
            f"{len(model.classes)} tags each of its words has{second}."
        ),
        facts=_facts(model),
        results=[_result(part, name, numbers) for part, scores in results.items() for name, numbers in scores.items()],
        verdict=verdict(results) if results else "",
        usage='import elman\n\nmodel = elman.load("FOLDER")\nmodel.predict([["a", "sentence"], ["another", "one"]])',
        commands="elman predict FOLDER new.conllu -o tagged.conllu\nelman evaluate FOLDER test.conllu",
        limits=_limits(model),
    )


def _facts(model: Tagger) -> dict[str, str]:
    record, network, symbols = model.record, model.options.model, model.lexicon
    words = record.get("words", {})
    rows = [f"{part} {count:,} with {words.get(part, 0):,} words" for part, count in record.get("rows", {}).items()]
    facts = {
        "tags": ", ".join(model.classes) + (f" ({model.scheme.upper()})" if model.scheme else ""),
        "sentences": ", ".join(rows),
        "known": f"{len(symbols.words):,} words, {len(symbols.characters):,} characters, "
        f"{len(symbols.affixes):,} beginnings, endings and shapes",
        "network": f"words {network.embedding}, characters 2 × {network.character_hidden}, endings "
        f"{network.affix_embedding}, {network.layers} × {network.cell} {network.hidden}"
        f"{' in both directions' if network.bidirectional else ''}, {network.output}",
        "weights": f"{count_weights(model.network):,}",
    }
    if model.labels:
        facts["labels"] = ", ".join(model.labels)
    return {**facts, **course(record, "on the validation sentences")}


def _result(part: str, name: str, numbers: dict[str, Any]) -> Result:
    more = {"new words": numbers["unknown_words"]["accuracy"]}
    if "entities" in numbers:
        more["entity F1"] = numbers["entities"]["f1"]
    if "label" in numbers:
        more["label"] = numbers["label"]["accuracy"]
    low, high = numbers["accuracy_low"], numbers["accuracy_high"]
    return Result(NAMES[name], part, numbers["rows"], numbers["accuracy"], low, high, more)


def _limits(model: Tagger) -> list[str]:
    limits = [
        "It knows the tags above only, and gives one of them to every word, in any language, about anything.",
        "It reads words as they are given: text must be cut into words as the training file was.",
    ]
    if model.scheme:
        limits.append(f"It gives only sequences of tags that {model.scheme.upper()} allows.")
    if "test" not in model.record.get("results", {}):
        limits.append(
            "No test sentences were given: the validation sentences have chosen the epoch, so their figures flatter it."
        )
    return limits
