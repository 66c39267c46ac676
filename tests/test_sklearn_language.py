"""The language model as an estimator: the rules that hold for texts, and the same numbers as the model inside."""

from typing import Any

import pytest

pytest.importorskip("sklearn")

from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import cross_val_score
from sklearn.utils import estimator_checks

from elman.data.options import slots
from elman.errors import ArgumentError, ArgumentTypeError, ConfigError
from elman.sklearn import LanguageModel
from elman.tasks.generate.options import GenerateOptions

X = ["the cat sleeps", "the dog runs", "the cat runs", "the dog sleeps"] * 8
RULES = (
    "check_estimator_cloneable",
    "check_estimator_repr",
    "check_no_attributes_set_in_init",
    "check_parameters_default_constructible",
    "check_get_params_invariance",
    "check_set_params",
)


def small(**changes: Any) -> LanguageModel:
    quick: dict[str, Any] = {"tokens": "word", "embedding": 6, "hidden": 8, "epochs": 2, "batch_size": 2, "steps": 8}
    return LanguageModel(**{**quick, **changes})


@pytest.mark.parametrize("rule", RULES)
def test_the_rules_of_scikit_learn(rule: str) -> None:
    getattr(estimator_checks, rule)("LanguageModel", small())


def test_the_defaults_are_those_of_the_command() -> None:
    """But for the seed's name."""
    known = slots(GenerateOptions)
    for name, value in LanguageModel().get_params().items():
        if name != "random_state":
            assert value == known[name].default, name


def test_fitted_it_is_the_model() -> None:
    fitted = small(epochs=3).fit(X)
    assert fitted.n_iter_ == 3
    each = [sum(one.log_probability for one in fitted.model_.score(f"{text}\n")) for text in X[:3]]
    assert fitted.score_samples(X[:3]).tolist() == each
    assert fitted.score(X[:3]) == pytest.approx(sum(each) / 12)  # three words and an end of line each
    written = fitted.sample(2, length=30)
    assert len(written) == 2
    assert not any("\n" in text for text in written)
    assert fitted.sample(2, length=30) == written
    again = clone(fitted)
    assert isinstance(again, LanguageModel)
    assert again.fit(X).score(X) == fitted.score(X)
    assert len(cross_val_score(small(), X, cv=2)) == 2


def test_what_is_refused() -> None:
    with pytest.raises(NotFittedError):
        small().score_samples(X)
    with pytest.raises(ArgumentTypeError, match="one string"):
        small().fit("one")
    with pytest.raises(ConfigError, match="hidden"):
        small(hidden=0).fit(X)
    with pytest.raises(ArgumentError, match="X is empty"):
        small().fit(X).score([])


def test_without_a_seed_samples_are_drawn_anew() -> None:
    texts = small(random_state=None).fit(X).sample(20)
    assert len(texts) == 20
    assert len(set(texts)) > 1
