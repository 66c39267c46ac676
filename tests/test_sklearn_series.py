"""The scikit-learn estimators of numeric series: the rules that hold for them too, and what people do with them."""

from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.base import clone, is_classifier, is_regressor
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.utils import estimator_checks

from elman.errors import ArgumentError, ConfigError
from elman.sklearn import SeriesClassifier, SeriesRegressor

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
QUICK: dict[str, Any] = {"hidden": 6, "convolutions": 4, "epochs": 20, "learning_rate": 0.02, "dropout": 0.0}


def steps(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Series (n, 2, 7), the first channel with a step up or down at some place, and its direction."""
    random = np.random.default_rng(0)
    X = 0.2 * random.normal(size=(n, 2, 7))
    y = np.arange(n) % 2
    for i in range(n):
        X[i, 0, random.integers(2, 6) :] += 2.0 * y[i] - 1.0
    return X, y


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("estimator", [SeriesClassifier, SeriesRegressor])
def test_rules_of_scikit_learn(estimator: type[Any], rule: str) -> None:
    getattr(estimator_checks, rule)(estimator.__name__, estimator(**QUICK))


def test_classes_of_any_kind_come_back_as_they_were() -> None:
    X, y = steps(60)
    for classes in (np.array([3, 7]), np.array(["left", "right"]), np.array([False, True])):
        model = SeriesClassifier(**QUICK).fit(X[:40], classes[y[:40]])
        assert model.classes_.tolist() == classes.tolist()
        assert model.score(X[40:], classes[y[40:]]) >= 0.9
        assert model.predict(X[:3]).dtype == classes.dtype
        np.testing.assert_allclose(model.predict_proba(X[:5]).sum(1), 1, rtol=1e-12)


def test_search_and_cross_validation_with_series_of_unequal_lengths() -> None:
    X, y = steps(40)
    rows = [row[:, : 5 + i % 3] for i, row in enumerate(X)]
    assert is_classifier(SeriesClassifier())
    assert cross_val_score(SeriesClassifier(**QUICK), rows, y, cv=2).mean() >= 0.8
    search = GridSearchCV(SeriesClassifier(**QUICK), {"cell": ["gru", "elman"]}, cv=2).fit(rows, y)
    assert search.best_params_["cell"] in ("gru", "elman")
    copied: Any = clone(SeriesClassifier(hidden=3))
    assert copied.get_params()["hidden"] == 3


def test_numbers() -> None:
    X, _ = steps(80)
    y = 5 * X[:, 0].mean(axis=1) - 100
    model = SeriesRegressor(**{**QUICK, "epochs": 60}).fit(X[:60], y[:60])
    assert is_regressor(model)
    assert model.score(X[60:], y[60:]) > 0.8


def test_what_is_wrong() -> None:
    X, y = steps(8)
    with pytest.raises(NotFittedError):
        SeriesClassifier().predict(X)
    with pytest.raises(ArgumentError, match="there are 8 series and 7 targets"):
        SeriesClassifier(**QUICK).fit(X, y[:7])
    with pytest.raises(ArgumentError, match="y is of the kind 'continuous'"):
        SeriesClassifier(**QUICK).fit(X, y + 0.5)
    with pytest.raises(ArgumentError, match="y is not made of numbers"):
        SeriesRegressor(**QUICK).fit(X, ["a"] * 8)
    with pytest.raises(ConfigError, match="hidden is 0"):
        SeriesClassifier(hidden=0).fit(X, y)
