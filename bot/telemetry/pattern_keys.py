"""What two lines must have in common to be of one template: their words, with one wildcard for each run of values.

A key is a line's pieces without what varies by its looks. `eth0` and `eth1` are one word here, a list is one value
however long it is, and what repeats itself is said once. `merged` then finds the words that are values too: they stand
alone where many others stand, as a name does.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import islice
from typing import Final, Literal

from bot.telemetry.pattern_masks import PLACEHOLDER, Pieces

Key = tuple[str, ...]

ANY: Final = "*"
WORDS_VARY: Final = 5
"""So many words in one place, and all else the same, are values."""
FIRST_WORDS_VARY: Final = 10
"""What a line begins with is seldom a value."""
STEMS_VARY: Final = 4
"""For words that differ in more than their last digit: `alt0`, `ee0`."""
NAMES_VARY: Final = 3
"""For what looks like a name (`com.acme.mail`), and for what stands behind `=`."""
RARE: Final = 2
RARE_LINES: Final = 8
"""So many lines that differ only in words that hardly any other line has there."""
SWALLOWED: Final = 4
"""A value takes up to so many pieces more than others do."""
STRAYS: Final = 2
"""So many times as many lines as those that stray from it has a template."""
TRIED: Final = 40
COLUMNS: Final = 16
"""Only so many words of a line are tried as values."""
LONGEST_CYCLE: Final = 6
LONGEST_QUOTE: Final = 8
REMEMBERED: Final = 65_536

_SEPARATORS: Final = frozenset({",", ":", ";", "|", "#", "-", "/", "–", "..", "..."})
_APART: Final = frozenset("=,:;")
"""What stands on both sides of these is not one value."""
_TIMES: Final = ("ns", "us", "ms", "s", "sec", "sec.", "secs", "secs.", "min", "mins")
_SIZES: Final = ("B", "k", "kB", "KB", "MB", "GB", "TB", "KiB", "MiB", "GiB")
_UNITS: Final = frozenset((*_TIMES, *_SIZES))
_NAMED: Final = frozenset({"user", "username", "account", "host", "hostname"})
"""Behind these stands a name."""
_STEM: Final = re.compile(r"[A-Za-z_-]*[A-Za-z]{2}\d")
_CODE: Final = re.compile(r"[A-Z]+\d")
_NAME: Final = re.compile(r"[A-Za-z\d][.@~$/\\][A-Za-z\d_*]")
_DIGIT: Final = re.compile(r"\d")
_LETTERS: Final = re.compile(r"[A-Za-z]{2,}")

Kind = Literal["sign", "value", "code", "stem", "name", "word"]


@lru_cache(REMEMBERED)
def _read(piece: str) -> tuple[str, Kind]:
    """The piece as it stands in a key, and what it is."""
    text = piece.lstrip(" ")
    if text.isalpha():
        return text, "word"
    if PLACEHOLDER.search(text):
        return ANY, "value"
    if not any(map(str.isalnum, text)):
        return text, "sign"
    if _CODE.fullmatch(text):
        return text, "code"
    if _STEM.fullmatch(text):
        return f"{text[:-1]}#", "stem"
    if _DIGIT.search(text):
        return ANY, "value"
    return text, "name" if _NAME.search(text) else "word"


@lru_cache(REMEMBERED)
def _kind(token: str) -> Kind:
    return "stem" if token[-1] == "#" and len(token) > 1 else _read(token)[1]


def _squeezed(tokens: Iterable[str]) -> Key:
    out: list[str] = []
    for token in tokens:
        if token == ANY:
            if out and out[-1] == "<":  # `<1 sec`
                out.pop()
            end = len(out)
            while end and out[end - 1] in _SEPARATORS:
                end -= 1
            if end and out[end - 1] == ANY:
                del out[end:]
                continue
        elif token in _UNITS and out and out[-1] == ANY:
            continue
        out.append(token)
        for cycle in range(2, min(LONGEST_CYCLE, len(out) // 2) + 1):
            if out[-1 - cycle] == token and out[-cycle:] == out[-2 * cycle : -cycle] and ANY in out[-cycle:]:
                del out[-cycle:]
                break
    return tuple(out)


def token_of(piece: str) -> str:
    return _read(piece)[0]


def _unquoted(tokens: list[str]) -> list[str]:
    """What stands in quotes behind `=` is a value."""
    out: list[str] = []
    at = 0
    while at < len(tokens):
        out.append(tokens[at])
        if tokens[at] == '"' and out[-2:-1] == ["="] and '"' in (quoted := tokens[at + 1 : at + 1 + LONGEST_QUOTE]):
            out[-1] = ANY
            at += quoted.index('"') + 1
        at += 1
    return out


def key_of(pieces: Pieces) -> Key:
    tokens = [_read(piece)[0] for piece in pieces]
    key = _squeezed(_unquoted(tokens) if '"' in tokens else tokens)
    if not any(map(_is_word, key)):  # where nothing would remain, the letters do
        stems = ("".join(_LETTERS.findall(PLACEHOLDER.sub("", piece))) for piece in pieces)
        key = _squeezed(f"{stem}#" if stem else token_of(piece) for stem, piece in zip(stems, pieces, strict=True))
    return key


@lru_cache(REMEMBERED)
def _is_word(token: str) -> bool:
    return token != ANY and _kind(token) not in {"sign", "value"}


def _words(key: Key) -> list[int]:
    return list(islice((at for at, token in enumerate(key) if _is_word(token)), COLUMNS))


def _is_slot(key: Key, at: int) -> bool:
    """Whether a name, or the value of `key=value`, stands here."""
    if at + 1 < len(key) and key[at + 1] == "=":
        return False
    return _kind(key[at]) == "name" or (at > 0 and (key[at - 1] == "=" or key[at - 1].lower() in _NAMED))


def _wiped(key: Key, places: Iterable[int]) -> Key:
    out = list(key)
    for at in places:
        out[at] = ANY
    return tuple(out)


def _slots(keys: Mapping[Key, int]) -> Iterator[tuple[Key, Key]]:
    """Lines that differ in names and in values of `key=value` only, in however many places."""
    families: defaultdict[Key, list[tuple[Key, list[int]]]] = defaultdict(list)
    for key in keys:
        places = [at for at in _words(key) if _is_slot(key, at)]
        if len(places) < len(_words(key)):
            families[_wiped(key, places)].append((key, places))
    for members in families.values():
        stood = {at: {key[at] for key, _ in members} for _, places in members for at in places}
        vary = [at for at, words in stood.items() if len(words) >= NAMES_VARY or (ANY in words and len(words) > 1)]
        if vary:
            for key, _ in members:
                yield key, _wiped(key, vary)


def _enough(key: Key, at: int, values: list[str]) -> bool:
    """Whether these words in one place are too many, or too much like names, to be a word of the message."""
    kinds = Counter(_kind(value) for value in values)
    least = WORDS_VARY if any(map(_is_word, key[:at])) else FIRST_WORDS_VARY
    half = len(values) / 2
    if kinds["name"] + kinds["code"] >= half:
        least = NAMES_VARY
    elif kinds["name"] + kinds["code"] + kinds["stem"] >= half:
        least = min(STEMS_VARY, least)
    return len(values) >= least


def _lone(keys: Mapping[Key, int]) -> Iterator[tuple[Key, Key]]:
    """Lines that differ in one word, where many words stand."""
    families: defaultdict[Key, list[tuple[Key, int]]] = defaultdict(list)
    for key in keys:
        places = _words(key)
        if len(places) > 1:
            for at in places:
                families[_wiped(key, (at,))].append((key, at))
    many = (family for family in families.items() if len(family[1]) >= NAMES_VARY)
    for wiped, members in sorted(many, key=lambda family: (-len(family[1]), family[0])):
        if _enough(wiped, members[0][1], [key[at] for key, at in members]):
            for key, _ in members:
                yield key, wiped


def _rare(keys: Mapping[Key, int]) -> Iterator[tuple[Key, Key]]:
    """Lines that differ in several words that hardly any line has there, and agree in the rest."""
    seen: Counter[tuple[int, int, str]] = Counter()
    for key in keys:
        seen.update((len(key), at, key[at]) for at in _words(key))
    families: defaultdict[Key, list[Key]] = defaultdict(list)
    for key in keys:
        words = _words(key)
        rare = [at for at in words if seen[len(key), at, key[at]] <= RARE and not key[at].isupper()]
        if rare and len(words) - len(rare) >= max(2, len(words) / 2):
            families[_wiped(key, rare)].append(key)
    for wiped, members in families.items():
        if len(members) >= RARE_LINES:
            for key in members:
                yield key, wiped


def _is_one_value(tokens: Key) -> bool:
    if tokens[1:] == (":", ANY):  # a host and its port
        return True
    return sum(map(_is_word, tokens)) <= 1 and not _APART & set(tokens)


def _swallows(template: Key, key: Key) -> bool:
    """Whether the key is the template with a few pieces more in the place of a value."""
    ends = {0}
    for token in template:
        if token == ANY:
            ends = {
                end + more
                for end in ends
                for more in range(1, min(SWALLOWED, len(key) - end) + 1)
                if more == 1 or _is_one_value(key[end : end + more])
            }
        else:
            ends = {end + 1 for end in ends if end < len(key) and key[end] == token}
        if not ends:
            return False
    return len(key) in ends


def _strays(keys: Mapping[Key, int]) -> Iterator[tuple[Key, Key]]:
    """A line that says a word, or some, where all others of a template have a value."""
    templates = [key for key in keys if ANY in key and len(_words(key)) > 1]
    words_of = {key: frozenset(key[at] for at in _words(key)) for key in keys}
    seen = Counter(word for key in templates for word in words_of[key])
    by_word: defaultdict[str, list[Key]] = defaultdict(list)
    for key in templates:
        by_word[min(words_of[key], key=lambda word: (seen[word], word))].append(key)
    for key, count in keys.items():
        near = [
            template
            for word in words_of[key]
            for template in by_word.get(word, ())[:TRIED]
            if keys[template] >= STRAYS * count
            and 2 * len(words_of[template]) >= len(words_of[key])
            and template != key
        ]
        fits = [template for template in near if _swallows(template, key)]
        if fits:
            yield key, max(fits, key=lambda template: (len(words_of[template]), template))


def merged(keys: Mapping[Key, int]) -> dict[Key, Key]:
    """For each key the key of its template."""
    home = {key: key for key in keys}
    counts = Counter(keys)
    settled: set[object] = set()
    for step in (_slots, _lone, _lone, _rare, _lone, _strays):
        if step in settled:  # nothing has moved since
            continue
        settled.add(step)
        moves: dict[Key, Key] = {}
        for key, to in step(counts):
            moves.setdefault(key, _squeezed(to))
        if not moves:
            continue
        settled.clear()
        for key, at in home.items():
            home[key] = moves.get(at, at)
        counts = Counter()
        for key, count in keys.items():
            counts[home[key]] += count
    return home
