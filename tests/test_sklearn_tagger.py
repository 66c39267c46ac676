"""The tagger as an estimator: scikit-learn's rules that hold for lists of lists, and what people do with it."""

from typing import Any

import pytest

pytest.importorskip("sklearn")

from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.utils import estimator_checks

from elman.data.options import slots
from elman.errors import ArgumentError, ArgumentTypeError, ConfigError
from elman.sklearn import Tagger
from elman.tasks.tag.options import TagOptions

RULES = (
    "check_estimator_cloneable",
    "check_valid_tag_types",
    "check_estimator_repr",
    "check_no_attributes_set_in_init",
    "check_parameters_default_constructible",
    "check_get_params_invariance",
    "check_set_params",
    "check_do_not_raise_errors_in_init_or_set_params",
)
VERBS = ["run", "walk", "jump", "ride", "swim", "fly"]
X = [s for v in VERBS for w in VERBS for s in (["the", v, "to", w], ["to", v, "the", w])]
Y = [["D", "N", "P", "V"], ["P", "V", "D", "N"]] * len(VERBS) ** 2


def small(**changes: Any) -> Tagger:
    quick: dict[str, Any] = {"embedding": 8, "character_hidden": 0, "hidden": 12, "epochs": 6, "learning_rate": 0.02}
    return Tagger(**{**quick, "batch_size": 8, **changes})


@pytest.mark.parametrize("rule", RULES)
def test_rules_of_scikit_learn(rule: str) -> None:
    getattr(estimator_checks, rule)("Tagger", small())


def test_the_defaults_are_those_of_the_command() -> None:
    known = slots(TagOptions)
    for name, value in Tagger().get_params().items():
        assert value == known["seed" if name == "random_state" else name].default, name


def test_fit_predict_score() -> None:
    model = small().fit(X, Y)
    assert model.predict([["to", "fly", "the", "fly"]]) == [["P", "V", "D", "N"]]
    right = [a == b for row, own in zip(model.predict(X), Y, strict=True) for a, b in zip(row, own, strict=True)]
    assert model.score(X, Y) == pytest.approx(sum(right) / len(right))
    assert model.score(X, Y) > 0.9
    assert (model.classes_, model.n_iter_) == (["D", "N", "P", "V"], 6)


def test_tags_come_back_as_they_stood_in_y() -> None:
    numbers = {"D": 10, "N": 9, "P": 0, "V": -1}
    model = small().fit(X, [[numbers[tag] for tag in row] for row in Y])
    assert model.predict([["the", "run"]]) == [[10, 9]]
    with pytest.raises(ArgumentError, match="the same text"):
        small().fit([["a", "b"], ["b"]], [["1", 1], [1]])


def test_entities_are_scored_by_their_f1() -> None:
    tags = [["O", "B-x", "O", "O"] if row[0] == "the" else ["O", "O", "O", "B-x"] for row in X]
    model = small().fit(X, tags)
    # Tagging nothing would be right about three words of four, and find no entity.
    assert model.score(X, [["O"] * 4] * len(X)) == 0.0
    assert model.score(X, tags) > 0.9


def test_cross_validation_and_search() -> None:
    assert min(cross_val_score(small(), X, Y, cv=2)) > 0.9
    search = GridSearchCV(small(epochs=2), {"output": ["softmax", "crf"]}, cv=2).fit(X, Y)
    assert search.best_params_["output"] in ("softmax", "crf")
    assert clone(small(hidden=5)).hidden == 5  # pyright: ignore[reportAttributeAccessIssue]


def test_what_is_refused() -> None:
    with pytest.raises(NotFittedError):
        small().predict(X)
    with pytest.raises(ArgumentTypeError, match="words is one string"):
        small().fit("the run", Y)
    with pytest.raises(ArgumentTypeError, match=r"words\[0\] is 'the run'"):
        small().fit(["the run"], [["D", "N"]])
    with pytest.raises(ArgumentError, match=r"words\[1\] has 4 words and tags\[1\] 1"):
        small().fit(X, [Y[0], ["D"], *Y[2:]])
    with pytest.raises(ConfigError, match="hidden is 0"):
        small(hidden=0).fit(X, Y)
