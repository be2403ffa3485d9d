"""Long threads made to fit: the newest turns as they are, of the older ones what matters, word for word.

Nothing is invented: a summary is made of sentences that were said. A question and its answer stay together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from bot.memory.tokens import tokens

MARK: Final = "[Summary of earlier conversation]: "
CUT: Final = " […] "
TRIGGER, TARGET = 0.8, 0.7
"""Of the budget: from where on a thread is compressed, and down to what."""
KEPT_WHOLE: Final = 0.6
"""Of the target: what the newest turns may take; the rest is for the summary."""
LONGEST_LINE: Final = 400
"""Characters of one sentence in a summary."""
FROM_SUMMARY: Final = 2.0
_SENTENCE: Final = re.compile(r"(?<=[.!?。！？])\s+|\n+")
_TELLING: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), worth)
    for pattern, worth in (
        (r"\b(?:decid|decision|agree|conclu|chose|we will|we'll|let's|must not|rolled? back|root cause)", 3.0),
        (r"\b(?:approv|reject|declin|incident|outage|escalat|sev-?\d|severity|p[0-4]\b|page[dr]?\b)", 3.0),
        (r"\b(?:inc|apr|run|dl|ans)-[\w:-]+", 2.0),
        (r"\?\s*$", 1.5),
        (r"\d", 1.0),
        (r"\w[-_/.:]\w|<[@#]\w+|`", 1.0),
        (r"\b(?:because|caused|fixed|failed|broke|deployed|owner|deadline|todo|next step)", 1.0),
    )
)


@dataclass(frozen=True, slots=True)
class Turn:
    """What one of them said. `pinned` is never left out while there is room for it at all."""

    author: str
    role: Literal["user", "assistant", "system"]
    text: str
    tokens: int
    pinned: bool = False

    @classmethod
    def of(cls, author: str, role: Literal["user", "assistant", "system"], text: str, *, pinned: bool = False) -> Turn:
        return cls(author, role, text, tokens(text), pinned)

    @property
    def summary(self) -> bool:
        return self.text.startswith(MARK)


@dataclass(frozen=True, slots=True)
class Window:
    """A thread that fits. `summarised` turns are only there as what the summary says of them."""

    turns: tuple[Turn, ...]
    tokens: int
    summarised: int = 0

    @property
    def compressed(self) -> bool:
        return self.summarised > 0


def window(turns: Sequence[Turn], budget: int) -> Window:
    """As it is, up to 80 % of the budget; compressed to 70 % from there on."""
    total = sum(each.tokens for each in turns)
    return Window(tuple(turns), total) if total <= budget * TRIGGER else compressed(turns, int(budget * TARGET))


def compressed(turns: Sequence[Turn], target: int) -> Window:
    """At most `target` tokens, whatever comes in."""
    exchanges = list(_exchanges(turns))
    kept: list[Sequence[Turn]] = []
    room = int(target * KEPT_WHOLE)
    while exchanges and (cost := sum(each.tokens for each in exchanges[-1])) <= room:
        room -= cost
        kept.append(exchanges.pop())
    newest = [each for exchange in reversed(kept) for each in exchange]
    if not kept and exchanges:  # the last exchange alone is too long: it is shortened, so that it is still there
        newest = _squeezed(exchanges.pop(), room)
    older = [each for exchange in exchanges for each in exchange]
    spent = sum(each.tokens for each in newest)
    told = _summary(older, target - spent)
    whole = (*((told,) if told else ()), *newest)
    return Window(whole, sum(each.tokens for each in whole), len(older) or len(turns) - len(newest) or 1)


def shortened(text: str, most: int) -> str:
    """The sentences of a text that matter most, in their order; as a last resort, its beginning and its end."""
    if tokens(text) <= most:
        return text
    chosen = _chosen([(line, _telling(line)) for line in _lines(text)], most)
    said = "\n".join(chosen)
    return said if said and tokens(said) <= most else truncated(text, most)


def truncated(text: str, most: int) -> str:
    """Two thirds from the beginning, one from the end; nothing where not even that fits."""
    if tokens(text) <= most:
        return text
    low, high = 0, len(text)
    while low < high:  # the most characters that fit
        middle = (low + high + 1) // 2
        if tokens(_ends(text, middle)) <= most:
            low = middle
        else:
            high = middle - 1
    return _ends(text, low) if low else ""


def _ends(text: str, length: int) -> str:
    tail = length // 3
    return f"{text[: length - tail]}{CUT}{text[-tail:] if tail else ''}"


def _exchanges(turns: Iterable[Turn]) -> Iterator[Sequence[Turn]]:
    """What somebody said with what was answered to it: that is what stays together."""
    current: list[Turn] = []
    for turn in turns:
        if current and turn.role == "user":
            yield current
            current = []
        current.append(turn)
    if current:
        yield current


def _squeezed(exchange: Sequence[Turn], room: int) -> list[Turn]:
    """Each gets its share, and what the short ones leave is for the long ones."""
    left, out = room, {}
    by_size = sorted(range(len(exchange)), key=lambda at: exchange[at].tokens)
    for done, at in enumerate(by_size):
        said = shortened(exchange[at].text, left // (len(by_size) - done))
        if said:
            out[at] = replace(exchange[at], text=said, tokens=tokens(said))
            left -= out[at].tokens
    return [out[at] for at in sorted(out)]


def _summary(older: Sequence[Turn], room: int) -> Turn | None:
    """What was pinned first, then what an earlier summary kept, then the most telling sentences."""
    if not older:
        return None
    lines: list[tuple[str, float]] = []
    for turn in older:
        if turn.summary:  # its lines were chosen once; they are not weakened again
            lines += [(line, FROM_SUMMARY + _telling(line)) for line in turn.text.removeprefix(MARK).split("\n")]
        else:
            said = _lines(turn.text)
            bonus = 100.0 if turn.pinned else 0.0
            lines += [(f"{turn.author}: {line}", bonus + _telling(line)) for line in said]
    text = MARK + "\n".join(_chosen(list(dict.fromkeys(lines)), room - tokens(MARK)))
    if text == MARK:
        text = MARK + f"{len(older)} earlier turns are left out."
    return Turn("", "user", text, tokens(text)) if tokens(text) <= room else None


def _lines(text: str) -> list[str]:
    return [line[:LONGEST_LINE].strip() for line in _SENTENCE.split(text) if line and not line.isspace()]


def _telling(line: str) -> float:
    """How much is lost if this sentence is left out."""
    return sum(worth for pattern, worth in _TELLING if pattern.search(line))


def _chosen(lines: Sequence[tuple[str, float]], room: int) -> list[str]:
    """The most telling ones that fit, the later ones of equals; in the order they were said."""
    picked = []
    for at in sorted(range(len(lines)), key=lambda at: (-lines[at][1], -at)):
        cost = tokens(lines[at][0]) + 1
        if cost <= room:
            picked.append(at)
            room -= cost
    return [lines[at][0] for at in sorted(picked)]
