"""A text classifier in its run folder: written whole, read back, described by a card."""

from pathlib import Path
from typing import Any

from elman.data.config_file import merge
from elman.data.symbols import Symbols
from elman.learn.card import Card, Result, card_of, course, model_card
from elman.learn.contents import Run
from elman.learn.folder import RunFolder
from elman.learn.models import readable
from elman.learn.weights import count_weights, tensors_of
from elman.tasks.classify.classifier import TextClassifier
from elman.tasks.classify.contrasts import VOCABULARY, Contrasts
from elman.tasks.classify.network import Network
from elman.tasks.classify.options import ClassifyOptions
from elman.tasks.classify.results import NAMES, verdict

WEIGHTS, SYMBOLS, CARD = "model.safetensors", "tokenizer.json", "README.md"


def finish(model: TextClassifier, run: RunFolder) -> None:
    """Write all that came of a training into its folder, which has begun."""
    from safetensors.torch import save as to_bytes

    weights = tensors_of(model.network)
    files: dict[str, bytes | str] = {
        WEIGHTS: to_bytes(weights),
        SYMBOLS: model.symbols.to_json(),
        CARD: model_card(card(model, run.path)),
    }
    about: dict[str, Any] = {"task": model.task, "classes": model.classes, "multi": model.multi, **model.record}
    if model.contrasts is not None:
        files |= model.contrasts.files()
        about["majority"] = list(model.contrasts.most)
    run.finish(files, about)


def from_run(run: Run) -> TextClassifier:
    """The model of a run that was read."""
    from safetensors.torch import load

    with readable(run, "text classifier"):
        about = run.about
        options, _ = merge(ClassifyOptions, yaml=run.config)
        classes, multi = about["classes"], about["multi"]
        symbols = Symbols(run.file(SYMBOLS).decode(), options.symbols)
        weights = load(run.file(WEIGHTS))
        network = Network(symbols.size, len(classes), options.model, weights.get("pairs.keys"))
        network.load_state_dict(weights)
        contrasts = None
        if VOCABULARY in run.files:
            contrasts = Contrasts.from_files(run.files, classes, multi=multi, most=tuple(about["majority"]))
    record = run.record("classes", "multi", "majority")
    return TextClassifier(network, symbols, classes, options, multi=multi, contrasts=contrasts, record=record)


def card(model: TextClassifier, folder: Path) -> Card:
    """What the model card says."""
    record, options = model.record, model.options
    results = record.get("results", {})
    return card_of(
        record,
        folder,
        summary=(
            f"A recurrent network ({options.model.cell}) that reads a text and tells which of {len(model.classes)} "
            f"{'labels it has' if model.multi else 'classes it belongs to'}."
        ),
        facts=_facts(model),
        results=[_result(part, name, numbers) for part, scores in results.items() for name, numbers in scores.items()],
        verdict=verdict(results) if results else "",
        usage='import elman\n\nmodel = elman.load("FOLDER")\nmodel.predict(["a text", "another one"])',
        commands="elman predict FOLDER new.csv -o labels.csv\nelman evaluate FOLDER test.csv",
        limits=_limits(model),
    )


def _facts(model: TextClassifier) -> dict[str, str]:
    record, options, network = model.record, model.options, model.options.model
    rows = ", ".join(f"{part} {count:,}" for part, count in record.get("rows", {}).items())
    facts = {
        "classes": ", ".join(model.classes),
        "rows": rows,
        "symbols": f"{model.symbols.size:,} ({options.symbols.tokens})",
        "network": f"embedding {network.embedding}, {network.layers} × {network.cell} {network.hidden}"
        f"{' in both directions' if network.bidirectional else ''}, {network.pooling} of the steps",
        "weights": f"{count_weights(model.network):,}",
    }
    return {**facts, **course(record, f"by the validation {options.training.chosen_by}")}


def _result(part: str, name: str, numbers: dict[str, Any]) -> Result:
    low, high = numbers["accuracy_low"], numbers["accuracy_high"]
    more = {"macro F1": numbers["macro_f1"]}
    return Result(NAMES[name], part, numbers["rows"], numbers["accuracy"], low, high, more)


def _limits(model: TextClassifier) -> list[str]:
    cut, keep = model.options.symbols.max_length, model.options.symbols.keep
    limits = ["It knows the labels above only, and gives one of them to any text, in any language, about anything."]
    if model.multi:
        limits = ["It knows the labels above only, and gives them to any text, in any language, about anything."]
    if cut:
        limits.append(f"Of texts longer than {cut} symbols it reads the {keep} {cut}.")
    if "test" not in model.record.get("results", {}):
        limits.append(
            "No test rows were given: the validation rows have chosen the epoch, so their figures flatter it."
        )
    return limits
