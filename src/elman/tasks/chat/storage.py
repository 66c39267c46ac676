"""A chatbot in its run folder: written whole, read back, described by a card."""

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
from elman.tasks.chat.chatbot import Chatbot
from elman.tasks.chat.options import ChatOptions

WEIGHTS, SYMBOLS, CARD = "model.safetensors", "tokenizer.json", "README.md"


def finish(model: Chatbot, run: RunFolder) -> None:
    """Write all that came of a training into its folder, which has begun."""
    from safetensors.torch import save as to_bytes

    files: dict[str, bytes | str] = {
        WEIGHTS: to_bytes(stored(model.network, model.options.model)),
        SYMBOLS: model.symbols.to_json(),
        CARD: model_card(card(model, run.path)),
    }
    run.finish(files, {"task": model.task, **model.record})


def from_run(run: Run) -> Chatbot:
    """The model of a run that was read."""
    from safetensors.torch import load

    with readable(run, "chatbot"):
        options, _ = merge(ChatOptions, yaml=run.config)
        symbols = Symbols(run.file(SYMBOLS).decode(), options.symbols.of_texts())
        network = restored(load(run.file(WEIGHTS)), symbols.size, options.model)
    return Chatbot(network, symbols, options, record=run.record())


def card(model: Chatbot, folder: Path) -> Card:
    """What the model card says."""
    record, options = model.record, model.options
    results = record.get("results", {})
    return card_of(
        record,
        folder,
        summary=(
            f"Two recurrent networks ({options.model.cell}), one that reads the last {options.symbols.context_turns} "
            "turns of a dialogue and one that writes an answer."
            if options.model.networks == "two"
            else f"A recurrent network ({options.model.cell}) that reads the last {options.symbols.context_turns} "
            "turns of a dialogue and then writes an answer."
        ),
        facts={**_facts(model), **{f"results, {name}": _words(r) for name, r in results.items()}},
        usage='import elman\n\nmodel = elman.load("FOLDER")\nmodel.reply(["Hello!", "Hi.", "How are you?"])',
        commands="elman chat FOLDER\nelman evaluate FOLDER test.txt",
        limits=[
            "It writes what people have said in dialogues like these; it knows nothing, means nothing, and may be "
            "rude, wrong or make up facts. Do not let it speak to anyone who takes it for a person.",
            f"It reads the last {options.symbols.context_turns} turns only, and forgets what was said before.",
        ],
    )


def _facts(model: Chatbot) -> dict[str, str]:
    record, options = model.record, model.options
    own, reply = options.model, options.reply
    facts = {
        "dialogues": ", ".join(f"{part} {count:,}" for part, count in record.get("rows", {}).items()),
        "symbols": f"{model.symbols.size:,} ({options.symbols.tokens})",
        "network": f"embedding {own.embedding}, {own.layers} × {own.cell} {own.hidden}, "
        f"attention: {own.attention if own.networks == 'two' else 'none'}",
        "weights": f"{count_weights(model.network):,}",
        "choice of words": f"temperature {reply.temperature:g}, nucleus {reply.top_p:g}, "
        f"repetition {reply.repetition:g}",
    }
    return {**facts, **course(record)}


def _words(result: dict[str, Any]) -> str:
    return (
        f"perplexity {result['perplexity']:.2f} per symbol; of {result['sampled']:,} answers distinct-1 "
        f"{result['distinct_1']:.4f} and distinct-2 {result['distinct_2']:.4f}, where people have "
        f"{result['given_distinct_1']:.4f} and {result['given_distinct_2']:.4f}"
    )
