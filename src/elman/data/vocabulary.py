"""The symbols of a language model: text to ids and back, nothing lost but what was never seen."""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from elman.data.corpus_options import CORPUS_TOKENS, CorpusSymbolOptions
from elman.data.symbols import BREAK, WORD, utf8, with_special_symbols
from elman.errors import ArgumentError, ConfigError

UNKNOWN, END_OF_LINE = "<unk>", "<eol>"
LONGEST = 100  # characters of a word; what is longer is no word, and unknown
_MOST_COUNTED = 5_000_000  # different words held while they are counted; beyond that those seen once are forgotten
_LONGEST_BPE = 1 << 16  # characters handed to the library at once
_BYTES = 256
_WORD, _BREAK, _LINE = re.compile(WORD), re.compile(BREAK), re.compile(r"[^\n]*\n|[^\n]+")
_NO_SPACE_BEFORE, _NO_SPACE_BEHIND = set(".,;:!?)]}%…'’"), set("([{$#")


class Vocabulary:
    """What a language model reads and writes: characters, words, or byte pairs.

        character   every character is a symbol
        word        words, and each mark that is none; a line ends with <eol>
        space       what stands between spaces, for texts that are cut into words already; a line ends with <eol>
        bpe         the 256 bytes and what they were joined to: nothing is unknown

    Id 0 is `<unk>`, which stands for all that is not in the vocabulary. Characters and words follow by their
    frequency; case is kept unless the options say otherwise.

    Args:
        options: what one symbol is.
        names: the symbols by their ids; None for "bpe".
        tokenizer: the JSON of a tokenizer of the `tokenizers` library, for "bpe".

    Example:
        >>> words = Vocabulary.learn(["a fine film,\\na dull day\\n"], CorpusSymbolOptions(tokens="word"))
        >>> words.names
        ['<unk>', '<eol>', 'a', ',', 'day', 'dull', 'film', 'fine']
        >>> words.encode("a long film,\\n").tolist()
        [2, 0, 6, 3, 1]
        >>> words.decode([2, 0, 6, 3, 1])
        'a <unk> film,\\n'
    """

    unknown_id = 0

    def __init__(
        self, options: CorpusSymbolOptions, names: Sequence[str] | None = None, tokenizer: str | None = None
    ) -> None:
        self.options = options
        self._tokenizer: Any = None
        if options.tokens == "bpe":
            self._tokenizer = _loaded(tokenizer)
            ids: dict[str, int] = self._tokenizer.get_vocab()
            self.names = sorted(ids, key=ids.__getitem__)
        else:
            self.names = list(names or ())
        if self.names[:1] != [UNKNOWN] or len(set(self.names)) < len(self.names):
            raise ArgumentError(f"the symbols do not begin with {UNKNOWN}, or not all differ", "names of a vocabulary")
        self._ids = {name: i for i, name in enumerate(self.names)}
        self._codes = _table(self.names) if options.tokens == "character" else np.zeros(0, np.int32)

    @classmethod
    def learn(cls, pieces: Iterable[str], options: CorpusSymbolOptions) -> "Vocabulary":
        """Find the most frequent symbols of a text; equally frequent ones in the order of the alphabet.

        Args:
            pieces: the training text only, cut at line ends.
            options: what one symbol is, and how many there may be, `<unk>` and `<eol>` among them.

        Raises:
            ConfigError: the vocabulary of "bpe" has less room than there are bytes.
        """
        if options.tokens == "bpe":
            return cls(options, tokenizer=_train(pieces, options))
        if options.tokens == "character":
            counts = _count_characters(_prepared(piece, options) for piece in pieces)
            special = [UNKNOWN]
        else:
            counts = _count_words(_words(_prepared(piece, options), options.tokens) for piece in pieces)
            special = [UNKNOWN, END_OF_LINE]
        for name in special:
            counts.pop(name, None)
        room = max(options.vocabulary - len(special), 0)
        return cls(options, special + sorted(counts, key=lambda name: (-counts[name], name))[:room])

    @property
    def size(self) -> int:
        """How many symbols there are."""
        return len(self.names)

    @property
    def start_id(self) -> int:
        """The symbol that stands before a text: the end of a line; `<unk>` where no line ever ended."""
        return self._ids.get({"character": "\n", "bpe": "Ċ"}.get(self.options.tokens, END_OF_LINE), self.unknown_id)

    def id(self, name: str) -> int | None:
        """The id of a symbol by its name."""
        return self._ids.get(name)

    def encode(self, text: str) -> np.ndarray:
        """The ids of a text, int32; a text cut at line ends has the same ids piece by piece."""
        text = _prepared(text, self.options)
        if self.options.tokens == "character":
            codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
            return self._codes[np.minimum(codes, len(self._codes) - 1)]
        if self.options.tokens == "bpe":
            return self._pairs(text)
        get = self._ids.get
        return np.array([get(word, 0) for word in _words(text, self.options.tokens)], dtype=np.int32)

    def decode(self, ids: Sequence[int] | np.ndarray) -> str:
        """The text of some ids; between words a space, and none beside marks, unless symbols are what spaces part."""
        say = self.speaker()
        return "".join([say(int(i)) for i in ids]) + say(None)

    def speaker(self, before: int | None = None) -> Callable[[int | None], str]:
        """A function that turns ids into text one by one; with None, what is held back.

        Bytes that are not yet a character are held back.

        Args:
            before: the symbol that stands right before them; None after a space, or at the beginning.
        """
        if self.options.tokens == "bpe":
            return _Bytes(self._tokenizer)
        if self.options.tokens == "character":
            return lambda i: "" if i is None else self.names[i]
        marks = self.options.tokens == "word"
        return _Spaced(self.names, None if before is None else self.names[before], marks=marks)

    @cached_property
    def texts(self) -> list[str]:
        """Every symbol as text, by its id; of "bpe" what it stands for, where that is whole characters."""
        if self._tokenizer is None:
            return self.names
        texts = [self._tokenizer.decode([i]) for i in range(self.size)]
        return [name if "\ufffd" in text else text for name, text in zip(self.names, texts, strict=True)]

    def unseen(self, text: str) -> list[str]:
        """What in a text is not in the vocabulary, each once, in order."""
        prepared = _prepared(text, self.options)
        if self.options.tokens == "bpe":
            return []
        symbols = prepared if self.options.tokens == "character" else _words(prepared, self.options.tokens)
        return [name for name in dict.fromkeys(symbols) if name not in self._ids]

    def to_json(self) -> str:
        """All of it as JSON."""
        names = None if self._tokenizer is not None else self.names
        inner = None if self._tokenizer is None else json.loads(self._tokenizer.to_str())
        content = {"tokens": self.options.tokens, "symbols": names, "tokenizer": inner}
        return json.dumps(content, ensure_ascii=False, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str, options: CorpusSymbolOptions) -> "Vocabulary":
        """What `to_json` gave.

        Raises:
            ArgumentError: it is something else.
        """
        try:
            content = json.loads(text)
            inner = content["tokenizer"]
            if content["tokens"] not in CORPUS_TOKENS or content["tokens"] != options.tokens:
                raise ValueError(f"of {content['tokens']!r}")
            return cls(options, content["symbols"], None if inner is None else json.dumps(inner))
        except (ValueError, KeyError, TypeError) as error:
            raise ArgumentError(f"this is not the JSON of a vocabulary ({error})") from None

    def _pairs(self, text: str) -> np.ndarray:
        parts = [*_cut_lines([utf8(text)], _LONGEST_BPE)]
        found = [np.array(e.ids, dtype=np.int32) for e in self._tokenizer.encode_batch_fast(parts)]
        return np.concatenate(found) if found else np.zeros(0, np.int32)

    def __repr__(self) -> str:
        return f"Vocabulary({self.size:,} {self.options.tokens} symbols)"


class _Spaced:
    """Words to text: a space between two of them, unless one is a mark that stands close; marks: whether any does."""

    def __init__(self, names: Sequence[str], before: str | None, *, marks: bool) -> None:
        self.names, self.before, self.marks = names, before, marks

    def __call__(self, i: int | None) -> str:
        if i is None:
            return ""
        word, before = self.names[i], self.before
        self.before = word
        if word == END_OF_LINE:
            return "\n"
        close = before in (None, END_OF_LINE)
        close |= self.marks and (word in _NO_SPACE_BEFORE or before in _NO_SPACE_BEHIND)
        return word if close else f" {word}"


class _Bytes:
    """Byte pairs to text: given out as soon as the bytes are whole characters."""

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        self.held: list[int] = []

    def __call__(self, i: int | None) -> str:
        if i is not None:
            self.held.append(i)
        text: str = self.tokenizer.decode(self.held)
        if i is not None and text.endswith("\ufffd") and len(self.held) < 4:
            return ""
        self.held = []
        return text


def _prepared(text: str, options: CorpusSymbolOptions) -> str:
    """The text as it is cut into symbols; of words the form that classifiers of texts read."""
    if options.tokens == "word":
        text = _BREAK.sub(" ", unicodedata.normalize("NFC", text)).replace("’", "'")
    return text.lower() if options.lowercase else text


def _words(text: str, tokens: str) -> Iterator[str]:
    """Words, and <eol> where a line ends."""
    cut = str.split if tokens == "space" else _WORD.findall
    for i, line in enumerate(text.split("\n")):
        if i:
            yield END_OF_LINE
        yield from cut(line)


def _count_characters(pieces: Iterable[str]) -> Counter[str]:
    counts = np.zeros(0x110000, dtype=np.int64)
    for piece in pieces:
        codes = np.frombuffer(piece.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        found, times = np.unique(codes, return_counts=True)
        counts[found] += times
    return Counter({chr(i): int(counts[i]) for i in np.flatnonzero(counts)})


def _count_words(pieces: Iterable[Iterator[str]]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for words in pieces:
        counts.update(word for word in words if len(word) <= LONGEST)
        if len(counts) > _MOST_COUNTED:
            counts = Counter({word: n for word, n in counts.items() if n > 1})
    return counts


def _table(names: Sequence[str]) -> np.ndarray:
    """The id of every code point up to the last known one, and 0 for all behind it."""
    table = np.zeros(max((ord(name) for name in names if len(name) == 1), default=0) + 2, dtype=np.int32)
    for i, name in enumerate(names):
        if len(name) == 1:
            table[ord(name)] = i
    return table


def _train(pieces: Iterable[str], options: CorpusSymbolOptions) -> str:
    """The JSON of a byte-level tokenizer, learned from a text."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    if options.vocabulary < _BYTES + 1:
        raise ConfigError(
            f"vocabulary is {options.vocabulary}",
            expected=f"at least {_BYTES + 1} with tokens: bpe, which begins with one symbol per byte",
        )
    tokenizer = Tokenizer(models.BPE())
    if options.lowercase:
        tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=options.vocabulary - 1,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        special_tokens=[],
        show_progress=False,
    )
    tokenizer.train_from_iterator(_cut_lines(map(utf8, pieces), _LONGEST_BPE), trainer)
    return with_special_symbols(tokenizer, [UNKNOWN])


def _cut_lines(pieces: Iterable[str], most: int) -> Iterator[str]:
    """Lines with their ends; longer ones cut."""
    for piece in pieces:
        for line in _LINE.findall(piece):
            yield from (line[i : i + most] for i in range(0, len(line), most))


def _loaded(tokenizer: str | None) -> Any:
    from tokenizers import Tokenizer

    try:
        return Tokenizer.from_str(tokenizer or "")
    except Exception as error:  # the library raises nothing narrower
        raise ArgumentError(f"this is not the JSON of a tokenizer ({error})") from None
