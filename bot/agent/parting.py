"""A message taken apart: its wishes, each with what it is about; what is done in a reason is no wish."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

from bot.agent import hushing, tending
from bot.agent.known import LIKELY, QUOTED, Known
from bot.guard.risk import Risk
from bot.language.understanding import Entity, Understanding

_GOES_ON: Final = re.compile(
    r"(?:[,;]?\s+(?:and|then|&)|[;.!?])\s+(?:(?:then|also|please|just|(?:can|could|would|will) you)\s+)*"
    r"(?=(?:show|tell|give|list|check|compare|explain|restart|deploy|roll ?back|scale|declare|what|how|why(?!\W*$)"
    r"|watch|monitor|keep an eye|alert me|ping|warn|notify|let me|stop|quit|don['’]?t|do not|un-?watch|pause|suspend"
    r"|ack(?:nowledge)?|snooze|resume|un-?pause|re-?enable|silence|mute|hush|un-?silence|un-?mute|end the|lift"
    r"|remove|cancel|undo|delete|turn|switch|shut|make|set|put|tune|lower|raise|reduce|increase|decrease)\b(?!\.\w))",
    re.IGNORECASE,
)
_SENTENCE_ENDS: Final = re.compile(r"[;.!?]")


def wishes_of(text: str) -> list[str]:
    """One after the other."""
    return [text[begin:end] for begin, end in _spans(text)]


def _spans(text: str) -> list[tuple[int, int]]:
    """Of each wish, without what leads to the next; what is quoted is not said."""
    bare = QUOTED.sub(lambda quoted: "-" * len(quoted[0]), text)
    links = [each.span() for each in _GOES_ON.finditer(bare)]
    return [(begin, end) for (_, begin), (end, _) in pairwise([(0, 0), *links, (len(text), 0)])]


def wanted(text: str, known: Known) -> list[str]:
    """The wishes of it; but what is done in a reason ("because we stop the workers and restart them") is none."""
    parts: list[tuple[int, int]] = []
    for begin, end in _spans(text):
        first, last = parts[-1] if parts else (0, 0)
        goes_on = parts and not _SENTENCE_ENDS.search(text[last:begin])
        why = goes_on and "reason" in hushing.wish(text[first:last], known.now, known.timezone).said
        if why and not _wished(known.read(text[begin:end]), known):
            parts[-1] = (first, end)
        else:
            parts.append((begin, end))
    return [text[begin:end] for begin, end in parts]


def _wished(part: Understanding, known: Known) -> bool:
    """What is plainly asked of the bot: something to read, or what is said of watches."""
    found = known.names.get(part.operation)
    reads = found is not None and found.risk is Risk.READ and part.confidence >= LIKELY
    return reads or part.operation == "watches.create" or tending.tended(part) is not None


def each_named(understood: Understanding) -> list[Understanding]:
    """One for each service and metric that is named: "mute cart latency and payments errors" is two wishes."""
    services, metrics = (
        list({each.value: each for each in understood.entities if each.type == kind}.values())
        for kind in ("service", "metric")
    )
    if len(services) > 1:
        of = [(each, *_nearest(each, metrics)) for each in services]
    elif len(metrics) > 1:
        of = [(each, *services) for each in metrics]
    else:
        return [understood]

    def only(those: tuple[Entity, ...], about: Sequence[Entity]) -> tuple[Entity, ...]:
        meant = {(each.type, each.value) for each in about}
        return tuple(
            each for each in those if each.type not in {"service", "metric"} or (each.type, each.value) in meant
        )

    return [
        replace(understood, entities=only(understood.entities, each), holds=only(understood.holds, each)) for each in of
    ]


def _nearest(to: Entity, those: Sequence[Entity]) -> list[Entity]:
    return sorted(those, key=lambda each: max(each.span[0] - to.span[1], to.span[0] - each.span[1]))[:1]
