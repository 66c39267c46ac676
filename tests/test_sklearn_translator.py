"""The translator as an estimator: the rules that hold for texts, and the same numbers as the model inside."""

from typing import Any

import pytest

pytest.importorskip("sklearn")

from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import cross_val_score
from sklearn.utils import estimator_checks

from elman.data.options import slots
from elman.errors import ArgumentError, ArgumentTypeError, ConfigError
from elman.sklearn import Translator
from elman.tasks.translate.options import TranslateOptions

WORDS = {"one": "eins", "two": "zwei", "three": "drei"}
X = [f"{a} {b}" for a in WORDS for b in WORDS] * 3
Y = [" ".join(WORDS[word] for word in text.split()) for text in X]
RULES = (
    "check_estimator_cloneable",
    "check_estimator_repr",
    "check_no_attributes_set_in_init",
    "check_parameters_default_constructible",
    "check_get_params_invariance",
    "check_set_params",
)


def small(**changes: Any) -> Translator:
    quick: dict[str, Any] = {"tokens": "word", "embedding": 8, "hidden": 8, "epochs": 2, "batch_size": 8}
    return Translator(**{**quick, **changes})


@pytest.mark.parametrize("rule", RULES)
def test_the_rules_of_scikit_learn(rule: str) -> None:
    getattr(estimator_checks, rule)("Translator", small())


def test_the_defaults_are_those_of_the_command() -> None:
    """But for the seed's name."""
    known = slots(TranslateOptions)
    for name, value in Translator().get_params().items():
        if name != "random_state":
            assert value == known[name].default, name


def test_fitted_it_is_the_model() -> None:
    fitted = small(epochs=3).fit(X, Y)
    assert fitted.n_iter_ == 3
    assert fitted.predict(X[:3]) == fitted.model_.translate(X[:3])
    assert fitted.score(X, Y) == pytest.approx(-fitted.model_.evaluate(X, Y)["loss"], rel=1e-5)  # float32
    again = clone(fitted)
    assert isinstance(again, Translator)
    assert again.fit(X, Y).score(X, Y) == fitted.score(X, Y)
    assert len(cross_val_score(small(), X, Y, cv=2)) == 2


def test_what_is_refused() -> None:
    with pytest.raises(NotFittedError):
        small().predict(X)
    with pytest.raises(ArgumentError, match="27 sources and 1 targets"):
        small().fit(X, Y[:1])
    with pytest.raises(ArgumentTypeError, match="one string"):
        small().fit("one", "eins")
    with pytest.raises(ConfigError, match="hidden"):
        small(hidden=0).fit(X, Y)
