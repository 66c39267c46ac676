"""Texts as sequences of symbols: a vocabulary learned from texts, kept in one JSON file.

The splitting is done by the `tokenizers` library; everything it needs (small letters, line breaks of HTML, the pattern
of a word) stands in that file, so that a text is read in use as it was in training.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from elman.data.options import SymbolOptions
from elman.data.ragged import Ragged
from elman.errors import ArgumentError, ConfigError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

PAD, UNKNOWN = "<pad>", "<unk>"
WORD = r"\w+(?:'\w+)*|[^\w\s]"  # don't is one word, every other mark stands alone
BREAK = r"<[Bb][Rr]\s*/?>"
_BYTES = 256
_LONGEST = 4096  # characters of a text that byte pairs are learned from in one piece
_CHUNK = 4096  # texts handed over at a time, so that few of the library's results are held at once


class Symbols:
    """The vocabulary of a model: texts in, ids out.

    Id 0 is `<pad>`, id 1 is `<unk>`, which stands for all that is not in the vocabulary. The others follow, words and
    characters by their frequency, "bpe" as the 256 bytes and then what they were joined to.

    Args:
        tokenizer_json: what `to_json` returned.
        options: what one symbol is, and how much of a text is read.

    Raises:
        ArgumentError: the JSON does not describe such a vocabulary.

    Example:
        >>> from elman.data.options import SymbolOptions
        >>> symbols = Symbols.learn(["A fine film,<br />a FINE day"], SymbolOptions(max_length=4))
        >>> symbols.names
        ['<pad>', '<unk>', 'a', 'fine', ',', 'day', 'film']
        >>> [row.tolist() for row in map(symbols.encode(["a dull, dull day", ""]).row, range(2))]
        [[1, 4, 1, 5], []]
    """

    pad_id = 0
    unknown_id = 1

    def __init__(self, tokenizer_json: str, options: SymbolOptions) -> None:
        from tokenizers import Tokenizer

        self.options = options
        try:
            self._tokenizer = Tokenizer.from_str(tokenizer_json)
        except Exception as error:  # the library raises nothing narrower
            raise ArgumentError(f"this is not the JSON of a tokenizer ({error})") from None
        if (self._tokenizer.token_to_id(PAD), self._tokenizer.token_to_id(UNKNOWN)) != (0, 1):
            raise ArgumentError(f"the tokenizer does not begin with {PAD} and {UNKNOWN}", "one that elman wrote")
        # Only special symbols have a space in their name: one that begins or ends a text, say.
        names = self._tokenizer.get_vocab().items()
        self._special = {0, 1, *(i for name, i in names if " " in name and len(name) > 1)}

        # What lies behind this many characters is not read anyway: one word of 10 MB took 7 seconds.
        cuts = options.tokens == "bpe" and options.max_length and options.keep == "first"
        self._read = 2 * (options.max_length + 1) * max(len(name) for name, _ in names) if cuts else None

    @classmethod
    def learn(
        cls,
        texts: Sequence[str],
        options: SymbolOptions,
        special: Sequence[str] = (),
        further: Sequence[str] = (),
    ) -> Symbols:
        """Find the most frequent symbols of some texts; equally frequent ones in the order of the alphabet.

        Args:
            texts: those of the training rows only.
            options: what one symbol is, and how many there may be, `<pad>` and `<unk>` among them.
            special: names of further symbols that no text holds, such as the end of a text; their ids are 2, 3, …
                A name with a space in it can never be that of a learned symbol.
            further: symbols that are known from elsewhere; where there is room, those that no text holds come last.

        Raises:
            ConfigError: the vocabulary of "bpe" has less room than there are bytes.
        """
        least = 2 + len(special) + (_BYTES if options.tokens == "bpe" else 1)
        if options.vocabulary < least:
            why = ", which begins with one symbol per byte" if options.tokens == "bpe" else ""
            raise ConfigError(
                f"vocabulary is {options.vocabulary}", expected=f"at least {least} with tokens: {options.tokens}{why}"
            )
        tokenizer, trainer = _untrained(options, options.vocabulary - 2 - len(special))
        # Time grows with the square of a word's length: 160,000 letters without a space took 4.7 seconds in one piece.
        most = _LONGEST if options.tokens == "bpe" else sys.maxsize
        pieces = (utf8(text[i : i + most]) for text in texts for i in range(0, len(text), most))
        tokenizer.train_from_iterator(pieces, trainer)
        return cls(with_special_symbols(tokenizer, [PAD, UNKNOWN, *special], further, options.vocabulary), options)

    def encode(self, texts: Sequence[str]) -> Ragged:
        """The ids of each text, cut to `max_length` at the end that is kept, then filled up to `pad_to`."""
        return Ragged.of([self._fit(ids) for ids in self._whole(texts)])

    def cut(self, texts: Sequence[str]) -> list[int]:
        """Numbers of the texts that have more than `max_length` symbols, of which only a part is read.

        Example:
            >>> Symbols.learn(["a b c"], SymbolOptions(max_length=2)).cut(["a b", "a b c", ""])
            [1]
        """
        most = self.options.max_length
        return [i for i, ids in enumerate(self._whole(texts)) if len(ids) > most] if most else []

    def _whole(self, texts: Sequence[str]) -> Iterator[list[int]]:
        """The ids of each text before it is cut."""
        for begin in range(0, len(texts), _CHUNK):
            part = [utf8(text[: self._read]) for text in texts[begin : begin + _CHUNK]]
            yield from (encoding.ids for encoding in self._tokenizer.encode_batch_fast(part))

    def _fit(self, ids: list[int]) -> np.ndarray:
        o = self.options
        if o.max_length and len(ids) > o.max_length:
            ids = ids[-o.max_length :] if o.keep == "last" else ids[: o.max_length]
        row = np.array(ids, dtype=np.int32)
        return np.pad(row, (0, o.pad_to - len(row))) if o.pad_to > len(row) else row

    def decode(self, rows: Sequence[Sequence[int]]) -> list[str]:
        """The text of each row of ids, what is no symbol of a text left out.

        For "bpe" it is the very text that was encoded, after its normalisation, without a space at its beginning;
        words are joined by spaces.

        Example:
            >>> from elman.data.options import SymbolOptions
            >>> symbols = Symbols.learn(["Ein Haus."], SymbolOptions(tokens="bpe", vocabulary=300, lowercase=False))
            >>> symbols.decode([symbols.encode(["Häuser, ein Haus."]).row(0).tolist()])
            ['Häuser, ein Haus.']
        """
        names, texts = self.names, []
        for row in rows:
            own = [int(i) for i in row if int(i) not in self._special]
            if self.options.tokens == "bpe":
                texts.append(self._tokenizer.decode(own, skip_special_tokens=False).removeprefix(" "))
            else:
                texts.append((" " if self.options.tokens == "word" else "").join(names[i] for i in own))
        return texts

    def id_of(self, name: str) -> int:
        """The id of a symbol.

        Raises:
            ArgumentError: there is none of this name.
        """
        found = self._tokenizer.token_to_id(name)
        if found is None:
            raise ArgumentError(f"there is no symbol {name!r}", expected="one of the vocabulary's names")
        return found

    @property
    def size(self) -> int:
        """How many symbols there are."""
        return self._tokenizer.get_vocab_size()

    @property
    def names(self) -> list[str]:
        """Every symbol, by its id."""
        vocabulary = self._tokenizer.get_vocab()
        return sorted(vocabulary, key=vocabulary.__getitem__)

    def to_json(self) -> str:
        """The whole vocabulary as the text of a `tokenizer.json`, which the `tokenizers` library reads as well."""
        return self._tokenizer.to_str()

    def __repr__(self) -> str:
        return f"Symbols({self.size:,} {self.options.tokens} symbols)"


def _untrained(options: SymbolOptions, room: int) -> tuple[Tokenizer, Any]:
    """A tokenizer without vocabulary, and the trainer that fills it with so many symbols."""
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    if options.tokens == "bpe":
        alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
        tokenizer.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=room, initial_alphabet=alphabet, special_tokens=[], show_progress=False
        )
    else:
        tokenizer = Tokenizer(models.WordLevel({}, unk_token=UNKNOWN))
        tokenizer.pre_tokenizer = (
            pre_tokenizers.Split(Regex(WORD), "removed", invert=True)
            if options.tokens == "word"
            else pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
        )
        trainer = trainers.WordLevelTrainer(vocab_size=room, special_tokens=[], show_progress=False)
    steps: list[Any] = [normalizers.NFC(), normalizers.Replace(Regex(BREAK), " ")]
    if options.tokens == "word":
        steps.append(normalizers.Replace("’", "'"))
    if options.lowercase:
        steps.append(normalizers.Lowercase())
    tokenizer.normalizer = normalizers.Sequence(steps)
    return tokenizer, trainer


def with_special_symbols(
    tokenizer: Tokenizer, special: Sequence[str], further: Sequence[str] = (), most: int = 0
) -> str:
    """The JSON of a trained tokenizer, its ids moved up to make room for <unk> and others; more up to `most` symbols.

    They are not "added tokens" of the library, which would be found in texts that happen to contain them.
    """
    described = json.loads(tokenizer.to_str())
    learned = sorted(described["model"]["vocab"].items(), key=lambda item: item[1])
    names = dict.fromkeys([*special, *(name for name, _ in learned)])
    new = [name for name in further if name not in names]
    names |= dict.fromkeys(new[: max(0, most - len(names))])
    described["model"]["vocab"] = {name: i for i, name in enumerate(names)}
    return json.dumps(described, ensure_ascii=False)


def utf8(text: str) -> str:
    """The text, halves of surrogate pairs replaced by U+FFFD: the library takes only what UTF-8 can hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


# The library's threads do not survive a fork. It warns of that on standard error unless this variable is set; so it is
# set while a fork lasts, and stays set in the child. The spelling tells our setting from one of the user's.
_VARIABLE, _WHILE_FORKING = "TOKENIZERS_PARALLELISM", "n"


def _before_fork() -> None:
    os.environ.setdefault(_VARIABLE, _WHILE_FORKING)


def _after_fork_in_parent() -> None:
    if os.environ.get(_VARIABLE) == _WHILE_FORKING:
        del os.environ[_VARIABLE]


def _after_fork_in_child() -> None:
    if os.environ.get(_VARIABLE) == _WHILE_FORKING:
        os.environ[_VARIABLE] = "false"


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child)
