"""The words of time, and a text as tokens: each stands where it stood, small and with its slips mended."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final, Literal, NamedTuple

Kind = Literal["iso", "slash", "clock", "number", "word", "mark", "other", "end"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


UNITS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800, "mo": 2_592_000, "y": 31_536_000}
UNIT_WORDS: Final = {
    word: unit
    for unit, words in {
        "s": "s sec secs second seconds",
        "m": "m min mins minute minutes",
        "h": "h hr hrs hour hours",
        "d": "d day days",
        "w": "w wk wks week weeks",
        "mo": "mo mos month months",
        "y": "y yr yrs year years",
    }.items()
    for word in words.split()
}
_COUNTS: Final = "zero/a an one/two couple/three few/four/five/six/seven/eight/nine/ten/eleven/twelve"
_TENS: Final = {"fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "ninety": 90}
NUMBERS: Final = {word: n for n, words in enumerate(_COUNTS.split("/")) for word in words.split()} | _TENS
TENS: Final = frozenset({"twenty", "thirty", "forty", "fifty"})
_WEEK: Final = (
    "monday mon,tuesday tue tues,wednesday wed weds,thursday thu thur thurs,friday fri,saturday sat,sunday sun"
)
WEEKDAYS: Final = {word: number for number, words in enumerate(_WEEK.split(",")) for word in words.split()}
_YEAR: Final = (
    "january jan,february feb,march mar,april apr,may,june jun,july jul,august aug,"
    "september sep sept,october oct,november nov,december dec"
)
MONTH_NAMES: Final = {word: number for number, words in enumerate(_YEAR.split(","), 1) for word in words.split()}
PLAIN: Final = frozenset(word for word in (*WEEKDAYS, *MONTH_NAMES) if len(word) > len("sept")) - {"march"} | {
    "june",
    "july",
}
"""Names that mean nothing else, so that they need no word before them; "march", "may", "sat" and "mon" do."""
RELATIVE: Final = {"today": 0, "yesterday": -1, "tomorrow": 1}
PARTS: Final = {
    "morning": (6, 12),
    "afternoon": (12, 18),
    "evening": (18, 24),
    "night": (18, 30),
    "lunchtime": (12, 14),
    "lunch": (12, 14),
}
HALVES: Final = {"morning": "am", "afternoon": "pm", "evening": "pm", "night": "pm"}
LAST: Final = frozenset({"last", "past", "previous", "prev", "trailing", "preceding"})
PERIOD_WORDS: Final = LAST | _words("""
    this these current all next day week month quarter year start beginning mtd wtd ytd qtd q1 q2 q3 q4
    overnight tonight weekend
""")
LEADS: Final = _words("in on at over for during within throughout across around about from of early earlier late later")
"""What may stand before a time, and belongs to it."""
TO: Final = _words("to until till til through thru - – — .. /")
RECURRING: Final = _words("every each hourly daily nightly weekly monthly")
DENIALS: Final = _words("not never no without t havent hasnt didnt wasnt")
BEFORE_A_DATE: Final = TO | _words("on since from between and before after during of")
BEFORE_A_MONTH: Final = TO | _words("in during since from between and before after over throughout for early late")
AFTER_A_VERB: Final = _words("be have not also well cause need still just indicate mean take help")
"""What follows "may" where it is no month: "errors coming in may be late"."""
AFTER_AN_HOUR: Final = frozenset(WEEKDAYS) | _words("""
    on in for at to and or vs versus with from until than but is are was were did the please pls when by of
    today yesterday tomorrow last this
""")
"""What may follow a bare number that is an hour or a day; any other word is what the number counts."""
AFTER_A_FIGURE: Final = TO | set(MONTH_NAMES) | set(UNIT_WORDS) | _words("this am pm o'clock in at and of couple half")
"""What makes a bare number before it part of a time."""
TAILS: Final = _words("am pm st nd rd th")
TERMS: Final = (
    PERIOD_WORDS | set(WEEKDAYS) | set(MONTH_NAMES) | set(RELATIVE) | set(NUMBERS) | set(PARTS)
    | _words("noon midday midnight half quarter")
)  # fmt: skip
"""With which a day, an hour or a period begins."""
STARTERS: Final = LEADS | RECURRING | TERMS | _words("since after before until till til by between the so prior")
"""With which a time may begin."""
NO_WINDOW: Final = LEADS | TO | _words("above below under than least most by every after before eta takes took")
"""Behind these, a length of time at the end of a sentence is none to look back."""
LASTING: Final = _words("timeout ttl retention interval silence snooze mute pause sleep delay wait")
"""With these anywhere before it, neither."""
VOWELS: Final = "aeiou"
ZONES: Final = {
    "utc": "UTC", "gmt": "UTC", "z": "UTC", "bst": "Europe/London", "cet": "Europe/Berlin", "cest": "Europe/Berlin",
    "est": "America/New_York", "edt": "America/New_York", "et": "America/New_York", "cst": "America/Chicago",
    "cdt": "America/Chicago", "pst": "America/Los_Angeles", "pdt": "America/Los_Angeles", "pt": "America/Los_Angeles",
    "jst": "Asia/Tokyo",
}  # fmt: skip


def _slips() -> Iterator[tuple[str, str]]:
    """A long word with two letters swapped, one left out, one doubled, or another vowel."""
    long = len("evening")
    words = (*WEEKDAYS, *MONTH_NAMES, *RELATIVE, *PARTS, *UNIT_WORDS, "overnight", "tonight", "weekend", "quarter")
    for word in (each for each in words if len(each) >= long):
        for at, (one, two) in enumerate(pairwise(word), 1):
            yield word[: at - 1] + two + one + word[at + 1 :], word
            yield word[:at] + word[at + 1 :], word
            yield word[:at] + word[at - 1 :], word
            if one in VOWELS:
                yield from ((word[: at - 1] + vowel + word[at:], word) for vowel in VOWELS)
    yield from {
        "tommorow": "tomorrow",
        "tmrw": "tomorrow",
        "yday": "yesterday",
        "tonite": "tonight",
        "a.m": "am",
        "p.m": "pm",
    }.items()


_TRUE: Final = frozenset((*WEEKDAYS, *MONTH_NAMES, *RELATIVE, *PARTS, *UNIT_WORDS))
SLIPS: Final = {slip: word for slip, word in _slips() if slip not in _TRUE}
_KINDS: Final[dict[str, Kind]] = {"iso": "iso", "slash": "slash", "clock": "clock", "mark": "mark"}
_TOKEN: Final = re.compile(
    r"(?P<iso>[0-9]{4}(?:-[0-9]{2}-|/[0-9]{2}/)[0-9]{2}(?![0-9])"
    r"(?:[Tt ][0-9]{2}:[0-9]{2}(?![0-9])(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?:[Zz]|[+-][0-9]{2}:?[0-9]{2})?)?)"
    r"|(?P<slash>[0-9]{1,2}/[0-9]{1,2}(?:/[0-9]{4})?(?![0-9/]))"
    r"|(?P<clock>[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?(?![0-9:]))"
    r"|(?P<long>[0-9]{1,4}h[0-9]{1,2})m?(?!\w)"
    r"|(?P<number>[0-9]{1,12}(?:\.[0-9]{1,6})?)(?P<tail>%|[^\W\d_]*)(?!\w)"
    r"|(?P<word>[ap]\.m\b\.?|o['’]clock|[Qq][1-4](?!\w)|[^\W\d_]+(?!\w))"
    r"|(?P<mark>\.\.|[^\w\s])"
    r"|(?P<other>\w+)",
)


class Token(NamedTuple):
    """`word` is small; of a number it is what hangs on it: "pm" of 3pm, "h" of 24h."""

    kind: Kind
    word: str
    start: int
    end: int
    number: float = 0


def tokens(text: str) -> list[Token]:
    found: list[Token] = []
    for match in _TOKEN.finditer(text):
        kind, (start, end) = match.lastgroup, match.span()
        if kind == "word":
            word = match[0].lower().rstrip(".")
            found.append(Token("word", SLIPS.get(word, word), start, end))
        elif kind == "tail":
            found.append(Token("number", match["tail"].lower(), start, end, float(match["number"])))
        elif kind == "long":
            hours, minutes = match["long"].split("h")
            found.append(Token("number", "h", start, end, int(hours) + int(minutes) / 60))
        else:
            found.append(Token(_KINDS.get(kind or "", "other"), "" if kind == "other" else match[0], start, end))
    return found
