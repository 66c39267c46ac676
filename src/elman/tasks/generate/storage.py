"""A language model in its run folder: written whole, read back, described by a card."""

from pathlib import Path

from elman.data.config_file import merge
from elman.data.vocabulary import Vocabulary
from elman.learn.card import Card, card_of, course, model_card
from elman.learn.contents import Run
from elman.learn.folder import RunFolder
from elman.learn.models import readable
from elman.learn.weights import count_weights, tensors_of
from elman.tasks.generate.contrasts import FILE, Contrasts
from elman.tasks.generate.language_model import LanguageModel
from elman.tasks.generate.network import Network
from elman.tasks.generate.options import GenerateOptions
from elman.tasks.generate.results import verdict

WEIGHTS, SYMBOLS, CARD = "model.safetensors", "symbols.json", "README.md"


def finish(model: LanguageModel, run: RunFolder) -> None:
    """Write all that came of a training into its folder, which has begun."""
    from safetensors.torch import save as to_bytes

    weights = tensors_of(model.network)
    files: dict[str, bytes | str] = {
        WEIGHTS: to_bytes(weights),
        SYMBOLS: model.vocabulary.to_json(),
        CARD: model_card(card(model, run.path)),
    }
    if model.contrasts is not None:
        files |= model.contrasts.files()
    run.finish(files, {"task": model.task, **model.record})


def from_run(run: Run) -> LanguageModel:
    """The model of a run that was read."""
    from safetensors.torch import load

    with readable(run, "language model"):
        options, _ = merge(GenerateOptions, yaml=run.config)
        vocabulary = Vocabulary.from_json(run.file(SYMBOLS).decode(), options.symbols)
        network = Network(vocabulary.size, options.model)
        network.load_state_dict(load(run.file(WEIGHTS)))
        contrasts = Contrasts.from_files(run.files, vocabulary.size) if FILE in run.files else None
    return LanguageModel(network, vocabulary, options, contrasts=contrasts, record=run.record())


def card(model: LanguageModel, folder: Path) -> Card:
    """What the model card says."""
    record = model.record
    results = record.get("results", {})
    return card_of(
        record,
        folder,
        summary=f"A recurrent network ({model.options.model.cell}) that has learned to continue a text.",
        facts=_facts(model),
        verdict=verdict(results) if results else "",
        usage='import elman\n\nmodel = elman.load("FOLDER")\nprint(model.generate("Once", length=300))',
        commands='elman generate FOLDER --prompt "Once" --temperature 0.8\nelman score FOLDER text.txt\n'
        "elman evaluate FOLDER text.txt",
        limits=_limits(model),
    )


def _facts(model: LanguageModel) -> dict[str, str]:
    record, options, network = model.record, model.options, model.options.model
    facts = {
        "symbols": f"{model.vocabulary.size:,} ({options.symbols.tokens})",
        "text": ", ".join(f"{part} {count:,} symbols" for part, count in record.get("rows", {}).items()),
        "network": f"vectors of {network.embedding}, {network.layers} × {network.cell} {network.hidden}"
        f"{', tied' if network.tied else ''}, {network.softmax} softmax",
        "weights": f"{count_weights(model.network):,}",
    }
    facts |= course(record)
    for part, scores in record.get("results", {}).items():
        for name, n in scores.items():
            title = "this model" if name == "model" else f"Kneser–Ney {name}"
            facts[f"{title}, {part}"] = (
                f"perplexity {n['perplexity']:,.2f}, {n['loss']:.4f} nats per symbol, "
                f"{n['bits_per_character']:.4f} bits per character"
            )
    return facts


def _limits(model: LanguageModel) -> list[str]:
    limits = [
        "It writes what is probable after the text it was trained on, which may be wrong, offensive, or copied from it."
    ]
    if model.options.symbols.tokens != "bpe":
        limits.append("What is not among its symbols it reads as <unk>, and never writes.")
    if "test" not in model.record.get("results", {}):
        limits.append("No test text was given: the validation text has chosen the epoch, so its figures flatter it.")
    return limits
