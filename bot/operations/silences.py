"""Silences: what is hidden for a while, now or as planned, what that hides, and ending one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Final

from pydantic import Field

from bot.door.context import Context
from bot.door.operation import Input, Output, Repeat, operation
from bot.errors import NotFound
from bot.guard.risk import Risk
from bot.observatory.observatory import Observatory
from bot.observatory.question import clock
from bot.observatory.told import Grid, Step, Told
from bot.operations.aiming import reached
from bot.operations.alerts import called, known, visible
from bot.operations.silencing import FREELY, MOST_AT_ONCE, SilenceInput, silences_of
from bot.operations.trying import viewer
from bot.operations.viewing import where
from bot.telemetry.units import duration
from bot.watch.alerts import Alert, AlertStore, Silence
from bot.watch.desk import AlertDesk, Preview
from bot.watch.finding import Finding
from bot.watch.watches import WatchStore

MOST_SAID: Final = 6
MOST_LOUD: Final = 3
_FILLING: Final = frozenset({"alert", "alerts", "about", "of", "the", "in", "for"})
"""Words that tell nothing apart."""
_EVERYTHING: Final = frozenset({"everything", "all"})
_HERE: Final = "here"
_PLACES: Final = frozenset({_HERE, "in this channel", "everywhere"})
_ALL: Final = Step(label="Show them", operation="alerts.silences")


class UnsilenceInput(Input):
    """Which silence."""

    silence: str = Field(
        description="What is silent, in words: a service, a signal, an alert, everything here; or ids, as sil-…",
        max_length=MOST_AT_ONCE * len("sil-0123456789 "),
    )


class SilencesInput(Input):
    """Which ones."""

    about: str = Field("", description="Only what hides this: a service, a signal, an alert.", max_length=200)


class SilenceView(Output):
    """What is hidden, and until when."""

    id: str
    what: str
    channel: str
    starts: datetime | None = None
    """Of one that is yet to begin."""
    until: datetime
    created_by: str
    reason: str = ""


class SilencePreview(Output):
    """What a silence would hide."""

    summary: str
    findings: tuple[str, ...]


class SilencesAnswer(Told):
    """Silences."""

    silences: tuple[SilenceView, ...] = ()


@operation(
    "alerts.silence",
    title="Silence alerts",
    permission="alerts:write",
    risk=Risk.WRITE,
    about_gate=True,
    repeat=Repeat.SAFE,
    examples=("silence alert", "silence alerts of checkout for 2 hours", "mute", "mute alerts until tomorrow"),
    undo="`alerts.unsilence` ends it.",
)
async def silence(wanted: SilenceInput, context: Context) -> SilencesAnswer:
    """Hide alerts for a while: what one is about, or those of a service, a signal or a watch. They stay on record.

    From now on, or as planned for maintenance. In one channel and for up to 7 days; longer, or everywhere, needs the
    permission `alerts:admin`.
    """
    kept = await silences_of(wanted, context)
    hides = await context.get(AlertDesk).silence(*kept)
    ids = " ".join(each.id for each in kept)
    back = Step(label="Take it back", operation="alerts.unsilence", values={"silence": ids})
    return SilencesAnswer(
        summary=await _silent("will be" if _planned(kept[0], context) else "are", kept, context),
        findings=_found(kept, hides, context),
        steps=(back, _ALL),
        silences=tuple([await _view(each, context) for each in kept]),
    )


@operation("alerts.silence_preview", title="What a silence would hide", permission="alerts:read")
async def preview(wanted: SilenceInput, context: Context) -> SilencePreview:
    """Say what a silence would hide now and would have hidden in the last days, without hiding anything."""
    kept = await silences_of(wanted, context)
    hides = await context.get(AlertDesk).preview(*kept)
    return SilencePreview(summary=await _silent("would be", kept, context), findings=_found(kept, hides, context))


@operation(
    "alerts.unsilence",
    title="End a silence",
    permission="alerts:write",
    risk=Risk.WRITE,
    about_gate=True,
    repeat=Repeat.SAFE,
    examples=("end silence", "unsilence payments", "unmute alerts"),
    undo="`alerts.silence` hides them again.",
)
async def unsilence(wanted: UnsilenceInput, context: Context) -> SilencesAnswer:
    """End a silence before its time, or with “everything” all of this channel; what it hid and still fires is shown.

    What is planned is called off by its id, or by words that nothing fits which has begun.
    """
    ended = await context.get(AlertDesk).unsilence(*await _meant(wanted.silence, context))
    places: dict[str, list[Silence]] = {}
    for each in ended:
        places.setdefault(_where(each.channel, context), []).append(each)
    said = [
        f"Alerts about {await _words(those, context)} {_again(those, context)} {place}."
        for place, those in places.items()
    ]
    return SilencesAnswer(
        summary=" ".join(said),
        silences=tuple([await _view(each, context) for each in ended]),
    )


@operation(
    "alerts.silences",
    title="Silences",
    permission="alerts:read",
    examples=("which silences are active?", "what is silenced?", "list silences"),
)
async def silences(wanted: SilencesInput, context: Context) -> SilencesAnswer:
    """What is hidden now or is planned to be, until when, by whom and why.

    What is hidden in others' direct messages is theirs.
    """
    active, about = await _active(context), wanted.about.strip()
    about = "" if _asked(about) == (True, []) else about
    meant = await _fitting(about, active, context, wider=True) if about else active
    found = tuple([await _view(each, context) for each in meant])
    who = {each.created_by: await called(each.created_by, context) for each in found}
    rows = tuple(
        (
            each.what,
            _where(each.channel, context).removeprefix("in "),
            who[each.created_by],
            _span(each.starts, each.until, context),
            each.reason,
            each.id,
        )
        for each in found
    )
    return SilencesAnswer(
        summary=await _who(about, meant, context),
        grid=Grid(columns=("what", "where", "by", "when", "why", "id"), rows=rows) if rows else None,
        silences=found,
    )


async def _who(about: str, meant: Sequence[Silence], context: Context) -> str:
    """One sentence; of something that was asked about, who hides it, until when and why."""
    if not meant:
        place = about.casefold() in _PLACES
        return (
            f"Nobody silenced {_plain(about)}." if about and not place else f"Nothing is silenced {about}".strip() + "."
        )
    if not about:
        planned = sum(_planned(each, context) for each in meant)
        return f"Silences: {len(meant)}{f', {planned} of them planned' if planned else ''}."
    said = []
    for each in list(_presses(meant).values())[:MOST_SAID]:
        one, what = each[0], await _words(each, context)
        span = _span(one.starts, one.until, context)
        why = f": {one.reason}" if one.reason else ""
        verb, who = "are" if " and " in what else "is", await called(one.created_by, context)
        verb = "will be" if _planned(one, context) else verb
        said.append(f"{what} {verb} silenced {_where(one.channel, context)} by {who} {span}{why}")
    return f"{'; '.join(said)}."


# ---------------------------------------------------------------- which one


async def _active(context: Context) -> list[Silence]:
    """Those that are the business of whoever asks, this channel's first."""
    active = [each for each in await context.get(AlertStore).silences(context.now) if _seen(each, context)]
    return sorted(active, key=lambda each: _where(each.channel, context) != _HERE)


def _seen(silence: Silence, context: Context) -> bool:
    return silence.workspace in {"", context.origin.workspace or ""} and reached(silence.channel, context)


async def _meant(said: str, context: Context) -> list[str]:
    """By ids, else by what is silent here: what fits and was one press, or is one thing in words; or everything."""
    names = said.replace(",", " ").split()
    if names and all(each.startswith("sil-") for each in names):
        others = {each.id for each in await context.get(AlertStore).silences(context.now) if not _seen(each, context)}
        for each in names:
            if each in others:
                raise NotFound(f"there is no silence {each!r}", mend="`alerts.silences` shows those there are.")
        return names
    active, alert = await _active(context), await _alert(said, context)
    here = alert.channel if alert else context.origin.channel or ""
    fits = await _fitting(said, active, context)
    found = [each for each in fits if each.channel == here]
    if not found and not _asked(said)[0]:
        found = [each for each in fits if not each.channel]  # what is silent everywhere is silent here
    found = [each for each in found if not _planned(each, context)] or found
    pressed = _presses(found)
    told: dict[str, list[str]] = {}
    for those in _presses(found or fits or active).values():
        what = f"{await _words(those, context)} {_where(those[0].channel, context)}"
        told.setdefault(what, []).extend(one.id for one in those)
    if found and (_asked(said)[0] or 1 in {len(pressed), len(told)}):
        return [each.id for each in found]
    which = "; ".join([f"{what} ({' '.join(ids)})" for what, ids in list(told.items())[:MOST_SAID]])
    many = f"{len(pressed)} silences are" if found else "no silence here is"
    mend = f"Say which: {which}." if which else "Nothing is silent: there is nothing to end."
    raise NotFound(f"{many} about {said.strip()[:80]!r}", mend=mend)


def _presses(found: Sequence[Silence]) -> dict[tuple[str, str, datetime], list[Silence]]:
    """Those that were made together, together."""
    made: dict[tuple[str, str, datetime], list[Silence]] = {}
    for each in found:
        made.setdefault((each.channel, each.created_by, each.created_at), []).append(each)
    return made


def _asked(said: str) -> tuple[bool, list[str]]:
    """Whether all that fits is meant, and the words that narrow it down; of a place alone, all that is there."""
    words = [each for each in _plain(said).casefold().replace("this channel", _HERE).split() if each not in _FILLING]
    narrow = [each for each in words if each not in _EVERYTHING]
    return (True, [_HERE]) if narrow in ([_HERE], ["channel"]) else (len(narrow) < len(words), narrow)


async def _alert(said: str, context: Context) -> Alert | None:
    with suppress(NotFound):
        return await known(said, context)
    return None


async def _fitting(said: str, active: Sequence[Silence], context: Context, *, wider: bool = False) -> list[Silence]:
    """Those that hide an alert, or something that is called so; `wider`: also as a part of what they hide."""
    if alert := await _alert(said, context):
        return [each for each in active if any(each.hides(alert, one) for one in alert.open or alert.findings)]
    everything, words = _asked(said)
    catalogue, vocabulary = context.get(Observatory).catalogue, context.get(Observatory).vocabulary
    names = {each.name: " ".join((each.name, each.title, *each.aliases)) for each in catalogue.services}
    signals = {name: _plain(" ".join((name, each.title, *each.words))) for name, each in vocabulary.metrics.items()}
    found = []
    for each in active:
        called = [await _hidden(each, context), _where(each.channel, context)]
        called += [names.get(each.service, ""), signals.get(each.signal, "")]
        if wider and not each.watch:
            called += [] if each.signal else signals.values()
            called += [] if each.service else names.values()
        text = " ".join(called).casefold()
        if (words or everything) and all(re.search(rf"(?<!\w){re.escape(word)}", text) for word in words):
            found.append(each)
    return found


# ---------------------------------------------------------------- within


async def _silent(verb: str, kept: Sequence[Silence], context: Context) -> str:
    place, first = _where(kept[0].channel, context), kept[0]
    span = _span(first.starts, first.until, context)
    return f"Alerts about {await _words(kept, context)} {verb} silent {place} {span}."


def _again(ended: Sequence[Silence], context: Context) -> str:
    """What was planned had hidden nothing yet."""
    return "will not be silent" if all(_planned(each, context) for each in ended) else "are told again"


def _planned(silence: Silence, context: Context) -> bool:
    return silence.planned(context.now)


def _span(starts: datetime | None, until: datetime, context: Context) -> str:
    """From when until when; what has begun only until when."""
    zone, now = context.identity.timezone, context.now
    return f"{f'from {clock(starts, zone, now)} ' if starts and starts > now else ''}until {clock(until, zone, now)}"


def _found(kept: Sequence[Silence], hides: Preview, context: Context) -> tuple[str, ...]:
    titles = [each.title for each in hides.now if visible(each, context)]
    lasts = kept[0].until - max(context.now, kept[0].starts or context.now)
    return (
        *([] if _planned(kept[0], context) else [f"Hidden now: {len(titles) or 'none'}"]),
        *titles[:MOST_SAID],
        *(_stays(each, why) for each, why in hides.partly[:MOST_SAID] if visible(each, context)),
        f"In the last 7 days it would have hidden {hides.last_week or 'none'}",
        *([f"That is long: {duration(lasts.total_seconds())}"] if lasts > FREELY else []),
    )


def _stays(alert: Alert, why: Sequence[Finding]) -> str:
    """A load test of one service is heard in those that call it."""
    loud = list(
        dict.fromkeys(f"{_plain(each.subject.signal)} of {each.subject.service}".removesuffix(" of ") for each in why)
    )
    more = f" and {len(loud) - MOST_LOUD} more" if len(loud) > MOST_LOUD else ""
    return f"Still told, for {', '.join(loud[:MOST_LOUD])}{more}: {alert.title}"


async def _view(silence: Silence, context: Context) -> SilenceView:
    return SilenceView(
        id=silence.id,
        what=await _hidden(silence, context),
        channel=silence.channel,
        starts=silence.starts if _planned(silence, context) else None,
        until=silence.until,
        created_by=silence.created_by,
        reason=silence.reason,
    )


async def _words(found: Sequence[Silence], context: Context) -> str:
    """What several hide: "error rate and latency of checkout, and latency of cart"."""
    signals: dict[Silence, list[str]] = {}
    for each in found:
        alike = replace(
            each, id="", signal="", starts=None, until=context.now, created_at=context.now, created_by="", reason="",
            ended_at=None,
        )  # fmt: skip
        signals.setdefault(alike, []).append(each.signal)
    said = []
    for alike, those in signals.items():
        kinds = list(dict.fromkeys(those))
        wide = "" in kinds
        said.append(await _hidden(replace(alike, signal="" if wide else " and ".join(kinds)), context))
    return ", and ".join(said)


async def _hidden(silence: Silence, context: Context) -> str:
    about = " of ".join(filter(None, (_plain(silence.signal), silence.service))) or "everything"
    where = f" in {silence.environment}" if silence.environment else ""
    watch = await context.get(WatchStore).get(silence.watch) if silence.watch else None
    name = watch.name if watch and viewer(context).sees(watch) else silence.watch
    return f"{about}{where}{f' found by “{name}”' if name else ''}"


def _plain(words: str) -> str:
    return words.replace("_", " ")


def _where(channel: str, context: Context) -> str:
    return where(channel, context) if channel else "everywhere"
