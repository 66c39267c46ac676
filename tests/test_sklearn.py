"""The scikit-learn estimator: the rules that hold for texts too, and what people do with it."""

from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.base import clone, is_classifier
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import estimator_checks

from elman.errors import ArgumentError, ArgumentTypeError, ConfigError, DataError
from elman.sklearn import TextClassifier

# The rules that are not about tables of numbers, which scikit-learn's own runner hands to every estimator.
RULES = (
    "check_estimator_cloneable",
    "check_estimator_tags_renamed",
    "check_valid_tag_types",
    "check_estimator_repr",
    "check_no_attributes_set_in_init",
    "check_mixin_order",
    "check_parameters_default_constructible",
    "check_get_params_invariance",
    "check_set_params",
    "check_do_not_raise_errors_in_init_or_set_params",
)


def small(**changes: Any) -> TextClassifier:
    quick: dict[str, Any] = {
        "cell": "elman",
        "hidden": 8,
        "embedding": 8,
        "epochs": 8,
        "batch_size": 16,
        "learning_rate": 0.02,
        "threads": 1,
    }
    quick |= {"bidirectional": False, "pairs": 0, "word_dropout": 0.1, "embedding_dropout": 0.1, "dropout": 0.1}
    return TextClassifier(**{**quick, **changes})


def texts(n: int, classes: tuple[Any, ...] = (0, 1)) -> tuple[list[str], list[Any]]:
    """Texts of five words, one of which tells the class."""
    rng = np.random.default_rng(0)
    rows = [f"{' '.join(rng.choice(list('abcdef'), 4))} word{i % len(classes)}" for i in range(n)]
    return rows, [classes[i % len(classes)] for i in range(n)]


@pytest.mark.parametrize("rule", RULES)
def test_rules_of_scikit_learn(rule: str) -> None:
    getattr(estimator_checks, rule)("TextClassifier", small())


@pytest.mark.parametrize("classes", [(0, 1), ("no", "yes"), (3.0, -1.0, 10.0), (True, False), (10, 9, 2), (" a", "a")])
def test_labels_come_back_as_they_stood_in_y(classes: tuple[Any, ...]) -> None:
    X, y = texts(90, classes)
    model = small().fit(X, y)
    np.testing.assert_array_equal(model.classes_, np.unique(y))
    predicted = model.predict(X)
    assert predicted.dtype == np.unique(y).dtype
    assert np.mean(predicted == np.array(y)) > 0.9
    p = model.predict_proba(X)
    assert p.shape == (90, len(classes))
    np.testing.assert_array_equal(model.classes_[p.argmax(1)], predicted)
    assert model.score(X, y) == np.mean(predicted == np.array(y))
    assert 1 <= model.n_iter_ <= 8


def test_parameters_clone_and_repr() -> None:
    model = small(hidden=5, class_weight="balanced")
    copy: Any = clone(model)
    assert copy.get_params() == model.get_params()
    assert not hasattr(copy, "model_")
    assert copy.set_params(hidden=6).hidden == 6
    assert "hidden=5" in repr(model)
    assert is_classifier(model)


def test_the_defaults_are_those_of_elman_train() -> None:
    from elman.tasks.classify.options import ClassifyOptions

    assert TextClassifier()._options() == ClassifyOptions()


def test_every_parameter_reaches_the_options() -> None:
    other = {
        "tokens": "character", "vocabulary": 99, "lowercase": False, "max_length": 7, "keep": "first",
        "cell": "elman", "activation": "relu", "embedding": 3, "hidden": 4, "pairs": 5, "layers": 2,
        "bidirectional": False,
        "pooling": "last", "word_dropout": 0.01, "pair_dropout": 0.02, "embedding_dropout": 0.03, "dropout": 0.04,
        "epochs": 9, "batch_size": 10, "optimizer": "sgd", "learning_rate": 0.5, "weight_decay": 0.06, "clip": 2.0,
        "schedule": "linear", "warmup": 0.07, "patience": 11, "class_weight": "balanced", "validation_share": 0.3,
        "max_minutes": 12.0, "threads": 1, "random_state": 13,
    }  # fmt: skip
    model = TextClassifier(**other)
    assert set(other) == set(model.get_params())
    options = model._options()
    flat = {k: v for group in (options.symbols, options.model, options.training) for k, v in vars(group).items()}
    flat |= {"class_weight": flat["class_weights"], "random_state": flat["seed"]}
    flat["validation_share"] = options.data.validation_share
    assert {name: flat[name] for name in other} == other


def test_search_pipeline_and_cross_validation() -> None:
    X, y = texts(60)
    search = GridSearchCV(small(epochs=4), {"hidden": [4, 8]}, cv=2).fit(X, y)
    assert search.best_params_["hidden"] in (4, 8)
    assert search.predict(X).shape == (60,)
    pipeline = make_pipeline(FunctionTransformer(lambda rows: [row.upper() for row in rows]), small())
    assert cross_val_score(pipeline, X, y, cv=2).mean() > 0.8


def test_the_same_seed_gives_the_same_model() -> None:
    X, y = texts(60)
    a, b, c = (small(random_state=seed).fit(X, y).predict_proba(X) for seed in (0, 0, 1))
    np.testing.assert_array_equal(a, b)
    assert not np.array_equal(a, c)


def test_arrays_and_columns_of_texts() -> None:
    X, y = texts(60)
    model = small(epochs=2).fit(np.array(X), np.array(y))
    expected = model.predict_proba(X)
    for form in (np.array(X), np.array(X, dtype=object), np.array(X)[:, None], tuple(X)):
        np.testing.assert_array_equal(model.predict_proba(form), expected)
    column = small(epochs=2).fit(np.array(X)[:, None], np.array(y)[:, None])
    np.testing.assert_array_equal(column.predict_proba(X), expected)
    assert column.predict(X).shape == (60,)


def test_pickled_and_read_it_is_the_same() -> None:
    import pickle

    X, y = texts(60)
    model = small(epochs=2).fit(X, y)
    copy = pickle.loads(pickle.dumps(model))  # noqa: S301  joblib and searches do this to estimators of our own
    np.testing.assert_array_equal(copy.predict_proba(X), model.predict_proba(X))


@pytest.mark.parametrize(
    ("X", "y", "error", "words"),
    [
        ("one text", [0], ArgumentTypeError, "list of strings"),
        ([1, 2], [0, 1], ArgumentTypeError, "X[0]"),
        (["a", "b", "c"], [0, 1], ArgumentError, "3 texts and y 2 labels"),
        (["a", "b", "c"], [0, 0, 0], DataError, "two classes"),
        (["a", "b", "c"], [0.5, 1.5, 2.5], ArgumentError, "continuous"),
        (["a", "b", "c", "d"], [0, 0, 1, 2], DataError, "single row"),
    ],
)
def test_wrong_inputs(X: Any, y: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error) as caught:
        small().fit(X, y)
    assert words in str(caught.value)


def test_wrong_parameters_and_order_of_calls() -> None:
    X, y = texts(20)
    with pytest.raises(ConfigError, match="pooling"):
        small(pooling="sum").fit(X, y)
    with pytest.raises(NotFittedError):
        small().predict(X)
