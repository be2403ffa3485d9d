"""What is said in an alert's thread of that alert: on it, noise, quiet for an hour, is it over? Each is one operation.

Only a sentence that says nothing else is taken so: people who look at an alert say much beside.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from bot.agent.hushing import ASKED_FOR, COURTESIES
from bot.agent.topics import ALERT
from bot.ports import Json

ASKED_ABOUT: Final = frozenset({"alerts.silence", "alerts.resolve", "alerts.unsilence", "alerts.unacknowledge"})
"""What is looked over before it is done; the others hide nothing, end nothing, and are taken back by a press."""
_FACE: Final = r"(?::[\w+-]+:|[\U0001f300-\U0001faff])"
_ENDS: Final = rf"(?:[\s,]+(?:please|pls|now|thanks|thank you|thx|for now|again))*(?:[\s.!?,…]|{_FACE})*"
_IT: Final = r"(?:it|this|that|the|this one|that one|(?:(?:this|that|the) )?(?:alert|alarm|thing|issue|problem))"
_OF_IT: Final = rf"(?: {_IT})?"
_IS: Final = rf"(?:{_IT}(?:'s| is| was)(?: (?:just|only|pure|really|very|again|clearly|definitely))* )"
_SAID_TO_BE: Final = rf"(?:{_IS}|mark {_IT} as )?"
_A: Final = r"(?:an? )?"
_ME: Final = r"(?:i|we)(?:'m| am|'re| are|'ll| will|'ve| have)?"
_AMOUNT: Final = r"\d+(?:\.\d+)? ?(?:m|mins?|minutes?|h|hrs?|hours?|d|days?)"
_NOISE: Final = r"(?:noise|noisy|false (?:alarm|positive))"
_STATE: Final = r"(?:over|firing|going on|active|happening|open|resolved|fixed|ongoing)"


@dataclass(frozen=True, slots=True)
class _Rule:
    """`aloud`: nobody says so and means nothing by it; the others count only when they are said to the bot."""

    operation: str
    words: str
    values: Mapping[str, Json] = field(default_factory=dict)
    about: str = ALERT
    aloud: bool = False

    @property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(rf"\s*{COURTESIES}(?:{self.words}){_ENDS}")


_JUDGED: Final = "alerts.judge"
_SHOW: Final = "alerts.show"
_READS: Final = frozenset({_SHOW, "alerts.silences"})
_WORDS: Final = (
    _Rule("alerts.acknowledge", rf"ack(?:nowledge)?{_OF_IT}|(?:i'm|i am|we're|we are) on (?:it|this)", aloud=True),
    _Rule(
        "alerts.acknowledge",
        rf"acked|(?:{_ME} )?on {_IT}|{_ME} (?:take|taking|got|handle|handling) {_IT}(?: from here)?|(?:{_IS})?mine"
        rf"|(?:{_ME} )?(?:look|looking)(?: (?:at|into|after) {_IT})?"
        rf"|{_ME} (?:take|taking|have|having) a look(?: at {_IT})?"
        rf"|(?:{_ME} )?on (?:it|this)[,:;]? \w+ing\b[^?]*",
    ),
    _Rule(
        "alerts.unacknowledge",
        rf"un-?ack(?:nowledge)?{_OF_IT}|(?:i'm|i am|we're|we are) (?:not|no longer) on {_IT}(?: any ?more)?",
    ),
    _Rule("alerts.silence", rf"(?:silence|mute|hush|snooze){_OF_IT}(?: (?P<until>{_AMOUNT}))?", aloud=True),
    _Rule(
        "alerts.silence",
        rf"(?:stop|quit) (?:alerting|telling|pinging|paging)(?: me| us)?(?: about {_IT})?|shut up(?: about {_IT})?",
    ),
    _Rule(
        "alerts.unsilence",
        rf"(?:un-?silence|un-?mute|un-?snooze){_OF_IT}"
        rf"|(?:end|lift|cancel|remove|call off) (?:the|this) (?:silence|mute)(?: (?:on|of|for) {_IT})?",
        about="silence",
        aloud=True,
    ),
    _Rule(
        "alerts.silences",
        rf"who (?:has )?(?:silenced|muted) {_IT}|(?:is {_IT}|how long is {_IT}|until when is {_IT}) (?:silenced|muted)",
        about="about",
    ),
    _Rule(
        _JUDGED,
        rf"(?:this|the|that) (?:alert|alarm) (?:is|was) {_A}{_NOISE}|mark {_IT} as {_A}{_NOISE}"
        r"|false (?:alarm|positive)",
        {"verdict": "noise"},
        aloud=True,
    ),
    _Rule(
        _JUDGED,
        rf"{_SAID_TO_BE}{_A}{_NOISE}|{_SAID_TO_BE}not (?:useful|helpful|{_A}real (?:anomaly|problem|issue|alert))",
        {"verdict": "noise"},
    ),
    _Rule(
        _JUDGED,
        rf"{_SAID_TO_BE}(?:useful|{_A}(?:(?:good|nice|great) (?:catch|alert|find)|real (?:problem|alert|issue)))",
        {"verdict": "useful"},
    ),
    _Rule("alerts.resolve", rf"(?:resolve|close) {_IT}|mark {_IT} as (?:over|fixed|resolved|solved|done)", aloud=True),
    _Rule(
        "alerts.resolve",
        rf"resolve|close|mark as resolved|{_IT}(?:'s| is) (?:all )?(?:over|fixed|resolved|solved|done)",
    ),
    _Rule(
        _SHOW, rf"is (?:this|the) (?:alert|alarm) (?:still )?{_STATE}(?: yet)?|(?:is {_IT} )?still firing", aloud=True
    ),
    _Rule(
        _SHOW,
        rf"(?:show|give)(?: me)?{_OF_IT}|(?:(?:show|give)(?: me)? )?(?:the )?(?:details?|status|state)(?: of{_OF_IT})?"
        rf"|is {_IT} (?:still )?(?:{_STATE}|real)(?: yet)?|still {_STATE}"
        rf"|(?:has |is )?(?:{_IT} )?(?:recovered|gone|back to normal)(?: yet| now)?"
        rf"|what(?:'s| is) (?:{_IT}(?: about)?|(?:the (?:status|state)|going on|happening)(?: here| with {_IT})?)"
        rf"|what happened(?: here)?|tell me more(?: about {_IT})?"
        rf"|(?:who(?:'s| is)|(?:is )?any(?:one|body)) (?:on|looking (?:at|into|after)) {_IT}"
        rf"|who (?:has )?ack(?:ed|nowledged)(?: {_IT})?",
    ),
)
_RULES: Final = tuple((each, each.pattern) for each in _WORDS)


_DOES: Final = r"(?:ack(?:nowledge)?|silence|mute|hush|snooze|shut up|mark|resolve|close)"
_VERBS: Final = re.compile(rf"\s*{COURTESIES}{_DOES}\b")


def points(text: str) -> bool:
    """Whether it would do something to the alert, were it clear what: it is no question about anything else."""
    return _VERBS.match(" ".join(text.lower().split())) is not None


def pointed(text: str, topic: Mapping[str, Json], *, addressed: bool = True) -> tuple[str, Mapping[str, Json]] | None:
    """The operation and its values, where a thread is about an alert and the sentence about nothing else.

    Who wonders ("noise?") does nothing by it.
    """
    alert = topic.get(ALERT)
    if alert is None:
        return None
    said = " ".join(text.lower().replace("’", "'").split())
    wonders = "?" in said and not ASKED_FOR.match(said)
    for rule, pattern in _RULES:
        heard = (addressed or rule.aloud) and (rule.operation in _READS or not wonders)
        if heard and (found := pattern.fullmatch(said)):
            more: Mapping[str, Json] = {name: each for name, each in found.groupdict().items() if each}
            return rule.operation, {rule.about: alert, **rule.values, **more}
    return None
