"""Models as scikit-learn estimators, for pipelines, cross-validation and searches (extra `[sklearn]`)."""

from elman.errors import MissingExtraError

try:
    import sklearn as sklearn
except ImportError as error:
    raise MissingExtraError("sklearn", "sklearn", "elman.sklearn") from error

from elman.sklearn.languages import LanguageModel as LanguageModel
from elman.sklearn.series import SeriesClassifier as SeriesClassifier
from elman.sklearn.series import SeriesRegressor as SeriesRegressor
from elman.sklearn.tags import Tagger as Tagger
from elman.sklearn.texts import TextClassifier as TextClassifier
from elman.sklearn.translations import Translator as Translator
