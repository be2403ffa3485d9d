"""What a text mentions, whatever it asks: ids, times, amounts and names, the longest first, each place read once."""

# ruff: noqa: E501  tables and patterns read best a line each

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from bot.errors import InvalidInput
from bot.language import ranges
from bot.language.folding import Folded
from bot.language.lexicon import EDITION, Lexicon, Text
from bot.language.ruling_out import SURE, Mention, ruled_out
from bot.language.spoken_words import AGGREGATIONS, LEVELS, ROLES, SEVERITIES, STATUSES
from bot.ports import Json

__all__ = ["NUMBERS", "Mention", "mentions"]

CORRECTED: Final = 0.85


_N = r"\d{1,9}(?:,\d{3})*(?:\.\d{1,6})?"
_MORE = (
    r"(?:slower|longer|more|greater|higher|bigger|faster|quicker|less|lower|shorter|fewer) than|"
    r"over|above|under|below|beyond|exceed(?:s|ing|ed)?|"
    r"past|hits?|reach(?:es)?|at least|>=?|<=?|at|to|takes?|taking|took|crosses|cross|passes|"
    r"tops?|stays? (?:over|above|under)|within"
)
_PATTERNS: Final[tuple[tuple[str, re.Pattern[str]], ...]] = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        ("incident", r"(?<![\w-])inc[-#](\d{1,9})(?!\w)|(?<![\w-])(?:incident|inc) #?(\d{1,6})(?![\w.%-])"),
        ("execution", r"(?<![\w-])wf-[0-9a-z]{2,40}(?![\w-])"),
        ("endpoint", r"(?<![\w/.:<])(?:(?:get|post|put|delete|patch) )?(/[a-z_{][\w{}:.~-]*(?:/[\w{}:.~*-]+)*)/?(?![\w/])"),
        ("trace_id", r"(?<![\w-])(?=[a-f]*\d)(?:[0-9a-f]{32}|[0-9a-f]{16})(?![\w-])|(?<=trace )(?=[a-f]*\d)[0-9a-f]{6,32}(?![\w-])|(?<=trace id )(?=[a-f]*\d)[0-9a-f]{6,32}(?![\w-])"),
        ("quantile", r"(?<![\w.-])p-?(\d{2}(?:\.\d{1,3})?|999|9999|100)(?![\w%]|\.\d)|(?<![\w.])(\d{2}(?:\.\d{1,3})?) ?(?:th|st|nd|rd)?[ -]?(?:percentile|pctile?|quantile|%ile)s?\b|\b(median|ninety[- ]fifth percentile|ninety[- ]ninth percentile|ninetieth percentile|fiftieth percentile|ninety[- ]five percentile|ninety[- ]nine percentile)\b|(?<![\w.])(0\.(?:5|9|95|99|999))[ -](?:percentile|quantile)s?\b"),
        ("percent", rf"(?<![\w.])({_N}) ?(?:%|percent\b|pct\b|per ?cent\b)"),
        ("factor", r"(?<![\w.])(\d{1,3}(?:\.\d{1,2})?) ?x(?![\w])|(?<![\w.])x ?(\d{1,2}(?:\.\d)?)(?![\w.])|\bby a factor of (\d{1,3})\b|\b(\d{1,2}|two|three|four|five|ten) times\b(?! (?:a|per|in|today|yesterday|this|last|over|since)\b)|\b(double|doubled|doubling|twice|twofold|two-fold)\b(?![ -]?(?:check|click|digit|booked|take|whammy|sure|a day|as))|\b(triple|tripled|tripling|thrice|treble|trebled|threefold|three-fold)\b(?![ -]?check)|\b(quadruple|fourfold|four-fold)\b|\b(halve|halved|halving|half(?! (?:an|the|of|a|past)\b))\b"),
        ("window", r"(?:\b(?:over|in|on|with|using|at)\s+(?:an? )?)?(?<![\w.])(\d{1,3}) ?-?(s|m|h|d|min|mins|minutes?|hours?|seconds?)[ -](?:windows?|buckets?|intervals?|rates?|resolution|steps?|averages?|moving|rolling)\b"),
        ("duration", rf"(?:\b|(?<=\W))(?P<more>{_MORE})?\s*(?<![\w.])(?P<count>{_N}) ?(?P<unit>ms|msecs?|milliseconds?|millis|s|secs?|seconds?|m|mins?|minutes?)(?![\w-])(?! (?:ago|windows?))|\b(?P<word>(?:{_MORE}) (?:a|one|half a|two|three|five|ten) seconds?)\b"),
        ("version", r"(?<![\w./:-])v\.?(\d{1,4}(?:\.\d{1,6}){0,3}(?:[-+.][0-9a-z][\w.-]*)?)(?![\w%])|(?<![\w./:$-])(\d{1,4}\.\d{1,6}(?:\.\d{1,6}){0,2}(?:-[0-9a-z][\w.]*)?)(?![\w%])(?! ?(?:%|x\b|ms\b|s\b|percent|rps\b|gb\b|gib\b|mb\b|usd\b|dollars))|\b(?:version|release|build|tag|rev|revision)[ :#]+(\d{1,6}(?:-[\w.]+)?)(?![\w.%:])"),
        ("sha", r"(?<![\w./:@-])(?=[0-9a-f]*\d)(?=[0-9]*[a-f])[0-9a-f]{7,40}(?![\w-])|\b(?:commit|sha|revision|rev|hash)[ :#]+([0-9a-f]{6,40})(?![\w-])"),
        ("severity", r"(?<![\w-])(?:sev(?:erity)?[- ]?([0-5])|p([0-5]))(?![\w.%])"),
        ("replicas", r"(?<![\w.-])(\d{1,5}|one|two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|thirty|fifty|a hundred)(?: more| extra| additional| fewer| less)? (?:\w+ )?(?:replicas?|pods?|instances?|copies|containers?|workers?|nodes?|tasks)\b|\b(?:replicas?|replica count|pods|instances|pod count)(?: count)?(?: set)?(?: (?:to|at|of|is|are|be))?[ :=]+(\d{1,5})(?![\w.%])"),
    )
)  # fmt: skip
_WITHOUT_DIGITS: Final = {
    "quantile": ("median", "percentile", "quantile"),
    "factor": ("doubl", "twi", "two", "tri", "thr", "treb", "quad", "four", "hal", "times", "factor"),
    "duration": ("second",),
    "replicas": ("replica", "pod", "instance", "cop", "container", "worker", "node", "task"),
}
"""What can be said in words, and which of them there are then."""
_INSTANCE: Final = re.compile(
    r"(?<![\w/.@#$=-])[a-z][a-z0-9]*(?:[-.][a-z0-9]+)+(?![\w-]|\.\w)|(?<![\w/.@#$-])(?:web|node|"
    r"db|app|host|worker|gpu|srv|vm|api|cache)\d{1,4}(?![\w-])|(?<=\bpod )[a-z0-9][\w.-]*\d[\w.-]*\w|"
    r"(?<=\bhost )[a-z0-9][\w.-]*\d[\w.-]*\w|(?<=\bnode )[a-z0-9][\w.-]*\d[\w.-]*\w|(?<=\binstance "
    r")[a-z0-9][\w.-]*\d[\w.-]*\w"
)
_NO_INSTANCE: Final = re.compile(
    r"^(?:[vp]\.?\d[\w.]*|wf|inc|apr|run|dl|ans|sev|gpt|claude|llama|utf|soc|sha|iso|v\d|q\d|"
    r"top|last|past|tier|level|phase|step|covid|"
    r"http|tls|oauth|rfc|cve|cr|pr|jira|ops|issue|ticket|chg|day|sprint|e2e|end)(?:-|$)|^[vp]\.?\d"
)
_HOST: Final = re.compile(
    r"\d[a-z0-9]*$|[-.]\d+[-.]|-[a-z0-9]*\d[a-z0-9]*-|\d-[a-z0-9]{5}$|\.(?:internal|local|lan|svc|compute|cluster)\b"
)
_THING: Final = re.compile(
    r"/[\w{}/:.~-]+|v?\d+(?:\.\d+)+(?:-[\w.]+)?|(?:inc|wf)-\w+|[0-9a-f]{7,40}|\d+(?:ms|s|%)?|p\d+(?:\.\d+)?|@?u0\w+"
)
"""What is no text to look for, even in quotes."""
_QUANTILES: Final = {
    "median": 0.5,
    "fiftieth": 0.5,
    "ninetieth": 0.9,
    "ninety-fifth": 0.95,
    "ninety-five": 0.95,
    "ninety-ninth": 0.99,
    "ninety-nine": 0.99,
}
_SEVERITYNUMBERS: Final = {"0": "critical", "1": "critical", "2": "high", "3": "medium", "4": "low", "5": "low"}
NUMBERS: Final = {
    "a": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "twelve": 12, "twenty": 20, "thirty": 30, "fifty": 50, "a hundred": 100, "half a": 0.5, "half an": 0.5,
}  # fmt: skip
_FACTORS: Final = (5, 2), (6, 3), (7, 4), (8, 0.5)
_WEAK_METRICS: Final = frozenset(
    "load requests fast faster fastest quick speed quality pool connections queue queued storage "  # noqa: SIM905  a table of words
    "available duration pay paying slow slower "
    "eval money bill cash bucks euros spent free 500 502 503 504 price token refused concurrency filesystem heap "
    "spend exceptions errors error failures failing "
    "costing expensive slowness eval_score available".split()
)


def mentions(folded: Folded, read: Text, lexicon: Lexicon, now: datetime, timezone: str) -> list[Mention]:  # noqa: C901, PLR0912  one step for each kind
    """All of them, in the order of the text."""
    text = read.shadow.text
    taken = bytearray(len(text))
    found: list[Mention] = []

    def take(each: Mention) -> None:
        if not any(taken[each.start : each.end]):
            taken[each.start : each.end] = b"\x01" * (each.end - each.start)
            found.append(each)

    shift = read.shadow.place
    for user, start, end in folded.users:
        found.append(Mention("user", user, shift(start), shift(start), raw=(start, end)))
    for quote in folded.quoted:
        name = None if quote.kind == "regex" else _name_of(quote.text, lexicon)
        if (
            name is None
            and not (quote.kind != "regex" and _THING.fullmatch(quote.text.lower()))
            and not _host(quote.text.lower())
        ):
            start, end = shift(quote.start), shift(quote.end)
            if quote.kind != "regex" or len(quote.text.split("/")) == 1:
                take(
                    Mention(
                        "pattern", quote.text, start, max(end, start), note=quote.kind, raw=(quote.start, quote.end)
                    )
                )
    hidden = _hidden(text, found)
    digits = any(each.isdigit() for each in text)
    if digits or "." in text:
        for match in _INSTANCE.finditer(hidden):
            if (
                _host(match[0])
                and not any(taken[match.start() : match.end()])
                and _named_whole(match[0], lexicon) is None
            ):
                take(Mention("instance", match[0], *match.span()))
    early = {"incident", "execution", "endpoint", "trace_id", "window"}
    for kind, pattern in _PATTERNS:
        if kind in early and (digits or kind == "endpoint"):
            for match in pattern.finditer(hidden):
                if each := _amount(kind, match, folded, read):
                    take(each)
    for each in _times(_hidden(text, found), now, timezone):
        take(each)
    if not any(each.type == "time_range" for each in found):
        for each in _bare_times(_hidden(text, found), now, timezone):
            take(each)
    hidden = _hidden(text, found)
    for kind, pattern in _PATTERNS:
        if kind not in early and (digits or any(each in hidden for each in _WITHOUT_DIGITS.get(kind, ()))):
            for match in pattern.finditer(hidden):
                if (each := _amount(kind, match, folded, read)) and not any(taken[each.start : each.end]):
                    take(each)
    found += _names(read, lexicon, taken)
    found.sort(key=lambda each: (each.start, each.end))
    return ruled_out(text, found)


def _hidden(text: str, found: Sequence[Mention]) -> str:
    """Without what was read already."""
    for each in found:
        if each.end > each.start:
            text = f"{text[: each.start]}{chr(1) * (each.end - each.start)}{text[each.end :]}"
    return text


def _times(text: str, now: datetime, timezone: str) -> Iterator[Mention]:
    for when in ranges.find_all(text, now, timezone):
        value: Json = {"start": f"{when.start:%Y-%m-%dT%H:%M:%SZ}", "end": f"{when.end:%Y-%m-%dT%H:%M:%SZ}"}
        yield Mention("time_range", value, *when.at)


_ALONE: Final = re.compile(r"(?<![\w.])\d{1,3} ?(?:h|hrs?|d|w|m|min|mins)(?=\s*(?:$|[?.!,]))")


def _bare_times(text: str, now: datetime, timezone: str) -> Iterator[Mention]:
    """As in "checkout p99 prod 1h"."""
    for match in _ALONE.finditer(text):
        if re.search(
            r"(?:\beta|\bin|\bfor|\bover|\bthan|\babove|\bunder|\bexceeds|\bafter|[<>])\s*$", text[: match.start()]
        ):
            continue
        try:
            start, end = ranges.read(match[0], now, timezone)
        except InvalidInput:
            continue
        yield Mention(
            "time_range", {"start": f"{start:%Y-%m-%dT%H:%M:%SZ}", "end": f"{end:%Y-%m-%dT%H:%M:%SZ}"}, *match.span()
        )


def _host(text: str) -> bool:
    return (
        bool(_HOST.search(text))
        and not _OF_EDITION.search(text)
        and not _NO_INSTANCE.match(text)
        and ("-" in text or "." in text or text[-1].isdigit())
    )


_OF_EDITION: Final = re.compile(r"-v\d{1,3}$")


def _named_whole(text: str, lexicon: Lexicon) -> object:
    return lexicon.catalogue.resolve(text)


def _name_of(text: str, lexicon: Lexicon) -> object:
    """A name in quotes is no text to look for."""
    read = lexicon.read(text.lower().strip())
    if not read.words:
        return None
    names = lexicon.named(read.shadow.text, read.words, 0)
    return names[0] if names and len(names[0].words) == len(read.words) else None


def _amount(kind: str, match: re.Match[str], folded: Folded, read: Text) -> Mention | None:  # noqa: C901, PLR0912  one step for each kind
    start, end = match.span()
    said = next((group for group in match.groups() if group), match[0])

    def raw(first: int, last: int) -> str:
        left, right = read.shadow.span(first, last)
        return folded.raw[left:right]

    value: Json
    match kind:
        case "incident":
            value = f"INC-{said}"
        case "execution" | "trace_id":
            value = match[0]
        case "endpoint":
            start, end = match.span(1)
            value = raw(start, end)
        case "quantile":
            number = match[1] or match[2] or ""
            value = (
                float(match[4])
                if match[4]
                else (0.999 if number == "999" else float(f"0.{number.replace('.', '')}"))
                if number
                else _quantile(match[0])
            )
        case "percent" | "replicas" | "factor":
            value = _number(kind, match, said)
            if value is None:
                return None
            if kind == "factor" and match.lastindex and match.lastindex >= 5:  # noqa: PLR2004  a length
                return Mention(kind, value, start, end, weak=True)
        case "window":
            value = f"{match[1]}{match[2][0]}"
        case "duration":
            return _duration(match, read.shadow.text)
        case "version":
            value = raw(*match.span(match.lastindex or 0))
            before = read.shadow.text[:start].rstrip()
            if match.lastindex == 2 and re.search(  # noqa: PLR2004  a length
                r"(?:over|above|below|under|exceeds?|hits|reaches|>|<|\$|at least|target of|score of)$", before
            ):
                return None
            if before.endswith("than") and value.count(".") == 1 and not re.search(r"(?<![\w.])v?\d+\.\d", before):
                return None
            value = value.rstrip(".")
        case "sha":
            kind, value = "version", said
        case "severity":
            value = _SEVERITYNUMBERS[said]
        case _:
            return None
    return Mention(kind, value, start, end)


def _quantile(text: str) -> float:
    return _QUANTILES[text.split(" percentile", maxsplit=1)[0].replace(" ", "-")]


def _number(kind: str, match: re.Match[str], said: str) -> Json:
    if kind == "factor":
        for group, factor in _FACTORS:
            if match[group]:
                return factor
    number = NUMBERS.get(said)
    number = float(said.replace(",", "")) if number is None else number
    return int(number) if number == int(number) else number


_UNITS: Final = {"ms": 0.001, "mi": 60.0, "s": 1.0, "se": 1.0, "m": 60.0}


def _duration(match: re.Match[str], text: str) -> Mention | None:
    start, end = match.span()
    if word := match["word"]:
        amount = next(
            value
            for name, value in sorted(NUMBERS.items(), key=lambda pair: -len(pair[0]))
            if f" {name} second" in word
        )
        return Mention("duration_threshold", float(amount), start, end)
    unit = match["unit"]
    size = 0.001 if unit.startswith(("ms", "millis")) else 60.0 if unit[0] == "m" else 1.0
    more = match["more"]
    if size == 60.0 and (more is None or more in {"at", "to", "past", "within"}):  # noqa: PLR2004  a length
        return None
    if re.match(r"\s*(?:on|of|off)\b", text[end:]) and more is None:
        return None
    if unit == "s" and more is None and re.fullmatch(r"[45]\d\d", match["count"]):  # 500s are answers of a server
        return None
    start = match.start("more") if more else match.start("count")
    return Mention("duration_threshold", round(float(match["count"].replace(",", "")) * size, 6), start, end)


# ---------------------------------------------------------------- names


def _names(read: Text, lexicon: Lexicon, taken: bytearray) -> Iterator[Mention]:
    """By the longest phrase; what a workflow or a runbook is called hides the services in its name."""
    text, words = read.shadow.text, read.words
    slipped = [read.shadow.span(word.start, word.end) in read.slips for word in words] if read.slips else []
    at = 0
    while at < len(words):
        word = words[at]
        if taken[word.start]:
            at += 1
            continue
        names = lexicon.named(text, words, at)
        if (
            names
            and text[words[at + len(names[0].words) - 1].end :][:2] == "-v"
            and EDITION.match(text, words[at + len(names[0].words) - 1].end)
        ):
            names = []
        if names and any(taken[words[at].start : words[at + len(names[0].words) - 1].end]):
            names = []
        long = len(names[0].words) if names else 1
        end = words[at + long - 1].end
        sure = CORRECTED if any(slipped[at : at + long]) else SURE
        for name in names:
            spoken = " ".join(name.words)
            if spoken == "quick" and not _AS.search(text, 0, word.start):
                continue
            weak = name.kind == "metric" and spoken in _WEAK_METRICS
            yield Mention(name.kind, name.value, word.start, end, sure, weak, note="own" if name.own else spoken)
        if long == 1 and not (
            word.key == "mean" and at and words[at - 1].key in {"i", "you", "that", "it", "does", "did"}
        ):
            yield from _plain(word.key, word.start, word.end)
        at += long


_AS: Final = re.compile(r"\b(?:how|is|as|so|too|that|are|be|was)\s+$")
"""As in "How quick" is a measure; "a quick question" is none."""


def _plain(key: str, start: int, end: int) -> Iterator[Mention]:
    for kind, table in (
        ("aggregation", AGGREGATIONS), ("level", LEVELS), ("incident_status", STATUSES), ("role", ROLES), ("severity", SEVERITIES),
    ):  # fmt: skip
        if value := table.get(key):
            yield Mention(kind, value, start, end, weak=True, note=key)
