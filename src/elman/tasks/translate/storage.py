"""A translator in its run folder: written whole, read back, described by a card."""

from pathlib import Path
from typing import Any

from elman.data.config_file import merge
from elman.data.symbols import Symbols
from elman.learn.card import Card, card_of, course, model_card
from elman.learn.contents import Run
from elman.learn.folder import RunFolder
from elman.learn.models import readable
from elman.learn.pairs import restored, stored
from elman.learn.weights import count_weights
from elman.tasks.translate.options import TranslateOptions
from elman.tasks.translate.results import MISSING
from elman.tasks.translate.translator import Translator

WEIGHTS, SYMBOLS, CARD = "model.safetensors", "tokenizer.json", "README.md"


def finish(model: Translator, run: RunFolder) -> None:
    """Write all that came of a training into its folder, which has begun."""
    from safetensors.torch import save as to_bytes

    files: dict[str, bytes | str] = {
        WEIGHTS: to_bytes(stored(model.network, model.options.model)),
        SYMBOLS: model.symbols.to_json(),
        CARD: model_card(card(model, run.path)),
    }
    run.finish(files, {"task": model.task, "names": list(model.names), **model.record})


def from_run(run: Run) -> Translator:
    """The model of a run that was read."""
    from safetensors.torch import load

    with readable(run, "translator"):
        about = run.about
        options, _ = merge(TranslateOptions, yaml=run.config)
        source, target = about["names"]
        symbols = Symbols(run.file(SYMBOLS).decode(), options.symbols.of_texts())
        network = restored(load(run.file(WEIGHTS)), symbols.size, options.model)
    return Translator(network, symbols, options, names=(str(source), str(target)), record=run.record("names"))


def card(model: Translator, folder: Path) -> Card:
    """What the model card says."""
    record, options = model.record, model.options
    results = record.get("results", {})
    return card_of(
        record,
        folder,
        summary=(
            f"Two recurrent networks ({options.model.cell}), one that reads a text ({model.names[0]}) and one that "
            f"writes its translation ({model.names[1]})."
            if options.model.networks == "two"
            else f"A recurrent network ({options.model.cell}) that reads a text ({model.names[0]}) and then writes its "
            f"translation ({model.names[1]})."
        ),
        facts={**_facts(model), **{f"results, {name}": _words(r) for name, r in results.items()}},
        usage='import elman\n\nmodel = elman.load("FOLDER")\nmodel.translate(["a text", "another one"])',
        commands="elman translate FOLDER new.txt\nelman evaluate FOLDER test.tsv",
        limits=_limits(model),
    )


def _facts(model: Translator) -> dict[str, str]:
    record, options = model.record, model.options
    own = options.model
    attention = {"after": "attention after the loop", "inside": "attention in each step", "none": "no attention"}
    facts = {
        "pairs": ", ".join(f"{part} {count:,}" for part, count in record.get("rows", {}).items()),
        "symbols": f"{model.symbols.size:,} ({options.symbols.tokens}), of both sides together",
        "network": f"embedding {own.embedding}, {own.layers} × {own.cell} {own.hidden} "
        + (
            f"in each direction of the encoder and in the decoder, {attention[own.attention]}"
            if own.networks == "two"
            else "that reads and writes, no attention"
        ),
        "weights": f"{count_weights(model.network):,}",
        "search": f"beam {options.search.beam}, length penalty {options.search.length_penalty:g}",
    }
    return {**facts, **course(record)}


def _words(result: dict[str, Any]) -> str:
    perplexity = f"perplexity {result['perplexity']:.2f} per symbol"
    if "bleu" not in result:
        return f"{perplexity}. {MISSING}"
    signatures = f"{result['bleu_signature']}; {result['chrf_signature']}"
    return f"BLEU {result['bleu']:.2f}, chrF {result['chrf']:.2f}, {perplexity} ({signatures})"


def _limits(model: Translator) -> list[str]:
    limits = [
        "It translates texts like those that it has learned from; of anything else it makes a fluent text that may be "
        "wrong, and does not say so.",
        "Each text is translated by itself, without the ones around it.",
    ]
    if bound := model.options.symbols.max_length:
        limits.append(f"Of texts longer than {bound} symbols it reads the first {bound}.")
    if "test" not in model.record.get("results", {}):
        limits.append(
            "No test pairs were given: the validation pairs have chosen the epoch, so their figures flatter it."
        )
    return limits
