"""A plain shadow of what was typed: lower case, no Slack markup, straight quotes, and every place of it known.

The shadow is as long as the raw text: what is left out becomes blanks, so a place in one is the place in the other.
Where a misspelt word is put right, `Shadow` knows which places moved.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

MOST: Final = 8_000
_STRAIGHT: Final = str.maketrans(
    {"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'", "‚": "'", "´": "'"}
    | {"–": "-", "—": "-", "−": "-", "‑": "-", "…": ".", "\t": " ", "\r": " "}
    | dict.fromkeys("\u00a0\u2002\u2003\u2007\u2009\u202f\u3000\u200b\u200c\u200d\ufeff", " ")
)
_USER: Final = re.compile(r"<@([UW][A-Za-z0-9]{2,30})(?:\|[^>\n]{0,80})?>")
_MARKUP: Final = re.compile(
    r"<[@#!][^<>|\n]{0,200}(?P<name>\|[^<>\n]{0,200})?>"
    r"|<(?:https?|mailto|tel):[^<>|\s]{1,4000}(?P<label>\|[^<>\n]{0,400})?>"
    r"|&(?P<sign>lt|gt|amp);"
    r"|(?<![\w:]):(?:[a-z][\w+'-]{0,60}|[+-]1):(?!\w)"
    r"|https?://[^\s<>]{1,4000}",
    re.IGNORECASE,
)
_SIGNS: Final = {"lt": "<", "gt": ">", "amp": "&"}
_QUOTE_LINE: Final = re.compile(r"^[ ]*>[^\n]*", re.MULTILINE)
_FENCE: Final = re.compile(r"```.*?```", re.DOTALL)
_QUOTED: Final = re.compile(
    r'"([^"\n]{1,200})"' r"|(?<![^\W_])'([^'\n]{2,200})'(?![^\W_])|(?<!`)`([^`\n]{1,200})`(?!`)"  # noqa: ISC001  it is data
)
_EMPHASIS: Final = re.compile(r"[*~`]|(?<![^\W_])_+|_+(?![^\W_])")
_PATTERN: Final = re.compile(r"(?<![\w/.:])/(?!/)([^/\n]{2,120})/(?![\w/])")


@dataclass(frozen=True, slots=True)
class Quoted:
    """What stands in quotes, in code, or between slashes; `text` is as it was typed."""

    text: str
    start: int
    end: int
    kind: str = "quote"


@dataclass(frozen=True, slots=True)
class Folded:
    """The shadow, and what of the raw text it does not show."""

    raw: str
    text: str
    users: tuple[tuple[str, int, int], ...] = ()
    quoted: tuple[Quoted, ...] = ()


def fold(raw: str, me: Collection[str] = ()) -> Folded:
    """The shadow of at most MOST characters; its length is that of what was read."""
    raw = raw[:MOST]
    lowered = raw.lower()
    if len(lowered) != len(raw):  # a few letters have a small form of two characters
        lowered = "".join(low if len(low := each.lower()) == 1 else each for each in raw)
    text = lowered.translate(_STRAIGHT)
    users: tuple[tuple[str, int, int], ...] = ()
    if "<" in text or "&" in text or ":" in text:
        users = tuple((match[1].upper(), *match.span()) for match in _USER.finditer(raw) if match[1].upper() not in me)
        for _, start, end in users:  # a person may be the subject of a sentence
            text = f"{text[:start]}{'someone'.ljust(end - start)[: end - start]}{text[end:]}"
        text = _MARKUP.sub(_blank, text)
    if "```" in text:
        text = _FENCE.sub(lambda match: " " * len(match[0]), text)
    if ">" in text and (rest := _QUOTE_LINE.sub(lambda match: " " * len(match[0]), text)).strip():
        text = rest  # somebody else's words, unless there are no others
    quoted = tuple(_quotes(raw, text))
    return Folded(raw, _EMPHASIS.sub(lambda match: " " * len(match[0]), text), users, quoted)


_GREETING: Final = re.compile(
    r"\W*(?:(?:hi|hey|hello|hiya|yo|good (?:morning|afternoon|evening|day)|morning|greetings)(?: (?:all|team|there|everyone|folks|bot|"  # noqa: E501  it is data
    r"guys|copilot|again))?[\s,!.:;-]+|(?:ok|okay|k|alright|right|cool|great|perfect|awesome|nice|thanks|thank you|thx|ty|cheers|ugh|argh)"  # noqa: E501  it is data
    r"[\s,!.:;-]*[,!.;]+\s+|(?:ok|okay|alright|ugh|argh)\s+)+"
)
_THANKS: Final = re.compile(
    r"[\s,.!;:?-]*(?<![\w'])(?:many thanks|thanks|thank you|thx|tysm|ty|cheers|tia|ta)"
    r"(?: (?:a lot|a bunch|so much|very much|in advance|everyone|team|all|again|bot|mate|folks))*[\s!.:;)-]*$"
)
_SPEAKS: Final = re.compile(r"[^\W_]+(?:\W+[^\W_]+)+|help|[^\W_]{4,}\?")


def plainly(folded: Folded) -> Folded:
    """Without the courtesies around a request, where one is left: they say nothing of it."""
    text = folded.text
    for pattern in (_GREETING.match, _THANKS.search):
        if (
            (match := pattern(text))
            and _SPEAKS.search(left := text[: match.start()] + text[match.end() :])
            and left.strip()
        ):
            kept = "?" if "?" in match[0] else " "
            text = f"{text[: match.start()]}{kept}{' ' * (len(match[0]) - 1)}{text[match.end() :]}"
    return folded if text is folded.text else replace(folded, text=text)


def _blank(match: re.Match[str]) -> str:
    whole = match[0]
    if sign := match["sign"]:
        return _SIGNS[sign.lower()].ljust(len(whole))
    label = match["label"]
    if label is None:
        return " " * len(whole)
    return f"{label[1:]} ".rjust(len(whole))


def _quotes(raw: str, text: str) -> list[Quoted]:
    found = []
    if '"' in text or "'" in text or "`" in text:
        for match in _QUOTED.finditer(text):
            group = match.lastindex or 1
            kind = "code" if group == 3 else "quote"  # noqa: PLR2004  a length
            found.append(Quoted(raw[match.start(group) : match.end(group)].strip(), *match.span(), kind))
    if text.count("/") > 1:
        found += [
            Quoted(raw[match.start(1) : match.end(1)], *match.span(), "regex")
            for match in _PATTERN.finditer(text)
            if re.search(r"[\\.*+?\[\](){}|^$ ]", match[1])
            and not any(each.start <= match.start() < each.end for each in found)
        ]
    return sorted(found, key=lambda each: each.start)


@dataclass(frozen=True, slots=True)
class Shadow:
    """The text with misspelt words put right; `origin` of a place is where it stands in the raw text."""

    text: str
    starts: tuple[int, ...] = ()
    shifts: tuple[tuple[int, int], ...] = ()

    def origin(self, place: int, *, end: bool = False) -> int:
        """An end inside a word that was put right is that word's end."""
        if not self.starts:
            return place
        at = bisect_right(self.starts, place - 1 if end else place) - 1
        if at < 0:
            return place
        start = self.starts[at]
        origin, length = self.shifts[at]
        if length >= 0:  # inside a word that was put right, or behind it
            corrected = self.starts[at + 1] - start if at + 1 < len(self.starts) else len(self.text) - start
            return origin + length if end or place - start >= corrected else origin
        return origin + place - start

    def place(self, origin: int) -> int:
        """Where something of the raw text stands here."""
        if not self.starts:
            return origin
        at = max(0, bisect_right(self.shifts, (origin, MOST)) - 1)
        return min(len(self.text), self.starts[at] + origin - self.shifts[at][0])

    def span(self, start: int, end: int) -> tuple[int, int]:
        return self.origin(start), self.origin(end, end=True)


def put_right(text: str, corrections: Sequence[tuple[int, int, str]]) -> Shadow:
    """The text with these words replaced; each is a start, an end and what stands there instead."""
    if not corrections:
        return Shadow(text)
    parts: list[str] = []
    starts: list[int] = []
    shifts: list[tuple[int, int]] = []
    place = done = 0
    for start, end, word in corrections:
        for piece, origin, length in ((text[done:start], done, -1), (word, start, end - start)):
            if piece:
                parts.append(piece)
                starts.append(place)
                shifts.append((origin, length))
                place += len(piece)
        done = end
    if text[done:]:
        parts.append(text[done:])
        starts.append(place)
        shifts.append((done, -1))
    return Shadow("".join(parts), tuple(starts), tuple(shifts))
