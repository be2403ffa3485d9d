"""Words that stand where a service would, and are none that is known: "p95 of foobar in prod"."""

# ruff: noqa: E501, ISC004  tables and patterns read best a line each

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from bot.catalogue import environment
from bot.language.clauses import Shape
from bot.language.common import is_plain
from bot.language.lexicon import Lexicon, Text
from bot.language.mentions import Mention
from bot.language.understanding import Unknown

_NEAR: Final = 3
_NAME: Final = r"(?P<name>[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*)(?![\w'/.@-]\w|[-_=@])"
_END: Final = (
    r"(?=\s*(?:$|[?.!,;:])|\s+(?:in|on|at|from|over|for|since|during|between|today|yesterday|last|past|this|please|pls|"
    r"right|now|prod\w*|stag\w+|dev\w*|stg|prd|preprod|service|v?\d|p\d|and|or|vs|than|behind|like|look\w*|do\w*)\b)"
)
_SLOTS: Final = tuple(
    (needs, re.compile(pattern))
    for needs, pattern in (
        (True, rf"\b(?:of|for|from)\s+(?:the\s+|our\s+)?{_NAME}{_END}"),
        (True, rf"\b(?:in|on)\s+(?:the\s+|our\s+)?{_NAME}(?=\s*(?:$|\?)|\s+(?:in|on)\s+\w|\s+(?:prod|stag|dev))"),
        (
            False,
            rf"\b(?:is|are|was|how's|how is|how are)\s+(?:the\s+|our\s+)?{_NAME}(?=\s+(?:still\s+|really\s+|even\s+|all\s+)?(?:ok|okay|up|"
            r"down|healthy|fine|alive|slow|broken|running|working|doing|alright|unhealthy|degraded|stable|back|in (?:prod|stag|dev)))",
        ),
        (
            True,
            rf"(?:^|\b(?:the|our|show|me|get|give|check|what's|is|plot|see)\s+){_NAME}(?:'s)?\s+"
            r"(?=p\d\d|logs?\b|traces?\b|latency|errors?\b|error rate|cpu|memory|throughput|traffic|rps|qps|response time|slo\b|uptime)",
        ),
    )
)
"""Where a service stands; and whether something that is measured or searched must be named beside it."""
_KINDS: Final = re.compile(
    r"[-_](?:service|svc|api|server|worker|db|gateway|model|frontend|backend|cache|proxy|store|queue|job|app|v?\d+)$"
)
_OBSERVED: Final = frozenset(
    {"n:logs", "n:traces", "n:slo", "n:alert", "n:health", "e:metric", "w:metric", "e:quantile"}
)
_THINGS: Final = frozenset(
    {"service", "instance", "endpoint", "workflow", "incident", "execution", "runbook", "trace_id"}
)


def strangers(read: Text, found: Sequence[Mention], made: Shape, lexicon: Lexicon) -> list[Unknown]:
    """At most one, and only where no known thing is named; the shape is then that of a text that names a service."""
    if any(each.type in _THINGS for each in found):
        return []
    for name in _candidates(made, found):
        if _strange(name, lexicon):
            made.has.add("e:service")
            return [Unknown("service", name, _near(name, read, lexicon))]
    return []


def _candidates(made: Shape, found: Sequence[Mention]) -> Iterator[str]:
    observed = bool(made.has & _OBSERVED)
    for needs, pattern in _SLOTS:
        if observed or not needs:
            for match in pattern.finditer(made.text):
                start, end = match.span("name")
                if not any(each.start < end and start < each.end for each in found):
                    yield match["name"]


def _strange(name: str, lexicon: Lexicon) -> bool:
    if environment(name) or len(name) < 3 or not any(each in "aeiouy" for each in name):  # noqa: PLR2004  a length
        return False
    pieces = re.split(r"[-_]", name)
    if len(pieces) > 1 and _KINDS.search(name):
        return True
    return any(not lexicon.knows(each) and not is_plain(each) and not each.isdigit() for each in pieces)


def _near(name: str, read: Text, lexicon: Lexicon) -> tuple[str, ...]:
    doubted = next((near for word, near in read.doubts if word == name), ())
    near = [each for one in (*doubted, name, re.sub(_KINDS, "", name)) for each in lexicon.catalogue.near(one, _NEAR)]
    return tuple(dict.fromkeys(near))[:_NEAR]
