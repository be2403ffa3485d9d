"""What a request asks of the operations that are installed here: the exact name of one, or a sentence.

It never guesses a change: what would change something becomes a form that a person looks at and sends, unless it was
said exactly, or is a word about the alert in whose thread it was said.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from bot.agent import hushing, tending
from bot.agent.absent import beyond
from bot.agent.filling import AT_ONCE, each_of, placed, with_strangers
from bot.agent.known import ID, LIKELY, PREFIXES, QUOTED, WORD, Known, missing, needs, values_of, with_topic
from bot.agent.parting import each_named, wanted, wishes_of
from bot.agent.pointing import ASKED_ABOUT, pointed, points
from bot.agent.watching import at_hours
from bot.door.registry import AnyOperation, Registry
from bot.guard.risk import Risk
from bot.language import brain
from bot.language.phrases import SURE, Match, rank
from bot.language.understanding import Earlier, Entity, Understanding
from bot.ports import Json

NEAR: Final = 3
SAID: Final = 0.9
"""The score of a phrase that was said as it is known."""
UNMEASURED: Final = 0.6
"""What is left of the confidence in a question to metrics that names none."""
CHATTING: Final = 0.8
"""Confidence from which words that ask for nothing are small talk, and not a wish that was not understood."""
CERTAIN: Final = 0.95
"""Confidence of a wish beside which another one may be done at once."""
_ASKS: Final = re.compile(r"\?|\b(?:why|what|how|explain|reasons?|cause[sd]?|causing|wrong|behind)\b", re.IGNORECASE)
LOOK_IT_OVER: Final = "it changes something, so please look it over"
Kind = Literal["run", "form", "ask", "absent", "talk", "not-yet", "unsure"]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What is to be done. `beside` are further values for the same operation, `then` other wishes of the message."""

    kind: Kind
    operation: AnyOperation | None = None
    values: Mapping[str, Json] = field(default_factory=dict)
    beside: tuple[Mapping[str, Json], ...] = ()
    then: tuple[Meaning, ...] = ()
    near: tuple[AnyOperation, ...] = ()
    why: str = ""
    score: float = 0.0
    understood: Understanding | None = None
    note: str = ""
    """What the form cannot say, although it was asked for."""
    left: tuple[str, ...] = ()
    """What was named, and the operation has no place for."""
    over: tuple[str, ...] = ()
    """What it is not asked of, because that is too much at once."""


def understand(text: str, known: Known) -> Meaning:
    """Said exactly; or by the words of an operation that only phrases know; or as a sentence."""
    exact = _exact(text, known) or _help(text, known.registry)
    if exact is not None:
        return exact
    if tending.takes_back(text) and (back := _back(known)):
        return back
    understood = _heard(text, known)
    if (tended := _tended(text, understood, known)) is not None:
        return tended
    phrase, ids = _by_phrase(text, known, understood), ID.findall(text)
    meaning = meant(understood, known)
    if _goes_on_by_itself(meaning, known):
        meaning = Meaning("unsure", near=_of_alerts(known), understood=understood)
    if phrase.operation is None:
        return replace(meaning, near=meaning.near or phrase.near)
    if any(phrase.values.get(name) in ids for name in PREFIXES):
        return phrase  # what is named by its id is meant, and whatever else the words say is about it
    if meaning.operation and len(placed(meaning.operation, understood)) > len(placed(phrase.operation, understood)):
        return meaning  # "status of checkout" is not the status of the bot
    if meaning.kind == "absent" and phrase.operation.risk is not Risk.READ and phrase.score >= SAID:
        return phrase  # what an installation brings itself, in its own words; and it is a form
    acts = understood.operation in brain.ACTING and understood.confidence >= LIKELY
    plainly = phrase.score >= SAID or phrase.score > meaning.score
    return phrase if plainly and not acts else replace(meaning, near=meaning.near or phrase.near)


def _goes_on_by_itself(meaning: Meaning, known: Known) -> bool:
    """Whether it is only that question again which nobody asked: what is not understood is none."""
    asked, understood = known.topic.asked.partition(" ")[0], meaning.understood
    if not asked or meaning.kind != "run" or meaning.operation is None or understood is None:
        return False
    return meaning.operation.name == asked and not understood.entities and not _ASKS.search(understood.raw)


def _tended(text: str, understood: Understanding, known: Known) -> Meaning | None:
    """What is said of a watch or a silence that there is; what is wanted besides comes after it."""
    if len(text) > tending.MOST:
        return None
    wishes = wanted(text, known)
    if len(wishes) > 1:
        return _in_turn(wishes, understood, known)
    wish = hushing.wish(text, known.now, known.timezone)
    if hushing.leaves_out(text) or hushing.leaves_out(wish.text):
        return Meaning("unsure", near=_of_alerts(known), understood=understood)
    place = understood.value("environment")
    understood = _heard(wish.text, known) if wish.said else understood
    if place and hushing.unknown_end(wish.said):  # "until the deploy is done in staging"
        wish = replace(wish, said={"environment": place, **wish.said})
    apart = each_named(understood)
    meanings = [_one_tended(wish, each, known) for each in apart[:AT_ONCE]]
    if None in meanings:
        lost = bool(known.topic.values) and points(text)
        return Meaning("unsure", near=_of_alerts(known), understood=understood) if lost else None
    first, *others = filter(None, meanings)
    left = (each for part in apart[AT_ONCE:] for each in part.entities if each.type == "service")
    return replace(first, then=tuple(others), over=tuple(each.text for each in left))


def _one_tended(wish: hushing.Wish, understood: Understanding, known: Known) -> Meaning | None:
    here = pointed(wish.text, known.topic.values, addressed=known.addressed)
    understood = understood if here else _as_named(understood)
    found = here or tending.tended(understood)
    if found is None or found[0] not in known.names:
        return None
    operation = known.names[found[0]]
    acts = found[0] in ASKED_ABOUT if here else operation.risk is not Risk.READ
    said = {name: each for name, each in wish.said.items() if name in operation.input.model_fields}
    values = {**({} if here else values_of(wish.text, operation, understood, known)), **found[1], **said}
    if "service" in values and (service := understood.value("service")):
        values["service"] = service
    return Meaning(
        "form" if acts else "run",
        operation,
        values,
        why=LOOK_IT_OVER if acts else "",
        score=tending.SURE,
        understood=understood,
        note=wish.note + hushing.unknown_end(values),
    )


def _of_alerts(known: Known) -> tuple[AnyOperation, ...]:
    return tuple(known.names[each] for each in ("alerts.silence", "watches.pause") if each in known.names)


def _as_named(understood: Understanding) -> Understanding:
    """What is said of another service, or of a place, is not about the signal that was spoken of before."""
    if not {each.type for each in understood.entities} & {"service", "environment"}:
        return understood
    return replace(understood, holds=tuple(each for each in understood.holds if each.source == "said"))


def _back(known: Known) -> Meaning | None:
    """The forms that take back what was said last; else it has to be said, unless there are deploys to roll back."""
    said = (each.text for each in reversed(known.history) if each.role == "user")
    last = next((each for each in said if not tending.takes_back(each)), "")
    first = understand(last, replace(known, history=(), addressed=True)) if last else Meaning("unsure")
    wishes = (first, *first.then)
    undoing = (_undoing(each, known) for each in wishes if each.operation is wishes[-1].operation)
    if forms := list(filter(None, undoing)):
        return replace(forms[0], then=tuple(forms[1:]))
    return None if "deploy.rollback" in known.names else Meaning("talk", score=tending.SURE)


def _undoing(wish: Meaning, known: Known) -> Meaning | None:
    did = wish.operation if wish.kind in {"run", "form"} else None
    found = tending.undone(did.name, wish.values) if did else None
    if found is None or found[0] not in known.names:
        return None
    return Meaning("form", known.names[found[0]], found[1], why=LOOK_IT_OVER, score=tending.SURE)


def _in_turn(wishes: Sequence[str], understood: Understanding, known: Known) -> Meaning | None:
    """Each wish for itself where one of them is about what there is; else the grammar takes them apart."""
    tended = [_tended(each, known.read(each), known) for each in wishes]
    # "what happens if I mute cart and pause its watch" asks for nothing, also in its second half.
    if not any(tended if understood.mood == "request" else tended[:1]):
        return None
    meanings: list[Meaning] = []
    for text, found in zip(wishes, tended, strict=True):
        meaning = found or understand(text, known)
        if any(each.score < CERTAIN for each in meanings):  # "bob looks at it and then ack it"
            meaning = _looked_over(meaning)
        meanings += (replace(meaning, then=()), *meaning.then)
        known = replace(known, history=(*known.history, Earlier("user", text)))
    return replace(meanings[0], then=tuple(meanings[1:]))


def _looked_over(meaning: Meaning) -> Meaning:
    acts = meaning.kind == "run" and meaning.operation and meaning.operation.risk is not Risk.READ
    return replace(meaning, kind="form", why=LOOK_IT_OVER) if acts else meaning


def _heard(text: str, known: Known) -> Understanding:
    """After what was said before."""
    heard = brain.understand(text, known.lexicon, now=known.now, timezone=known.timezone, history=known.history)
    return with_strangers(heard, known.lexicon)


def meant(understood: Understanding, known: Known) -> Meaning:
    """What a sentence that was understood comes to here."""
    first = _one(understood, known)
    return replace(first, then=tuple(_one(each, known) for each in _parts(understood, known)))


def _parts(understood: Understanding, known: Known) -> Iterator[Understanding]:
    for each in understood.further:
        yield with_strangers(_alone(each, understood.raw), known.lexicon)


def _alone(part: Understanding, whole: str) -> Understanding:
    """A part of a message by itself: with spans in its own text."""
    by = whole.find(part.raw)

    def moved(entities: tuple[Entity, ...]) -> tuple[Entity, ...]:
        return tuple(
            replace(one, span=(one.span[0] - by, one.span[1] - by)) if one.source == "said" and one.text else one
            for one in entities
        )

    spoken = all(part.raw[slice(*each.span)] == each.text for each in part.entities)
    return part if by < 0 or spoken else replace(part, entities=moved(part.entities), holds=moved(part.holds))


def _one(understood: Understanding, known: Known) -> Meaning:
    names = known.names
    score, name = understood.confidence, _here(understood, names)
    if subject := beyond(understood.raw):
        return Meaning("absent", why=subject, score=score, understood=understood)
    if understood.operation in {"chat.smalltalk", "answer.clarify"}:
        chats = score >= CHATTING or understood.operation == "answer.clarify" or understood.mood == "negated"
        return Meaning("talk" if chats else "unsure", score=score, understood=understood)
    if name == "metrics.query" and understood.value("metric") is None and understood.value("quantile") is None:
        score *= UNMEASURED
    if score < LIKELY:
        return Meaning("unsure", near=_near(understood, names), score=score, understood=understood)
    if name not in names:
        return Meaning("absent", why=name, score=score, understood=understood)
    found = names[name]
    if understood.needs_clarification:
        return Meaning("ask", found, why=understood.question, score=score, understood=understood)
    if understood.mood in {"hypothetical", "negated"} and found.risk is not Risk.READ:
        return Meaning("not-yet", found, near=(found,), score=score, understood=understood)
    if name == "knowledge.ask":
        return Meaning("run", found, {"question": understood.raw}, score=score, understood=understood)
    (first, *others), over = each_of(found, understood, known.now, known.timezone)
    lacks = missing(found, first.values)
    acts = found.risk is not Risk.READ
    if acts or lacks:
        why = LOOK_IT_OVER if acts else needs(lacks)
        note = _note(found, understood.raw)
        return Meaning("form", found, first.values, why=why, score=score, understood=understood, note=note)
    return Meaning(
        "run",
        found,
        first.values,
        tuple(each.values for each in others),
        score=score,
        understood=understood,
        left=tuple(each.text for each in first.left if each.source == "said" and each.text and name != "help.show"),
        over=over,
    )


def _here(understood: Understanding, names: Mapping[str, AnyOperation]) -> str:
    """Where one word of people is several operations of ours, the one that fits what was named."""
    name, given = understood.operation, {each.type for each in understood.holds}
    if name == "status.overview" and "service" in given:
        name = "services.show"
    elif name == "traces.search" and "trace_id" in given:
        name = "traces.show"
    elif name == "help.show" and understood.mood == "how" and "knowledge.ask" in names:
        name = "knowledge.ask"
    return name if name in names else understood.operation


def _near(understood: Understanding, names: Mapping[str, AnyOperation]) -> tuple[AnyOperation, ...]:
    return tuple(names[each.operation] for each in understood.candidates if each.operation in names)[:NEAR]


def _help(text: str, registry: Registry) -> Meaning | None:
    """`help with maintenance.drill`."""
    first, *rest = text.strip().lower().split() or [""]
    names = {each.name: each for each in registry}
    if first != "help" or not rest or "help.show" not in names:
        return None
    asked = next((word.strip("?!.,") for word in rest if word.strip("?!.,") in names), None)
    return Meaning("run", names["help.show"], {"operation": asked}, score=1.0) if asked else None


def group_of(text: str, group: str, registry: Registry) -> str:
    """`declare name=x` behind `/incident` is `incidents.declare name=x`, where such an operation is installed."""
    verb, _, rest = text.strip().partition(" ")
    name = f"{group}.{verb.lower()}"
    return f"{name} {rest}".strip() if any(each.name == name for each in registry) else text


def _exact(text: str, known: Known) -> Meaning | None:
    """`operation.name key=value "key=two words"`: said exactly, so it is run as it is said."""
    name, _, rest = text.strip().partition(" ")
    found = known.names.get(name.lower())
    if found is None:
        return None
    if rest and "=" not in rest and (worded := _worded(found, rest, known)):
        return worded
    try:
        words = shlex.split(rest)
    except ValueError as error:
        return Meaning("form", found, why=f"the values cannot be read: {str(error).lower()}", score=1.0)
    values: dict[str, Json] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            why = f"{word!r} stands alone; values are written as name=value"
            return Meaning("form", found, values, why=why, score=1.0)
        values[key.lstrip("-").replace("-", "_")] = value
    values = with_topic(found, values, known)
    lacks = missing(found, values)
    if lacks and not values:
        return Meaning("form", found, values, why=needs(lacks), score=1.0)
    return Meaning("run", found, values, score=1.0)


def _worded(found: AnyOperation, words: str, known: Known) -> Meaning | None:
    """An operation that is named exactly, with what a sentence behind it says; None where it says nothing."""
    understood = known.read(words)
    hush = f"silence {words}" if found.name == "alerts.silence" else ""
    if hush and (tended := _tended(hush, known.read(hush), known)):
        return tended
    first = wishes_of(words)[0]
    about = found.name == "watches.create" and _tended(first, known.read(first), known)
    if about and (tended := _tended(words, understood, known)):
        return tended  # `/watch` makes something new of words that are about what there is
    wishes = wishes_of(words)
    if found.risk is not Risk.READ and any(_tended(each, known.read(each), known) for each in wishes[1:]):
        own = _worded(found, wishes[0], known)
        rest = _in_turn(wishes[1:], understood, known)
        return replace(own, then=(*own.then, replace(rest, then=()), *rest.then)) if own and rest else own
    values = values_of(words, found, understood, known)
    lacks = missing(found, values)
    if not values:
        return None
    if found.risk is not Risk.READ or lacks:
        why = needs(lacks) if lacks else LOOK_IT_OVER
        return Meaning("form", found, values, why=why, score=1.0, note=_note(found, words))
    return Meaning("run", found, values, score=1.0)


def _note(found: AnyOperation, text: str) -> str:
    return at_hours(text) if "lasting" in found.input.model_fields else ""


def _by_phrase(text: str, known: Known, understood: Understanding) -> Meaning:
    """Operations of which the grammar knows nothing are found by their titles and examples."""
    names = {name: each for name, each in known.names.items() if name not in brain.INTENTS}
    phrases = {name: (name, each.title, *each.examples) for name, each in names.items()}
    bare = _bare(text, understood)
    whole = rank(_bare(text, understood, keeping="metric"), phrases) if bare else []
    # Said as it is known, also where a word of it is a name: a disk is something to measure, and to resize.
    changes = whole and whole[0].score >= SAID and names[whole[0].name].risk is not Risk.READ
    found = _word_for_word(text, phrases) or (whole if changes else rank(bare, phrases))
    near = _near(understood, known.names) or tuple(names[each.name] for each in found[:NEAR])
    if not found or found[0].score < SURE:
        return Meaning("unsure", near=near)
    chosen, score = names[found[0].name], found[0].score
    values = with_topic(chosen, values_of(text, chosen, understood, known), known)
    lacks = missing(chosen, values)
    if chosen.risk is not Risk.READ and understood.mood != "request":
        return Meaning("not-yet", chosen, values, near=(chosen,), score=score)
    if chosen.risk is not Risk.READ:
        return Meaning("form", chosen, values, near=near, why=LOOK_IT_OVER, score=score)
    if lacks:
        return Meaning("form", chosen, values, near=near, why=needs(lacks), score=score)
    return Meaning("run", chosen, values, near=near, score=score)


def _word_for_word(text: str, phrases: Mapping[str, Sequence[str]]) -> list[Match]:
    """What is said just as it is known, whatever names are in it: "cost" is a metric, too."""
    said = WORD.findall(text.lower())
    return [
        Match(name, 1.0) for name, each in phrases.items() if any(WORD.findall(one.lower()) == said for one in each)
    ]


def _bare(text: str, understood: Understanding, *, keeping: str = "") -> str:
    """The sentence without the names and times in it, which say nothing about the operation."""
    named = (each for each in understood.entities if each.type != keeping)
    for each in sorted(named, key=lambda each: -each.span[0]):
        text = f"{text[: each.span[0]]} {text[each.span[1] :]}"
    return " ".join(WORD.findall(ID.sub(" ", QUOTED.sub(" ", text))))
