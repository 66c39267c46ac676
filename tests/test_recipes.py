"""The recipes say what they claim to say."""

from pathlib import Path

import pytest

from elman.data.config_file import merge, plain, read_yaml
from elman.tasks import part
from elman.tasks.classify.options import ClassifyOptions

RECIPES = sorted((Path(__file__).parents[1] / "recipes").glob("*.yaml"))


@pytest.mark.parametrize("path", RECIPES, ids=lambda p: p.name)
def test_every_recipe_is_read(path: Path) -> None:
    content = dict(read_yaml(path))
    kind = part(str(plain(content.pop("task", "classify"))), "options")
    options, _ = merge(kind, yaml=content)
    assert isinstance(options, kind)


def test_imdb_is_what_train_chooses_by_itself() -> None:
    path = next(path for path in RECIPES if path.name == "imdb.yaml")
    assert merge(ClassifyOptions, yaml=path)[0] == ClassifyOptions()
    assert sum(len(group) for group in read_yaml(path).values()) >= 20  # it does write them out


def test_the_tutorials_network_has_the_tutorials_sizes() -> None:
    path = next(path for path in RECIPES if path.name == "imdb-tutorial.yaml")
    options, _ = merge(ClassifyOptions, yaml=path)
    model = options.model
    assert (options.symbols.vocabulary, model.embedding, model.hidden, model.layers) == (15_000, 16, 32, 1)
    assert (model.pooling, model.bidirectional, model.pairs) == ("last", False, 0)
