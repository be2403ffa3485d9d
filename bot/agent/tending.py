"""What is said of watches and silences: hush, end, rest, quieter, who said so, take it back. Each is one operation."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from bot.agent.hushing import HUSHES, POLITE
from bot.language.understanding import Understanding
from bot.ports import Json

SURE: Final = 0.97
"""These sentences can hardly mean anything else."""
MOST: Final = 300
"""Characters: a longer text is about more than that."""
MORE: Final = "more"
LESS: Final = "less"
_WATCH: Final = r"(?:\bwatch(?:es)?\b|\bwch-)"


def _few(most: int) -> str:
    """An article and some words, of which none begins another wish or another clause."""
    other = r"(?:and|or|but|then|to|that|which|who|what|while|when|if|so|is|are|says?)"
    word = r"[^\s\w,;&]*\w(?:[^\s,;!?&]*[^\s,;.:!?&])? "
    return rf"(?:(?:the|this|that|these|those|my|our|an?|all|every) )?(?:(?!{other}\b){word}){{0,{most}}}"


_NEAR: Final = rf"{_few(4)}[^\s\w]*{_WATCH}"
_ENDS: Final = r"(?:end|lift|remove|cancel|call off|undo|delete|drop|break)"
_OFF: Final = r"(?:silenced?|mut(?:ed|e)|hushed)"
_ASKED: Final = r"who|why|since when|(?:un)?til when|how long|is|are|was|were"
_US: Final = r"(?:you|the (?:bot|watch(?:es)?))"
_FOUND: Final = r"(?:find|found|noticed?|see|seen|spot|say)"
_RULES: Final = tuple(
    (operation, re.compile(POLITE + pattern))
    for operation, pattern in (
        ("watches.delete", r"(?:stop|quit|cease) (?:watching|monitoring|keeping an eye on) (?P<what>.+)"),
        ("watches.delete", r"(?:un-?watch|(?:(?:don'?t|do not|no longer|never) (?:watch|monitor))) (?P<what>.+)"),
        ("watches.delete", rf"(?:turn|switch|shut) (?:off (?P<what>{_NEAR}.*)|(?P<that>{_NEAR}\S* {_few(4)})off\b)"),
        ("watches.delete", rf"(?:delete|remove|drop|get rid of) (?P<what>{_NEAR}.*)"),
        ("watches.pause", rf"(?:pause|suspend|snooze) (?P<what>{_NEAR}.*)"),
        ("watches.resume", rf"(?:resume|unpause|un-?snooze|re-?enable|wake(?: up)?) (?P<what>{_NEAR}.*)"),
        ("alerts.unsilence", r"(?:un-?silence|un-?mute|stop (?:silencing|muting)) (?P<what>.+)"),
        (
            "alerts.unsilence",
            rf"{_ENDS} (?P<what>{_few(4)}\b(?:silences?|mutes?)\b.*)",
        ),
        *(("alerts.silence", words) for words in HUSHES),
        ("alerts.silences", r"(?:list|show)(?: me| us)?(?: all| the| our| active| current)* silences\b(?P<what>.*)"),
        ("alerts.silences", r"(?:which|what) silences (?:do we have|are there|exist|are (?:active|on|planned))\b"),
        ("alerts.silences", rf"(?:{_ASKED}) (?P<what>.*\b{_OFF}\b.*)"),
        ("alerts.silences", r"what(?:'s| is| are) (?:still |now |currently )?(?:silenced|muted|hushed)\b(?P<what>.*)"),
        ("alerts.list", rf"what (?:did|have|has|had) {_US} {_FOUND}"),
        ("alerts.list", rf"(?:did|have) {_US} {_FOUND} (?:any|some)thing"),
    )
)
_HUSH_ALL: Final = re.compile(
    POLITE + r"(?:silence|mute|hush)\b\W*(?P<all>everything|all(?: of (?:it|them|this))?"
    r"|(?:all|every)(?: (?:of )?(?:the|my|our|your|these|those))?(?: other)? (?:alert|alarm|notification)s?)?"
    r"(?:\W+(?:here|in|on|from|of|for|th(?:e|is)|channel|please|pls|now|thanks|thank you))*\W*"
)
_BACK: Final = re.compile(
    POLITE + r"(?:undo|revert|take back)(?: (?:that|this|it|the last(?: (?:one|thing|step))?))?[\s,]*(?:please|pls)?\W*"
    r"|" + POLITE + r"take (?:that|this|it) back[\s,]*(?:please|pls)?\W*"
)
_UNDONE: Final = {
    "watches.create": ("watches.delete", "watch", ("watch", "metric", "service", "environment")),
    "watches.pause": ("watches.resume", "watch", ("watch",)),
    "watches.resume": ("watches.pause", "watch", ("watch",)),
    "alerts.silence": (
        "alerts.unsilence",
        "silence",
        ("everything", "alert", "watch", "signal", "service", "environment"),
    ),
    "alerts.acknowledge": ("alerts.unacknowledge", "alert", ("alert",)),
    "alerts.judge": ("alerts.judge", "alert", ("alert",)),
}
"""By which operation, and the field that takes what the first was about."""
_TOO: Final = r"too (?:noisy|loud|sensitive|chatty|nervous)"
_TOO_LITTLE: Final = r"(?:too quiet|not sensitive enough)"
_LEVEL: Final = "(low|medium|high)"
_SENSITIVITY: Final = rf"(?:(?:the |its )?(?:{_LEVEL} )?sensitivity (?:of|on|for|in) )"
_TUNED: Final = re.compile(
    rf"(?:make|set|put|change|turn|tune|lower|reduce|decrease|raise|increase) {_SENSITIVITY}?{_NEAR}"
    rf"|(?:the|my|our) {_NEAR}\S* {_few(8)}(?:is|are) (?:{_TOO}|{_TOO_LITTLE})"
)
_NEW: Final = re.compile(r"\b(?:an?|another|new) (?:\w+ ){0,3}watch\b")
_HOW: Final = (
    (
        "",
        re.compile(
            r"(?:^(?:set|put|change|turn)\b|\bsensitivity\b).*"
            rf"(?P<how>\b(?:to|on) {_LEVEL})(?=\W*$| (?:please|now|in|for)\b)"
        ),
    ),
    (
        LESS,
        re.compile(
            r"(?P<how>\bless (?:sensitive|noisy|loud|eager|chatty|nervous)|\b(?:quieter|calmer)\b"
            rf"|\bmore (?:quiet|relaxed)|\b{_TOO}|\b(?:lower|reduce|decrease) .*\bsensitivity)"
        ),
    ),
    (
        MORE,
        re.compile(
            r"(?P<how>\bmore (?:sensitive|alert|eager|watchful|nervous)|\b(?:louder|stricter|noisier)\b"
            rf"|\b{_TOO_LITTLE}|\b(?:raise|increase) .*\bsensitivity|\bless quiet)"
        ),
    ),
    ("", re.compile(rf"(?P<how>\b{_LEVEL} sensitivity\b|\bsensitivity\b(?: of| to)? {_LEVEL}\b)")),
)
_ID: Final = re.compile(r"\b(?:wch|sil|alr)-[\w:-]+")
_ELSEWHERE: Final = re.compile(r"\b(?:logs?|traces?|runbooks?|docs?|documents?|files?)\b")
_NO_NAME: Final = frozenset(
    "a an the my our that this these those it them watch watches watching silence mute alert alerts any more anymore "  # noqa: SIM905  a table of words
    "longer no on of for over about in at please now thanks until till from to and is are make set put change turn "
    "tune lower reduce decrease raise increase sensitivity all every each silences mutes who why since when how "
    "long until was were has been silenced muted hushed anything by whom still currently".split()
)
_OTHERS: Final = frozenset({"version", "workflow", "execution", "runbook", "incident", "replicas", "factor", "suite"})
"""What no watch and no silence is about."""
_FIELDS: Final = {"alerts.unsilence": "silence", "alerts.silences": "about"}
_ALL: Final = re.compile(r"\b(?:all|every(?:thing)?)\b")
_NAMING: Final = ("metric", "service", "environment")


def takes_back(text: str) -> bool:
    """Whether it says no more than that the last thing is to be undone."""
    return _BACK.fullmatch(" ".join(text.lower().split())) is not None


def undone(operation: str, values: Mapping[str, Json]) -> tuple[str, Mapping[str, Json]] | None:
    """What takes that back; None where nothing does."""
    found = _UNDONE.get(operation)
    if found is None:
        return None
    about = " ".join(name if values[name] is True else str(values[name]) for name in found[2] if values.get(name))
    if not about:
        return None
    return found[0], {found[1]: about} | ({"verdict": "none"} if operation == "alerts.judge" else {})


def tended(understood: Understanding) -> tuple[str, Mapping[str, Json]] | None:
    """The operation, and what of its values only such a sentence says; None for any other sentence."""
    text = " ".join(understood.raw.lower().replace("’", "'").split())
    if len(text) > MOST or {each.type for each in understood.entities} & _OTHERS:
        return None
    wish = re.sub(POLITE, "", text)
    if _TUNED.match(wish) and not _NEW.search(wish):
        for step, pattern in _HOW:
            if found := pattern.search(wish):
                level = step or next(filter(None, found.groups()[1:]))
                named = _name(understood, f"{wish[: found.start('how')]} {wish[found.end('how') :]}")
                return "watches.tune", {"watch": named, "sensitivity": level}
    for operation, pattern in _RULES:
        if (found := pattern.match(text)) and _says(operation, understood, text):
            what = next(filter(None, found.groupdict().values()), "")
            field = _FIELDS.get(operation, "watch")
            name = _name(understood, what) if what else ""
            if operation == "alerts.silence" and not (_named(understood, text) or understood.value("environment")):
                return operation, {"everything": True}
            if operation == "alerts.unsilence" and not name and _ALL.search(what):
                name = "everything"
            return operation, {field: name} if name else {}
    return None


def _says(operation: str, understood: Understanding, text: str) -> bool:
    """Whether there is in it what the operation is about: without, the words may mean much else."""
    if operation == "alerts.list":
        return bool(understood.values("time_range", said=True)) and not _ELSEWHERE.search(text)
    if operation == "alerts.silence":
        return _named(understood, text) or _of_a_place(understood, text)
    return True


def _named(understood: Understanding, text: str) -> bool:
    named = understood.values("service", said=True) or understood.values("metric", said=True)
    return bool(named or _ID.search(text))


def _of_a_place(understood: Understanding, text: str) -> bool:
    """Whether it says no more than everything, or an environment."""
    places = [each.text.lower() for each in understood.entities if each.type == "environment" and each.text]
    for place in places:
        text = text.replace(place, " ")
    found = _HUSH_ALL.fullmatch(text)
    return found is not None and bool(found["all"] or places)


def _name(understood: Understanding, what: str) -> str:
    """An id; or as the installation calls what was named; or, of what nobody else calls so, the words themselves."""
    if ids := _ID.search(understood.raw):
        return ids[0]
    named = sorted((each for each in understood.entities if each.type in _NAMING), key=lambda each: each.span)
    if {each.type for each in named} & {"metric", "service"}:
        return " ".join(str(each.value) for each in named)
    for place in named:
        what = what.replace(place.text.lower(), str(place.value))
    return " ".join(word for word in re.findall(r"[\w.-]+", what) if word not in _NO_NAME)
