"""How a thought begins: the thread so far, what was looked up, and the question, as messages of a model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from bot.agent.model import Message, Words
from bot.agent.thinking.fencing import Fence, clean
from bot.agent.thinking.limits import ThinkingLimits
from bot.agent.thinking.prompts import LEFT_OUT
from bot.agent.thinking.thought import Ask
from bot.agent.threads import Message as Earlier

Redact = Callable[[str], str]


def opening(ask: Ask, fence: Fence, limits: ThinkingLimits, redact: Redact, now: datetime) -> list[Message]:
    """The roles alternate, and the user has the first word and the last. What others said is data."""
    kept, left_out = _newest(ask.history, limits)
    said: list[tuple[bool, str]] = [(False, LEFT_OUT.format(count=left_out))] if left_out else []
    said += [(each.role == "assistant", _earlier(each, ask, fence, redact)) for each in kept]
    if said and said[0][0]:
        said.insert(0, (False, "(The thread begins with a message of yours.)"))
    said += [(False, part) for part in _asked(ask, fence, limits, redact, now)]
    return list(_alternating(said))


def own_words(ask: Ask) -> Iterable[str]:
    """What whoever asks has said themselves: these numbers they know already."""
    yield ask.text
    yield from ask.facts
    yield from (each.content for each in ask.history if each.author == ask.request.actor.id and each.role == "user")


def _newest(history: Sequence[Earlier], limits: ThinkingLimits) -> tuple[list[Earlier], int]:
    kept: list[Earlier] = []
    room = limits.history_characters
    for each in reversed(history[-limits.history_messages :]):
        room -= len(each.content)
        if room < 0:
            break
        kept.insert(0, each)
    return kept, len(history) - len(kept)


def _earlier(said: Earlier, ask: Ask, fence: Fence, redact: Redact) -> str:
    text = redact(clean(said.content))
    if said.role == "assistant":
        return text
    if said.role == "user" and said.author == ask.request.actor.id:
        return f"[{said.author}] {text}"
    return fence.around(f"message of {said.author}", text)


def _asked(ask: Ask, fence: Fence, limits: ThinkingLimits, redact: Redact, now: datetime) -> Iterable[str]:
    room = limits.context_characters
    for source in ask.context:
        text = redact(source.text)[:room]
        room -= len(text)
        if text:
            cut = "" if len(text) == len(redact(source.text)) else "\n(cut here)"
            yield fence.around(source.title, f"{text}{cut}")
    facts = [f"it is {now:%A, %Y-%m-%d %H:%M} UTC", *ask.facts]
    yield "For this turn:\n" + "\n".join(f"- {' '.join(redact(clean(each)).split())}" for each in facts)
    yield f"[{ask.request.actor.id}] {redact(clean(ask.text))}"


def _alternating(said: Iterable[tuple[bool, str]]) -> Iterable[Message]:
    """What follows each other by the same role is one message."""
    parts: list[Words] = []
    own = False
    for mine, text in said:
        if not text.strip():
            continue
        if parts and mine is not own:
            yield _message(parts, own=own)
            parts = []
        own = mine
        parts.append(Words(text))
    if parts:
        yield _message(parts, own=own)


def _message(parts: Sequence[Words], *, own: bool) -> Message:
    return Message("assistant" if own else "user", tuple(parts))
