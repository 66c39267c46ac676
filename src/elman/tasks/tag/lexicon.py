"""From words to numbers: every distinct word once, with its characters, its endings and its shape."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from elman.data.ragged import Ragged
from elman.errors import ArgumentError
from elman.tasks.tag.options import TagSymbolOptions

UNKNOWN = 0
LEAST = 2  # distinct training words that must have an affix or a shape for it to have a vector
_SHAPES = ((re.compile(r"[^\W\d_a-z]"), "X"), (re.compile(r"[^\W\d_X]"), "x"), (re.compile(r"\d"), "d"))


@dataclass(frozen=True)
class Batch:
    """Some sentences as the network reads them: u distinct words, n sentences of at most T words.

    Args:
        words: the id of each distinct word (u).
        characters, character_lengths: their characters (u, L), and how many there are (u).
        affixes: their beginnings, endings and shape (u, f).
        tokens: which of the u words stands where (n, T).
        lengths: words of each sentence (n), on the processor.
    """

    words: Tensor
    characters: Tensor
    character_lengths: Tensor
    affixes: Tensor
    tokens: Tensor
    lengths: Tensor

    def to(self, device: torch.device) -> "Batch":
        """The same on another device."""
        words, characters = self.words.to(device), self.characters.to(device)
        affixes, tokens = self.affixes.to(device), self.tokens.to(device)
        return Batch(words, characters, self.character_lengths, affixes, tokens, self.lengths)


@dataclass(frozen=True, eq=False)
class Encoded:
    """Sentences as numbers.

    Args:
        words: the id of each distinct word (u), int64.
        characters: those of each distinct word.
        affixes: (u, f), int64.
        tokens: the distinct words of each sentence.
    """

    words: np.ndarray
    characters: Ragged
    affixes: np.ndarray
    tokens: Ragged

    @property
    def lengths(self) -> np.ndarray:
        """The number of words of each sentence (n)."""
        return self.tokens.lengths

    def batch(self, rows: Sequence[int] | np.ndarray) -> Batch:
        """Some of the sentences, with each of their distinct words once."""
        part = self.tokens.take(rows)
        distinct, places = np.unique(part.values, return_inverse=True)
        tokens, lengths = Ragged(places, part.offsets).batch(np.arange(len(part)))
        characters, character_lengths = self.characters.batch(distinct)
        own, affixes = torch.from_numpy(self.words[distinct]), torch.from_numpy(self.affixes[distinct])
        return Batch(own, characters, character_lengths, affixes, tokens, lengths)


class Lexicon:
    """What numbers stand for which words, characters and affixes. 0 stands for all that the training did not have.

    Args:
        words, characters, affixes: what has a number of its own, in order from 1.
        options: whether capitals count, and how long affixes are.

    Example:
        >>> lexicon = Lexicon.learn([["The", "cats", "sat"], ["the", "bats"]], TagSymbolOptions(affixes=2))
        >>> lexicon.words, lexicon.affixes[:3]
        (['the', 'bats', 'cats', 'sat'], ['/x', '-e', '-he'])
        >>> encoded = lexicon.encode([["The", "rats"]])
        >>> encoded.words.tolist(), encoded.batch([0]).tokens.tolist()
        ([1, 0], [[0, 1]])
    """

    def __init__(
        self, words: Sequence[str], characters: Sequence[str], affixes: Sequence[str], options: TagSymbolOptions
    ) -> None:
        self.words, self.characters, self.affixes, self.options = list(words), list(characters), list(affixes), options
        self._word, self._character, self._affix = (
            {name: i + 1 for i, name in enumerate(names)} for names in (self.words, self.characters, self.affixes)
        )

    @classmethod
    def learn(cls, sentences: Iterable[Sequence[str]], options: TagSymbolOptions) -> "Lexicon":
        """The most frequent words of some sentences, equally frequent ones in order, and all their characters."""
        counts = Counter(word for sentence in sentences for word in sentence)
        words: Counter[str] = Counter()
        for word, count in counts.items():
            words[word.lower() if options.lowercase else word] += count
        affixes = Counter(affix for word in counts for affix in _affixes(word, options.affixes) if affix)
        return cls(
            _by_frequency(words)[: options.vocabulary],
            sorted({character for word in counts for character in word}),
            _by_frequency(Counter({affix: count for affix, count in affixes.items() if count >= LEAST})),
            options,
        )

    def knows(self, word: str) -> bool:
        """Whether a word was in the training."""
        return (word.lower() if self.options.lowercase else word) in self._word

    def encode(self, sentences: Sequence[Sequence[str]]) -> Encoded:
        """Sentences as numbers."""
        number: dict[str, int] = {}
        tokens = [[number.setdefault(word, len(number)) for word in sentence] for sentence in sentences]
        lower, most = self.options.lowercase, self.options.max_characters
        words = [self._word.get(word.lower() if lower else word, UNKNOWN) for word in number]
        read = (word if len(word) <= most else word[: most // 2] + word[-(most - most // 2) :] for word in number)
        characters = [[self._character.get(character, UNKNOWN) for character in word] for word in read]
        count = 2 * self.options.affixes + 1
        affixes = [[self._affix.get(a, UNKNOWN) for a in _affixes(word, self.options.affixes)] for word in number]
        return Encoded(
            np.array(words, dtype=np.int64),
            Ragged.of(characters),
            np.array(affixes, dtype=np.int64).reshape(len(number), count),
            Ragged.of(tokens),
        )

    def to_json(self) -> str:
        """All of it, as the text of a file."""
        lists = {"words": self.words, "characters": self.characters, "affixes": self.affixes}
        return json.dumps({"format": 1, **lists}, ensure_ascii=True)

    @classmethod
    def from_json(cls, text: str, options: TagSymbolOptions) -> "Lexicon":
        """What `to_json` wrote.

        Raises:
            ArgumentError: it is something else.
        """
        try:
            lists = json.loads(text)
            words, characters, affixes = (lists[name] for name in ("words", "characters", "affixes"))
        except (ValueError, KeyError, TypeError) as error:
            raise ArgumentError(f"this is not the JSON of a lexicon ({error!r})") from None
        if not all(isinstance(name, str) for names in (words, characters, affixes) for name in names):
            raise ArgumentError("this is not the JSON of a lexicon", "lists of strings")
        return cls(words, characters, affixes, options)


def shape(word: str) -> str:
    """Letters, digits and other signs of a word, each run of them once; of a long word the beginning.

    Example:
        >>> shape("McDonald's"), shape("1,234.50"), shape("e-mail")
        ("XxXx'x", 'd,d.d', 'x-x')
    """
    word = word[:20]
    for pattern, letter in _SHAPES:
        word = pattern.sub(letter, word)
    return re.sub(r"(.)\1+", r"\1", word)[:8]


def _affixes(word: str, longest: int) -> list[str]:
    """Endings, beginnings and shape of a word, always as many; "" for those longer than the word."""
    small = word[:longest].lower(), word[-longest:].lower()
    endings = [f"-{small[1][-k:]}" if len(word) > k else "" for k in range(1, longest + 1)]
    beginnings = [f"{small[0][:k]}-" if len(word) > k else "" for k in range(1, longest + 1)]
    return [*endings, *beginnings, f"/{shape(word)}"]


def _by_frequency(counts: Counter[str]) -> list[str]:
    return sorted(counts, key=lambda name: (-counts[name], name))
