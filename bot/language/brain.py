"""The rules brain: from a text, and the thread it stands in, to what is asked. Deterministic, without network or clock.

    lexicon = Lexicon(catalogue, {name: signal.words for name, signal in vocabulary.metrics.items()}, names)   # once
    understood = understand(text, lexicon, now=now, timezone="Europe/Berlin", history=earlier)

`names` are read with `load_model(defaults.path("names.yaml"), Names)`. `history` is oldest first, without this turn; a
turn that carries `understood` is not understood again. The answer is an `Understanding` (see understanding.py).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from bot.language.clarifying import lacking
from bot.language.clauses import Shape, shape
from bot.language.common import is_plain
from bot.language.constructions import Construction, spoken_for
from bot.language.continuing import PLAIN, again, answers, of_many, reach, remember
from bot.language.evidence import guessed
from bot.language.folding import Folded, fold, plainly
from bot.language.lexicon import Lexicon, Text
from bot.language.mentions import Mention, mentions
from bot.language.references import ACTING, Before, inherited
from bot.language.settling import settled
from bot.language.signs import signs
from bot.language.splitting import JOINED, parts
from bot.language.strangers import strangers
from bot.language.understanding import Candidate, Earlier, Entity, Understanding, Unknown

__all__ = ["ACTING", "INTENTS", "understand"]

_OPERATIONS: Final = {
    "metric_query": ("metrics.query",),
    "log_query": ("logs.search",),
    "trace_query": ("traces.search",),
    "status_query": (
        *("status.overview", "slo.status", "alerts.list", "incidents.list", "incidents.show", "approvals.list"),
        *("cost.report", "tests.coverage", "watches.list"),
    ),
    "test_generate": ("tests.generate",),
    "test_execute": ("tests.run",),
    "deploy": ("deploy.start", "deploy.rollback"),
    "scale": ("scale.service",),
    "workflow_start": ("workflows.start", "workflows.define", "watches.create"),
    "workflow_status": ("workflows.status",),
    "workflow_cancel": ("workflows.cancel",),
    "incident_start": ("incidents.declare",),
    "incident_update": ("incidents.update", "incidents.resolve", "incidents.postmortem"),
    "runbook_execute": ("runbooks.run",),
    "compare": ("metrics.compare",),
    "explain": ("metrics.explain",),
    "recommend": ("recommend.improve",),
    "help": ("help.show", "runbooks.list"),
    "clarification": ("answer.clarify",),
    "smalltalk": ("chat.smalltalk",),
}
INTENTS: Final = {operation: intent for intent, each in _OPERATIONS.items() for operation in each}
"""The intent of each operation."""
CLOSE: Final = 0.02
NEARLY: Final = 0.04
"""Two that are nearer to each other than that make each other doubtful, and nearer than CLOSE very much so."""
GUESS: Final = 0.6
"""Below this no construction fits, and what is named decides."""
MOST_TURNS: Final = 12
NEAREST: Final = 4
_MEASURES: Final = frozenset({"e:metric", "e:quantile", "n:slo"})
"""What is asked for by its name alone: "p95 of cart and restart search"."""
_NOTHING: Final = Construction("chat.smalltalk", 0.4, "nothing that is known")


def understand(
    text: str, lexicon: Lexicon, *, now: datetime, timezone: str = "UTC", history: Sequence[Earlier] = ()
) -> Understanding:
    """What is asked, of this text and of what it continues."""
    before = Before()
    for turn in history[-MOST_TURNS:]:
        before = _after(turn, before, lexicon, now, timezone)
    first, asks = _one(text, lexicon, now, timezone, before)
    if asks < 2:  # noqa: PLR2004  one request is no several
        return first
    several = parts(first, lambda part, past: _one(part, lexicon, now, timezone, past)[0], before)
    return replace(several[0], raw=text, further=tuple(several[1:]))


def _after(turn: Earlier, before: Before, lexicon: Lexicon, now: datetime, timezone: str) -> Before:
    if turn.role == "bot":
        folded = fold(turn.text, lexicon.me)
        read = lexicon.read(folded.text)
        found = mentions(folded, read, lexicon, now, timezone)
        named = [_entity(each, folded, read) for each in found if not each.out]
        return before.with_bot(turn.text, named)
    understood = turn.understood or _one(turn.text, lexicon, now, timezone, before)[0]
    return before.with_user(understood.operation, understood.holds)


def _one(text: str, lexicon: Lexicon, now: datetime, timezone: str, before: Before) -> tuple[Understanding, int]:
    """One request, and how many clauses ask for something."""
    folded = plainly(fold(text, lexicon.me))
    read = lexicon.read(folded.text, [(each.start, each.end) for each in folded.quoted if each.kind != "code"])
    found = mentions(folded, read, lexicon, now, timezone)
    made = shape(read, found, lexicon)
    signs(made, found, folded.raw)
    remember(made, found, before)
    unknown = strangers(read, found, made, lexicon)
    ranked = _ranked(made, found, before)
    best = ranked[0]
    operation = best.operation
    kept = settled(operation, found, made, folded, read, lexicon)
    if (
        operation == "answer.clarify"
        and "replicas" in before.asked
        and not any(each.type == "replicas" for each in kept)
    ):
        kept += [
            each for each in settled("scale.service", found, made, folded, read, lexicon) if each.type == "replicas"
        ]
    said = [_entity(each, folded, read) for each in kept]
    window = [
        Entity("window", each.value, "", read.shadow.span(each.start, each.end))
        for each in found
        if each.type == "window"
    ]
    holds = [*said, *window]
    if operation == "traces.search" and "n:failed" in made.has:
        holds.append(Entity("failed", True))
    back = reach(operation, best, said, made, before)
    holds += inherited(operation, said, before, back, again="f:again" in made.has, many=of_many(made))
    unknown = unknown or _unknown(read, said, made, lexicon, operation)
    lack = lacking(operation, holds, unknown, lexicon, made.has)
    choice = before.meant(lack.missing[0], back) if lack.missing else []
    sure = _confidence(ranked, said, unknown, made)
    understood = Understanding(
        raw=text,
        intent=INTENTS[operation],
        operation=operation,
        confidence=sure,
        entities=tuple(said),
        holds=tuple(holds),
        mood=made.mood,
        needs_clarification=bool(lack.missing),
        missing=lack.missing,
        question=lack.question,
        options=tuple(dict.fromkeys(str(each.value) for each in choice)) or lack.options,
        candidates=tuple(
            Candidate(each.operation, round(sure if each is best else min(each.strength * 0.8, sure), 3))
            for each in ranked[:NEAREST]
        ),
        unknown=tuple(unknown),
        evidence=tuple(f"{each.operation}: {each.text} ({each.strength:.2f})" for each in ranked[:NEAREST]),
    )
    named = bool(made.has & _MEASURES) and JOINED.search(text) is not None
    return understood, made.asks + named


def _ranked(made: Shape, found: Sequence[Mention], before: Before) -> list[Construction]:
    spoken = spoken_for(made.has)
    if made.mood != "request":
        spoken = {
            name: each
            for name, each in spoken.items()
            if name not in ACTING or (made.mood == "negated" and name == "workflows.cancel" and "do:stop" in made.has)
        }
        if (
            made.mood in {"how", "hypothetical"}
            and "recommend.improve" not in spoken
            and not any(each.strength > PLAIN for each in spoken.values())
        ):
            spoken["help.show"] = Construction("help.show", 0.96, made.mood)
        if made.mood == "negated" and not spoken:
            spoken["chat.smalltalk"] = Construction("chat.smalltalk", 0.9, "asks for nothing to be done")
    best = max((each.strength for each in spoken.values()), default=0.0)
    if before.asked and answers(made, found, spoken, before):
        spoken["answer.clarify"] = Construction("answer.clarify", 0.985, "answers what was asked")
    elif before.operation and (more := again(made, found, spoken, before)):
        spoken[more.operation] = more
    if best < GUESS and not spoken.keys() & {"answer.clarify"} and (guess := guessed(made.has)):
        spoken.setdefault(guess.operation, guess)
    if not spoken:
        spoken["chat.smalltalk"] = _NOTHING
    return sorted(spoken.values(), key=lambda each: (-each.strength, each.operation))


def _entity(each: Mention, folded: Folded, read: Text) -> Entity:
    start, end = each.raw or read.shadow.span(each.start, each.end)
    return Entity(each.type, each.value, folded.raw[start:end], (start, end), each.confidence)


_PLACE: Final = re.compile(
    r"\b(?:on|of|for|in|restart|deploy|scale|ship|release|bounce|rollback|revert|promote|to)\s+(?:the\s+)?([a-z][a-z0-9_-]{2,"
    r"40})\b"
)


def _unknown(read: Text, said: Sequence[Entity], made: Shape, lexicon: Lexicon, operation: str) -> list[Unknown]:
    """Where a service would stand, and is none that we know."""
    found = [
        Unknown("service", word, tuple(dict.fromkeys(each for one in near for each in lexicon.catalogue.near(one, 2))))
        for word, near in read.doubts
    ]
    if found or operation not in ACTING or any(each.type in _THINGS for each in said):
        return found
    for match in _PLACE.finditer(made.text):
        word = match[1]
        if not lexicon.knows(word) and not is_plain(word):
            return [Unknown("service", word, tuple(lexicon.catalogue.near(word, 3)))]
    return found


_THINGS: Final = frozenset({"service", "instance", "endpoint", "workflow", "incident", "execution"})


def _confidence(
    ranked: Sequence[Construction], said: Sequence[Entity], unknown: Sequence[Unknown], made: Shape
) -> float:
    """Less where another fits nearly as well, and where words were put right."""
    best = ranked[0].strength
    margin = best - ranked[1].strength if len(ranked) > 1 else best
    sure = best - max(0.0, NEARLY - margin) / 2 - max(0.0, CLOSE - margin) * 2.5
    if any(each.confidence < 1 for each in said):
        sure -= 0.03
    if made.doubtful and ranked[0].operation in ACTING:
        sure = min(sure, 0.5)
    if unknown:
        sure -= 0.1
    return round(max(0.05, min(0.99, sure)), 3)
