"""The names that people give to columns of texts and labels, most telling first."""

import re

TEXT_NAMES = (
    "text", "review", "sentence", "content", "comment", "message", "tweet", "document", "utterance", "body", "post",
    "article", "description", "headline", "question", "query", "input", "title", "sms", "phrase",
)  # fmt: skip
LABEL_NAMES = (
    "label", "labels", "class", "category", "categories", "sentiment", "target", "intent", "topic", "tag", "tags",
    "polarity", "rating", "stars", "emotion", "genre", "language", "y", "output",
)  # fmt: skip
USUAL_NAMES = frozenset({*TEXT_NAMES, *LABEL_NAMES})


def words_of(name: str) -> list[str]:
    """The words in the name of a column, in small letters.

    Example:
        >>> words_of("reviewText_en")
        ['review', 'text', 'en']
    """
    return [word.lower() for word in re.findall(r"[A-Z]?[^\W\d_A-Z]+|[A-Z]+|\d+", name)]
