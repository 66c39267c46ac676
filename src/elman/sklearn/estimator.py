"""What every estimator shares: its parameters as the options of a task, training, and the model once it is trained."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError

from elman.data.config_file import merge
from elman.tasks.task import part


class Estimator(BaseEstimator):
    """The model of a task behind scikit-learn's interface.

    Attributes:
        n_iter_: epochs made.
        model_: the trained model.
    """

    _task: str
    model_: Any

    def _keep(self, given: Mapping[str, Any]) -> None:
        """scikit-learn asks for an attribute of the same name for each parameter, and nothing else."""
        vars(self).update({name: given[name] for name in self._get_param_names()})

    def _train(self, data: Any, **more: Any) -> Self:
        self.model_ = part(self._task, "train")(data, self._options(), **more)
        self.n_iter_ = len(self.model_.record["history"]["epochs"])
        return self

    def _fitted(self) -> Any:
        if not hasattr(self, "model_"):
            raise NotFittedError(f"This {type(self).__name__} is not fitted yet: call fit first.")
        return self.model_

    def _given(self) -> dict[str, Any]:
        """The parameters under the names that `elman train` gives them."""
        given = dict(self.get_params(deep=False))
        given["seed"] = given.pop("random_state")
        return {name: value.item() if isinstance(value, np.generic) else value for name, value in given.items()}

    def _options(self) -> Any:
        return merge(part(self._task, "options"), overrides=self._given())[0]
