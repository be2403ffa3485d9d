"""A wish for silence in words: what is to be silent, and apart from it from when, until when and why.

What a reason names is not to be hidden, so the reason is no part of what is to be silent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from bot.language.ranges import zone
from bot.language.ranges.ahead import ahead
from bot.language.ranges.coming import Coming, coming, ending, longest
from bot.ports import Json

COURTESIES: Final = (
    r"(?:(?:please|pls|hey|ok(?:ay)?|so|well|sorry|actually|now|and|also|just|yes|yep"
    r"|(?:can|could|would|will) you|let'?s)[\s,]+)*"
)
POLITE: Final = rf"^\W*{COURTESIES}"
ASKED_FOR: Final = re.compile(r"\W*(?:(?:please|pls)\b|(?:can|could|would|will) you\b)", re.IGNORECASE)
"""What begins so is wished for, also where it ends with a question mark."""
_TOLD: Final = r"(?:alert|tell|ping|bother|warn|notif|pag|remind)(?:y|e|ing|ying)?"
HUSHES: Final = (
    rf"(?:(?:stop|quit) {_TOLD}|(?:don'?t|do not|no longer) {_TOLD}) .*\b(?:about|of|for) .+",
    r"no more (?:alerts?|noise) (?:about|of|for|from|on) .+",
    r"(?:silence|mute|hush|snooze|quiet(?:en)?|(?:shut up|be quiet) about) .+",
)
_HUSHING: Final = tuple(re.compile(POLITE + words, re.IGNORECASE) for words in HUSHES)
_MAY_HUSH: Final = re.compile(
    r"\b(?:silence|mute|hush|snooze|quiet(?:en)?|shut up|maintenance|no (?:more|alerts?|pages?|noise)|ignore"
    rf"|(?:stop|quit|don't|do not|no longer) {_TOLD})\b",
    re.IGNORECASE,
)
_BEGINS: Final = re.compile(
    r"\b(?:we|i|there|put|take|set|schedule|plan|create|book|please|can|could)\b", re.IGNORECASE
)
_BUT: Final = re.compile(r"\b(?:except|but|apart from|other than|excluding|save for)\b")
_PLANNED: Final = re.compile(
    POLITE + r"(?:(?:no (?:alerts?|pages?|noise) (?:about|of|for|from|on)|ignore) "
    r"|(?:(?:i|we) (?:want|need|would like|'?d like) |(?:schedule|plan|create|add|set up|make|book|put(?: in)?) )"
    r"(?:an? |the |another )?(?:planned |scheduled |new )?(?:silence|mute|quiet time) (?:for|on|of|in) )(?P<what>.+)",
    re.IGNORECASE,
)
_WORK: Final = (
    r"(?:(?:planned|scheduled|emergency|routine|urgent|short|some|an?|the|our|another) )*maintenance(?!\W*drill)"
    r"(?: (?:window|works?|mode|slot|period))?\b"
)
_WE_HAVE: Final = (
    r"(?:(?:we|i)(?:'re|'ll|'m| are| will| am)?(?: going to)? (?:be )?(?:hav(?:e|ing)|do(?:ing)?"
    r"|plan(?:ning)?|run(?:ning)?|start(?:ing)?) |there(?:'s| is|'ll be| will be) "
    r"|(?:schedule|plan|set up|create|add|book|start|begin) )?"
)
_HEADS_UP: Final = r"(?:(?:heads[ -]up|fyi|note|reminder|hi|hello|all|team|everyone)[\s,:!–-]+)*"
_KIND: Final = (
    r"(?:(?:planned|scheduled|an?|the|our|some) )*"
    r"(?:db|database|disk|network|hardware|system|infra(?:structure)?|cluster|kernel|os|storage|security) "
)
_DOWN: Final = r"(?:(?:in|into|under|(?:down|offline|out|away) for) )"
_THOSE: Final = r"(?P<what>(?:(?!(?:we|i|you|they|there|at|from|until|for)\b)[\w.-]+ ){1,4}?)"
_NO_VERB: Final = (
    r"(?!(?:who|what|when|where|why|how|which|cancel|end|stop|finish|postpone|move|delay|show|list|find|check|explain|about"
    r"|after|before|during|until|no|any|without)\b)"
)
_WORKS: Final = tuple(
    re.compile(POLITE + _HEADS_UP + words, re.IGNORECASE)
    for words in (
        rf"{_WE_HAVE}{_KIND}{_WORK} (?:for|on|of|in|at) (?P<what>.+)(?P<rest>)",
        rf"{_WE_HAVE}{_WORK}:? (?:(?:for|on|of|in|at) )?(?P<what>.+)(?P<rest>)",
        rf"(?:put|take|set) {_THOSE}{_DOWN}{_WORK}(?P<rest>.*)",
        rf"{_THOSE}(?:is|are|goes|go|will be|will go|has|have) {_DOWN}?{_WORK}(?P<rest>.*)",
        rf"(?:(?:the|our) )?{_NO_VERB}(?P<what>[\w.-]+):? {_WORK}(?P<rest> .+)",
    )
)
_NO_WORK: Final = re.compile(
    r"\b(?:over|done|finished|ended|completed?|cancel+ed|postponed|went|was|were|had|caused?|broke|failed|show|list"
    r"|logs?|traces?|runbooks?|docs?|documents?|pages?|history|calendar|messages?)\b",
    re.IGNORECASE,
)
_FOR_WORK: Final = re.compile(
    r" (?:for|during) (?P<why>(?:(?:the|an?|our|some|planned|scheduled|emergency) (?:(?!for\b)[\w.-]+ ){0,3}?)?"
    r"(?:maintenance|deploy(?:ment)?s?|migrations?|releases?|upgrades?|rollouts?|tests?|backups?|patching|restarts?"
    r"|reindex(?:ing)?|failovers?|cutovers?|works?)(?: (?:window|work))?)(?![\w-])",
    re.IGNORECASE,
)
_LASTS: Final = re.compile(r"\b(for|until|till|til)\s+(?=\S)", re.IGNORECASE)
_SOME_END: Final = re.compile(r"\b(?:until|till|til)\s+\w.*", re.IGNORECASE)
_BECAUSE: Final = r"(?:because(?: of)?|since|while|due to)\s+"
_WHY_AFTER: Final = re.compile(
    rf"\s*(?:(?:[.,;:(–—]|-(?=\s))\s*(?:{_BECAUSE}|as\s+)?|{_BECAUSE}|as\s+)(?!\s*(?:in|on|of|and|also|everywhere|p(?:lea|l)se?"
    r"|thank\w*|thx)\b)(?P<why>.+)",
    re.IGNORECASE,
)
_WHY_BEFORE: Final = re.compile(
    rf"\s*(?:\s{_BECAUSE}|:\s+|,\s+(?=(?:we|i|[a-z]+ing)\b)|\s[–—-]\s+|\s\()(?P<why>.+)", re.IGNORECASE
)
_PLEASE: Final = re.compile(r"^\s*(?:please|pls)\b(?=\s*\S)", re.IGNORECASE)
_CLAUSE: Final = re.compile(r"'|\s+(?:we|i|they|he|she|is|are|was|were|will|has|have|had)\b", re.IGNORECASE)
_ANOTHER_SENTENCE: Final = re.compile(r"[.;!?]\s+\w")
_ROUND: Final = re.compile(r"\([^()]*\)")
ONCE: Final = "I cannot repeat a silence: this one is for the next time alone.\n\n"
ONE_TIME: Final = "A silence has one time: for “{}” say it once more by itself.\n\n"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is left of the text; the values that are said beside it; and what they cannot say."""

    text: str
    said: Mapping[str, Json] = field(default_factory=dict)
    note: str = ""


def wish(text: str, now: datetime, timezone: str) -> Wish:
    """Any other sentence as it is."""
    text = " ".join(text.replace("’", "'").split())
    may = _MAY_HUSH.search(text)
    if may is None:
        return Wish(text)
    if hush := _hush(text, now, timezone):
        return hush
    begins = _BEGINS.search(text)
    return _time_first(text, min(may.start(), begins.start() if begins else len(text)), now, timezone) or Wish(text)


def _time_first(text: str, verb: int, now: datetime, timezone: str) -> Wish | None:
    """Tomorrow from 9 to 10, mute payments."""
    polite = re.match(POLITE, text, re.IGNORECASE)
    first = coming(text[:verb], now, timezone)
    if first is None or first.at[0] != (polite.end() if polite else 0):
        return None
    rest = text[first.at[1] :].lstrip(" ,:-–")
    hush = _hush(rest, now, timezone)
    if hush is None:
        return None
    if "starts" in hush.said and (hours := coming(rest, now, timezone)):  # "tomorrow mute payments from 9 to 10"
        return _hush(f"{rest[: hours.at[0]]}{text[slice(*first.at)]} {rest[hours.at[0] :]}", now, timezone)
    until = str(hush.said.get("until", ""))
    if until and not first.end:
        first = replace(first, end=ending(until, first.start, now, timezone))
    return Wish(hush.text, {**hush.said, **_times(first, now, timezone)}, ONCE if first.again else hush.note)


def _hush(text: str, now: datetime, timezone: str) -> Wish | None:
    """None where it is no wish for silence."""
    if any(each.match(text) for each in _HUSHING):
        return _apart(text, now, timezone)
    wonders = text.endswith("?") and not ASKED_FOR.match(text)
    if (planned := _PLANNED.match(text)) and not wonders:
        found = _apart(f"silence {planned['what']}", now, timezone)
        return found if {"starts", "until"} & found.said.keys() else None
    if "maintenance" not in text.lower() or wonders:
        return None
    for each in _WORKS:
        if work := each.match(text):
            found = _apart(f"silence {work['what'].strip()}{work['rest']}", now, timezone)
            timed = {"starts", "until"} & found.said.keys()
            if found.text.lower() == "silence":  # "db maintenance on friday"
                continue
            if _NO_WORK.search(found.text) or not (timed or each is not _WORKS[-1]):
                return None
            return replace(found, said={"reason": "maintenance", **found.said})
    return None


def _apart(text: str, now: datetime, timezone: str) -> Wish:
    """An end that is no time ("until the deploy is done") is a reason too."""
    if planned := _planned(text, now, timezone):
        return _at_one_time(text, planned, now, timezone)
    begin, end = _lasts(text, now, timezone)
    if begin == end and (some := _SOME_END.search(text)):
        return Wish(text[: some.start()].rstrip(" ,"), {"reason": some[0].strip(" .!,;()")})
    said: dict[str, Json] = {"until": text[begin:end]} if begin < end else {}
    text, why = _because(text[:begin], text[end:], "maintenance")
    return Wish(text, said | why)


def _at_one_time(text: str, planned: Coming, now: datetime, timezone: str) -> Wish:
    """Hours that stand apart from their day are of it: "tomorrow for the migration from 9 to 10"."""
    found = _from_then(text, planned, now, timezone)
    other = _planned(found.text, now, timezone) if "starts" in found.said or "until" in found.said else None
    if other is None:
        return found
    begin, end = planned.at
    without = f"{text[:begin]}{text[end:].lstrip()}"
    if apart := _planned(without, now, timezone):
        first, last = apart.at
        beside = f"{without[:first]}{text[begin:end]} {without[first:]}"
        both = _planned(beside, now, timezone)
        if both and both.at[1] - both.at[0] > max(end - begin, last - first) + 1:
            return _from_then(beside, both, now, timezone)
    return replace(found, note=f"{found.note}{ONE_TIME.format(found.text[slice(*other.at)])}")


def _because(head: str, rest: str, work: str = "") -> tuple[str, dict[str, Json]]:
    """Without its reason, and that. What it is "for" is one where it is work, and that `work`."""
    rest = _PLEASE.sub("", rest)
    if why := _WHY_AFTER.fullmatch(rest):
        rest = ""
    elif why := _WHY_BEFORE.search(head):
        head = head[: why.start()]
    elif (found := _FOR_WORK.search(head + rest)) and work in found["why"].lower():
        why = found
        head, rest = (head + rest)[: why.start()], (head + rest)[why.end() :]
    return f"{head.rstrip()}{rest}".strip(), {"reason": why["why"].strip(" .!,;()")} if why else {}


def _planned(text: str, now: datetime, timezone: str) -> Coming | None:
    """A range in it that is not part of its reason."""
    bare = _ROUND.sub(lambda each: "-" * len(each[0]), text)
    found = coming(bare, now, timezone)
    if found is None:  # "payments (tomorrow from 9 to 10)"
        bare, found = text, coming(text, now, timezone)
    why = _WHY_BEFORE.search(bare)
    if found and why and found.at[1] <= why.start():
        found = coming(text[: why.start()], now, timezone)
    if found is None or _CLAUSE.match(text, found.at[1]):
        return None
    begin, end = found.at
    why = _WHY_BEFORE.search(bare[:begin].rstrip(" ,:"))
    if (why and not why[0].lstrip().lower().startswith("while")) or _ANOTHER_SENTENCE.search(bare[:begin]):
        return None
    first, last = _lasts(text, now, timezone)
    some = _SOME_END.search(text) if first == last else None
    within = first <= begin and end <= last
    before = last <= begin and text[last:begin].strip(" ,") and _WHY_AFTER.fullmatch(text[last:])
    return None if within or before or (some and some.start() < begin) else found


def _from_then(text: str, planned: Coming, now: datetime, timezone: str) -> Wish:
    begin, end = planned.at
    head, rest = text[:begin].rstrip(" ,:;–—-("), text[end:].removeprefix(")")
    why: dict[str, Json] = {}
    if planned.end is None:
        first, last = _lasts(head, now, timezone)
        if first < last:
            planned = replace(planned, end=ending(head[first:last], planned.start, now, timezone))
            head = f"{head[:first].rstrip()}{head[last:]}"
        elif some := _SOME_END.search(rest):
            why, rest = {"reason": some[0].strip(" .!,;()")}, rest[: some.start()]
    left, because = _because(head, rest)
    times = _times(planned, now, timezone)
    if not times:
        return Wish(text)
    return Wish(left, {**times, **why, **because}, ONCE if planned.again else "")


def _times(planned: Coming, now: datetime, timezone: str) -> dict[str, Json]:
    """Where the clock shows a time twice, with its offset."""
    said: dict[str, Json] = {}
    for name, moment in (("starts", planned.start if planned.start > now else None), ("until", planned.end)):
        if moment is not None:
            local = moment.astimezone(zone(timezone))
            twice = local.replace(fold=0).utcoffset() != local.utcoffset()
            said[name] = local.isoformat(" ", "minutes") if twice else f"{local:%Y-%m-%d %H:%M}"
    return said


def _lasts(text: str, now: datetime, timezone: str) -> tuple[int, int]:
    """Where the longest run of words stands that is a time ahead; the end of the text where there is none."""
    for lead in _LASTS.finditer(text):

        def read(said: str, lead: str = lead[1]) -> datetime:
            return ahead(f"{lead} {said}", now, timezone)

        if run := longest(text, lead.end(), read):
            return lead.start(), run[1]
    return len(text), len(text)


def unknown_end(values: Mapping[str, Json]) -> str:
    """What is to be said of a silence until something happens."""
    until = _SOME_END.match(str(values.get("reason", "")))
    if until is None or "until" in values:
        return ""
    return (
        f"I do not know when that is: “{until[0]}”. It lasts as long as the form says, and you can end it before.\n\n"
    )


def leaves_out(text: str) -> bool:
    """Whether all but something is to be silent, which a silence cannot be about."""
    text = " ".join(text.lower().replace("’", "'").split())
    return any(each.match(text) for each in _HUSHING) and bool(_BUT.search(text))
