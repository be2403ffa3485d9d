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
PLAIN: Final = 0.97
"""A construction that leaves no doubt."""
GUESS: Final = 0.6
"""Below this no construction fits, and what is named decides."""
OWN: Final = 0.88
"""From here on a text stands for itself, and does not go on with what was before."""
FEW, SOME, MANY = 4, 9, 14
"""Words of an answer, of a follow-up."""
MOST_TURNS: Final = 12
NEAREST: Final = 4
_ANSWER: Final = re.compile(
    r"^\W*(?:(?:ok|okay|hmm+|well|oh|ah|um|uh|erm|sorry|please|i think|i guess|let's say|let's|"
    r"make it|go with|use|take|just|the|both|all|i'd say|probably|it's|its|that's|that|for|in|"
    r"on|to)\W+)*"
    r"(?:yes|yeah|yep|yup|y|no|nope|nah|n|sure|go ahead|go for it|do it|please do|confirm(?:ed)?|"
    r"correct|right|exactly|affirmative|negative|cancel(?: that| it)?|abort|stop|never ?mind|"
    r"ok|okay|k|"
    r"(?:the )?(?:first|second|third|fourth|last|latter|former|other|1st|2nd|3rd|new|old|newer|"
    r"older|bigger|smaller|left|right|top|bottom|default)(?: (?:one|two|option))?|"
    r"both|all(?: of them)?|either|neither|none|any|that one|this one|option \w|number \d|#\d|"
    r"\d{1,5}|whichever|doesn't matter|don't care|i don't know|not sure|"
    r"fine|sounds good|perfect|proceed|approved?|lgtm|absolutely|definitely|of course|please|"
    r"wait|not yet|hold on|later)\b"
)
_MEASURES: Final = frozenset({"e:metric", "e:quantile", "n:slo"})
"""What is asked for by its name alone: "p95 of cart and restart search"."""
_AGAIN, _ANOTHER, _MORE = "the same again", "what about another", "goes on with what was asked"
_GOES_ON: Final = frozenset({_AGAIN, _ANOTHER, _MORE})
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
    _remember(made.has, before)
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
    if _continues(operation, best, said, made, before):
        holds += inherited(operation, said, before, again="f:again" in made.has)
    unknown = unknown or _unknown(read, said, made, lexicon, operation)
    lack = lacking(operation, holds, unknown, lexicon, made.has)
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
        options=lack.options,
        candidates=tuple(
            Candidate(each.operation, round(sure if each is best else min(each.strength * 0.8, sure), 3))
            for each in ranked[:NEAREST]
        ),
        unknown=tuple(unknown),
        evidence=tuple(f"{each.operation}: {each.text} ({each.strength:.2f})" for each in ranked[:NEAREST]),
    )
    named = bool(made.has & _MEASURES) and JOINED.search(text) is not None
    return understood, made.asks + named


def _remember(has: set[str], before: Before) -> None:
    """What the thread adds to the shape of a text."""
    if not before.count:
        return
    has.add("h:any")
    if before.operation in ACTING:
        has.add("h:acting")
    types = {each.type for each in before.holds}
    if before.operation.startswith("workflows.") or "execution" in types:
        has.add("h:workflow")
    if "incident" in types or before.operation in {"incidents.declare", "incidents.update"}:
        has.add("h:incident")
    if before.operation == "scale.service":
        has.add("h:scale")
    if before.operation == "traces.search":
        has.add("h:traces")
    if before.operation.startswith("tests."):
        has.add("h:tests")
    if before.operation.startswith("deploy."):
        has.add("h:deploy")
    if before.asked:
        has.add("h:asked")


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
    if before.asked and _answers(made, found):
        spoken["answer.clarify"] = Construction("answer.clarify", 0.985, "answers what was asked")
    elif before.operation and (again := _again(made, found, best, before)):
        spoken[again.operation] = again
    if best < GUESS and not spoken.keys() & {"answer.clarify"} and (guess := guessed(made.has)):
        spoken.setdefault(guess.operation, guess)
    if not spoken:
        spoken["chat.smalltalk"] = _NOTHING
    return sorted(spoken.values(), key=lambda each: (-each.strength, each.operation))


def _answers(made: Shape, found: Sequence[Mention]) -> bool:
    """Short, and with no wish of its own: "staging", "the second one", "yes go ahead"."""
    has = made.has
    if _ANSWER.match(made.text) and made.count <= SOME and not has & {"f:wh", "n:logs", "n:traces"}:
        return True
    named = any(not each.out for each in found)
    wish = has & {
        "f:wh",
        "f:polar",
        "n:logs",
        "n:traces",
        "n:incident",
        "n:alert",
        "n:slo",
        "f:why",
        "f:when",
        "x:why",
        "do:deploy",
        "do:book",
        "do:revert",
        "do:scale",
        "do:show",
        "do:search",
        "n:coverage",
        "f:compare",
    }
    return made.count <= SOME + 1 and not wish and (named or made.count <= FEW) and not has & {"n:thanks", "n:dismiss"}


_ONCE: Final = frozenset(
    {"incidents.declare", "incidents.resolve", "incidents.postmortem", "workflows.cancel", "workflows.define"}
)
"""Nobody means these again by naming one thing more."""


def _again(made: Shape, found: Sequence[Mention], best: float, before: Before) -> Construction | None:  # noqa: C901  one step for each kind
    """The earlier operation, for a text that gives none of its own."""
    has = made.has
    last = before.acted if has & {"do:run"} and "f:again" in has and before.acted else before.operation
    if last in {"chat.smalltalk", "help.show", "answer.clarify"} or made.mood != "request":
        return None
    said = {each.type for each in found if not each.out}
    if has & {"n:thanks", "n:dismiss"} and not said:
        return None
    own = said & {"metric", "quantile"} and last in {
        "logs.search",
        "traces.search",
        "status.overview",
        "tests.coverage",
        "alerts.list",
    }
    if "f:again" in has and not (best >= PLAIN and has & {"n:logs", "n:traces", "n:alert", "n:slo"}) and not own:
        return Construction(last, 0.975, _AGAIN)
    things = {
        name
        for name in (
            "logs",
            "traces",
            "alert",
            "slo",
            "coverage",
            "incident",
            "runbook",
            "approval",
            "postmortem",
            "cost",
            "workflow",
            "tests",
            "watch",
            "why",
        )
        if f"n:{name}" in has
    }
    if last == "logs.search":
        things -= {"logs"}
        if "level" in said:
            own = set()
    if last.startswith("tests."):
        things -= {"tests"}
    if own or things or has & {"x:why", "f:when", "f:than", "f:compare", "do:book", "do:stop", "do:revert", "f:how"}:
        return None
    if last not in ACTING and has & {"do:deploy", "do:scale", "do:run", "do:declare"}:
        return None
    if last in _ONCE or ("h:incident" in has and has & {"x:status", "e:severity", "x:role"}):
        return None
    if said and has & {"f:about", "f:meant"} and made.count <= MANY:
        return Construction(last, 0.96, _ANOTHER)
    if (
        said
        and made.count <= SOME
        and "f:it" not in has
        and not has & {"n:health", "n:version"}
        and "x:fragment" in has
    ):
        return Construction(last, 0.945, _MORE)
    pointed = has & {"f:it", "f:about", "do:show", "f:meant", "f:desire", "x:ones"} or said - {"time_range", "user"}
    if best < OWN and made.count <= MANY and (said or has & {"f:about", "x:ones", "n:failed"}) and pointed:
        return Construction(last, 0.9, _MORE)
    return None


def _continues(operation: str, best: Construction, said: Sequence[Entity], made: Shape, before: Before) -> bool:
    """Whether it stands on what was said before."""
    if not before.count:
        return False
    has = made.has
    types = {each.type for each in said}
    if operation in {"answer.clarify", "chat.smalltalk", "help.show", "workflows.define"}:
        return False
    if has & {"f:again", "f:about", "f:it"} or (best.operation == before.operation and best.text in _GOES_ON):
        return True
    if "n:everything" in has and operation not in ACTING and "service" not in types:
        return False
    return not types & {"service", "instance", "endpoint", "incident", "execution", "workflow", "trace_id"}


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
