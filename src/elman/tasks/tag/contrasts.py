"""What a tagger has to beat: the most frequent tag of each word, blind to all words beside it."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from elman.errors import ArgumentError

LONGEST = 4  # characters of the endings that unknown words are tagged by


class MostFrequent:
    """The tag that each word has most often; for a new word, the one that words with its ending have most often.

    A new word is tagged by its longest ending, of at most four characters, that the training has; capitals count.

    Args:
        words: word → tag.
        endings: ending → tag; "" for words of which no ending is known.
        label: the most frequent label of a sentence, if there are any.

    Example:
        >>> model = MostFrequent.fit([["Cats", "sleep"], ["sleep", "well"]], [["N", "V"], ["V", "A"]])
        >>> model.predict([["sleep", "Bats", "xyz"]])
        [['V', 'N', 'V']]
    """

    def __init__(self, words: dict[str, str], endings: dict[str, str], label: str | None = None) -> None:
        self.words, self.endings, self.label = words, endings, label

    @classmethod
    def fit(
        cls, sentences: Iterable[Sequence[str]], tags: Iterable[Sequence[str]], labels: Sequence[str] | None = None
    ) -> "MostFrequent":
        """Count the tags of words and endings; of equals the first in the alphabet."""
        words: dict[str, Counter[str]] = defaultdict(Counter)
        for sentence, own in zip(sentences, tags, strict=True):
            for word, tag in zip(sentence, own, strict=True):
                words[word][tag] += 1
        endings: dict[str, Counter[str]] = defaultdict(Counter)
        for word, counts in words.items():
            for ending in _endings(word):
                endings[ending].update(counts)
        return cls(
            {word: _most(counts) for word, counts in words.items()},
            {ending: _most(counts) for ending, counts in endings.items()},
            None if not labels else _most(Counter(labels)),
        )

    def predict(self, sentences: Iterable[Sequence[str]]) -> list[list[str]]:
        """The tags of each sentence."""
        return [[self._tag(word) for word in sentence] for sentence in sentences]

    def _tag(self, word: str) -> str:
        if word in self.words:
            return self.words[word]
        return next((self.endings[ending] for ending in _endings(word) if ending in self.endings), "")

    def to_json(self) -> str:
        """All of it, as the text of a file."""
        return json.dumps({"words": self.words, "endings": self.endings, "label": self.label})

    @classmethod
    def from_json(cls, text: str) -> "MostFrequent":
        """What `to_json` wrote.

        Raises:
            ArgumentError: it is something else.
        """
        try:
            found = json.loads(text)
            return cls(dict(found["words"]), dict(found["endings"]), found["label"])
        except (ValueError, KeyError, TypeError) as error:
            raise ArgumentError(f"this is not the JSON of the most frequent tags ({error!r})") from None


def _endings(word: str) -> list[str]:
    """From the longest ending to none."""
    return [word[-k:] for k in range(min(LONGEST, len(word)), 0, -1)] + [""]


def _most(counts: Counter[str]) -> str:
    return min(counts, key=lambda name: (-counts[name], name))
