"""What is said in an alert's thread of that alert: on it, noise, quiet for an hour, is it over? Each is one operation.

Only a sentence that says nothing else is taken so: people who look at an alert say much beside.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from bot.ports import Json

SHOW: Final = "alerts.show"
_POLITE: Final = (
    r"(?:(?:please|pls|hey|ok(?:ay)?|now|and|also|just|(?:can|could|would|will) you|let'?s|yes|yep)[\s,]+)*"
)
_ENDS: Final = r"(?:[\s,]+(?:please|pls|now|thanks|thank you|thx|for now|again))*\W*"
_IT: Final = r"(?:it|this|that|the|this one|that one|(?:(?:this|that|the) )?(?:alert|alarm|thing|issue|problem))"
_OF_IT: Final = rf"(?: {_IT})?"
_IS: Final = rf"(?:{_IT}(?:'s| is| was)(?: (?:just|only|pure|really|very|again|clearly|definitely))* )"
_SAID_TO_BE: Final = rf"(?:{_IS}|mark {_IT} as )?"
_A: Final = r"(?:an? )?"
_ME: Final = r"(?:i|we)(?:'m| am|'re| are|'ll| will|'ve| have)?"
_AMOUNT: Final = r"\d+(?:\.\d+)? ?(?:m|mins?|minutes?|h|hrs?|hours?|d|days?)"
_WORDS: Final[tuple[tuple[str, Mapping[str, Json], tuple[str, ...]], ...]] = (
    (
        "alerts.acknowledge",
        {},
        (
            rf"ack(?:nowledged?)?{_OF_IT}",
            rf"(?:{_ME} )?on {_IT}",
            rf"{_ME} (?:take|taking|got|have|own|handle|handling) {_IT}",
            rf"{_ME} (?:look|looking)(?: (?:at|into|after) {_IT})?",
            rf"(?:{_IS})?mine",
        ),
    ),
    (
        "alerts.unacknowledge",
        {},
        (
            rf"un-?ack(?:nowledge)?{_OF_IT}",
            rf"(?:i'?m|i am|we'?re|we are) (?:not|no longer) on {_IT}(?: any ?more)?",
        ),
    ),
    (
        "alerts.silence",
        {},
        (
            rf"(?:silence|mute|hush|snooze){_OF_IT}(?: (?P<until>{_AMOUNT}))?",
            rf"(?:stop|quit) (?:alerting|telling|pinging|bothering|paging)(?: me| us)?(?: about {_IT})?",
        ),
    ),
    ("alerts.unsilence", {}, (rf"(?:un-?silence|un-?mute|un-?snooze){_OF_IT}",)),
    (
        "alerts.judge",
        {"verdict": "noise"},
        (
            rf"{_SAID_TO_BE}{_A}(?:noise|noisy|false (?:alarm|positive))",
            rf"{_SAID_TO_BE}not (?:useful|helpful|{_A}(?:real )?(?:anomaly|problem|issue|alert))",
        ),
    ),
    (
        "alerts.judge",
        {"verdict": "useful"},
        (rf"{_SAID_TO_BE}(?:useful|helpful|{_A}(?:good (?:catch|alert|one|find)|real (?:problem|alert|issue)))",),
    ),
    (
        "alerts.resolve",
        {},
        (rf"(?:resolve|close){_OF_IT}", rf"{_IT}(?:'s| is) (?:all )?(?:over|fixed|resolved|solved|done)"),
    ),
    (
        SHOW,
        {},
        (
            rf"(?:show|give)(?: me)?{_OF_IT}",
            rf"(?:(?:show|give)(?: me)? )?(?:the )?(?:details?|status|state)(?: of{_OF_IT})?",
            rf"is {_IT} (?:still )?(?:over|firing|going on|active|happening|open|resolved|fixed|ongoing|real)(?: yet)?",
            rf"(?:is {_IT} )?still (?:firing|going on|open|active|happening)",
            rf"what(?:'s| is) (?:{_IT}(?: about)?|(?:the (?:status|state)|going on|happening)(?: here| with {_IT})?)",
            rf"what happened(?: here)?|tell me more(?: about {_IT})?",
            rf"who(?:'s| is) (?:on|looking (?:at|into|after)) {_IT}|who (?:has )?ack(?:ed|nowledged)(?: {_IT})?",
        ),
    ),
)
_RULES: Final = tuple(
    (operation, values, re.compile(rf"\W*{_POLITE}(?:{'|'.join(words)}){_ENDS}")) for operation, values, words in _WORDS
)
_ASKS: Final = re.compile(r"\W*(?:please|pls|(?:can|could|would|will) you)\b")
ASKED_ABOUT: Final = frozenset({"alerts.silence", "alerts.resolve", "alerts.unsilence"})
"""What is looked over before it is done; the others hide nothing, end nothing, and are taken back by a press."""


def pointed(text: str, topic: Mapping[str, Json]) -> tuple[str, Mapping[str, Json]] | None:
    """The operation and its values, where a thread is about an alert and the sentence about nothing else."""
    alert = topic.get("alert")
    if alert is None:
        return None
    said = " ".join(text.lower().replace("’", "'").split())
    wonders = said.endswith("?") and not _ASKS.match(said)
    for operation, values, pattern in _RULES:
        if (found := pattern.fullmatch(said)) and (operation == SHOW or not wonders):
            until: Mapping[str, Json] = {name: each for name, each in found.groupdict().items() if each}
            return operation, {"silence" if operation == "alerts.unsilence" else "alert": alert, **values, **until}
    return None
