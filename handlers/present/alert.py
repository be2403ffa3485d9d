"""The message of an alert: a view of the record, drawn anew at every move; and the lines of its thread, and digests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bot.catalogue import environment
from bot.door.registry import AnyOperation, Registry
from bot.ports import Json
from bot.telemetry.units import duration
from bot.watch.alerts import Alert, AlertState, Severity, Silence, Verdict
from bot.watch.digests import Count, Digest, Noisy
from bot.watch.finding import Finding
from bot.watch.telling import lead, line, moment, over
from bot.watch.topics import explained
from handlers.buttons import Form, Run
from handlers.present.blocks import actions, context, fields, header, press, section
from handlers.present.cutting import count, cut, cut_list, more
from handlers.present.escaping import AGO, bold, clean, code, date, escape, link, mention, safe_url
from handlers.present.limits import fit
from handlers.present.message import Block, Rendered
from handlers.present.spoken import spoken

MOST_FINDINGS: Final = 5
MOST_ORIGINS: Final = 3
MOST_CHANGES: Final = 4
MOST_LISTED: Final = 10
MOST_NEWS: Final = 12
SLIGHT: Final = 0.05
"""Of confidence: less is not worth a word."""
FACES: Final[Mapping[Severity, str]] = {"critical": "🔴", "high": "🟠", "medium": "🟡", "low": "🔵"}
VERDICTS: Final[Mapping[Verdict, str]] = {"useful": "👍", "noise": "👎"}


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture that Slack has, and what is seen in it."""

    file: str
    alt: str


def message(
    alert: Alert, registry: Registry, now: datetime, *, silence: Silence | None = None, shot: Shot | None = None
) -> Rendered:
    """The whole of it; a button whose operation is not there is not shown."""
    if alert.state is AlertState.RESOLVED and not alert.findings:  # it has become part of another, where all of it is
        words = section(f"↪️ {bold(cut(alert.title, 600))}\nGo on there.")
        if not (other := alert.part_of):  # it joined before that was kept
            return Rendered(spoken([words]), (words, context(f"Alert {code(alert.id)}")))
        show = _offers(alert, registry)("Show it", Run, "alerts.show", {"alert": other})
        notes = context(f"Alert {code(alert.id)}, part of {code(other)}")
        return Rendered(spoken([words]), (words, *actions([show]), notes))
    blocks = [
        section(f"{_face(alert)} {bold(cut(alert.title, 600))}\n{_standing(alert, silence)}"),
        *([_image(shot)] if shot else []),
        *_origins(alert),
        *_changes(alert),
        *_findings(alert),
        *_buttons(alert, registry, now),
        context(*_notes(alert)),
    ]
    fitted = fit(blocks)
    return Rendered(spoken(fitted), tuple(fitted))


def _face(alert: Alert) -> str:
    if alert.state is AlertState.RESOLVED:
        return "⏸️" if alert.unwatched else "✅"
    return FACES[alert.severity] if alert.shown else "🔕"


def _standing(alert: Alert, silence: Silence | None) -> str:
    """How it stands, how bad it is, since when and where, on one line."""
    said = [alert.severity.capitalize()]
    if alert.state is AlertState.RESOLVED:
        ended = over(alert)
        how = "*Not watched any more*" if alert.unwatched else "*Resolved*"
        said = [how, f"was {alert.severity}", f"{date(alert.since)} – {date(ended)}"]
        said += [] if alert.unwatched else [_lasted(alert, ended)]
    else:
        said.append(f"since {date(alert.since)} ({date(alert.since, AGO)})")
    said += [escape(alert.environment)] if alert.environment else []
    if alert.state is AlertState.FIRING and alert.acknowledged_by:
        said.append(f"👀 {mention(alert.acknowledged_by)} is on it")
    if alert.silence:
        said.append(_silenced(silence))
    elif alert.held_back:
        said.append("in the digest only: this channel had its share for the day")
    if alert.flapping:
        said.append("comes and goes")
    return " · ".join(said)


def _silenced(silence: Silence | None) -> str:
    if silence is None:
        return "silenced"
    why = f": {cut(escape(silence.reason), 300)}" if silence.reason.strip() else ""
    return f"silenced by {mention(silence.created_by)} until {date(silence.until)}{why}"


def _lasted(alert: Alert, ended: datetime) -> str:
    return f"lasted {duration(max(0, round((ended - alert.since).total_seconds())))}"


def _image(shot: Shot) -> Block:
    return {"type": "image", "slack_file": {"id": shot.file}, "alt_text": clean(shot.alt)[:2_000] or "A chart"}


def _origins(alert: Alert) -> list[Block]:
    kept = [each for place, each in enumerate(alert.origins[:MOST_ORIGINS]) if place == 0 or each.confidence >= SLIGHT]
    lines = [
        f"{bold(each.service)} ({round(100 * each.confidence)} %)"
        + (f": {cut(escape(each.because), 300)}" if each.because.strip() and each.because not in alert.title else "")
        for each in kept
    ]
    said = "\nor ".join(lines)
    return [section(f"Likely origin: {cut(said, 1_200)}")] if lines else []


def _changes(alert: Alert) -> list[Block]:
    kept, left = cut_list(alert.changes, MOST_CHANGES)
    lines = [*(f"• {cut(escape(each), 250)}" for each in kept), *([more(left, "change")] if left else [])]
    return [section("\n".join(["*Changed shortly before*", *lines]))] if lines else []


def _findings(alert: Alert) -> list[Block]:
    """One line for each thing that was looked at, the most telling of it; what the title says is not said again."""
    if not alert.findings:
        return []
    told = {each.subject: each for each in reversed(alert.findings)}
    said = lead(alert.findings, alert.origins)
    there = alert.title.startswith(said.subject.service) and clean(said.words) in alert.title
    in_title = said.subject if there else None
    found = [each for each in alert.findings if told[each.subject] is each and each.subject != in_title]
    if not found:
        return []
    kept, left = cut_list(found, MOST_FINDINGS)
    lines = [
        *(_finding(each, over=bool(each.ended) and not alert.unwatched) for each in kept),
        *([more(left, "finding")] if left else []),
    ]
    when = f", as of {date(max(each.seen for each in alert.open))}" if alert.open else ""
    return [section("\n".join([f"*What {'else ' if in_title else ''}was found*{when}", *lines]))]


def _finding(finding: Finding, *, over: bool) -> str:
    said = cut(escape(line(finding)), 400)
    return f"✓ {said} (over)" if over else f"• {said}"


def _notes(alert: Alert) -> list[str]:
    found = [f"Alert {code(alert.id)}"]
    if safe_url(alert.link):
        found.append(link(alert.link, f"Open in {alert.source or 'its source'}"))
    elif alert.source:
        found.append(f"From {escape(alert.source)}")
    if other := alert.beside:
        found.append(f"Likely the same trouble as {code(other.alert)}: {cut(escape(other.title), 200)}")
    if alert.reopened:
        found.append(f"came back {count(alert.reopened, 'time')}")
    verdicts = Counter(each.verdict for each in alert.judgements)
    found += [f"{face} {verdicts[name]}" for name, face in VERDICTS.items() if verdicts[name]]
    return found


# ---------------------------------------------------------------- what can be pressed


def _buttons(alert: Alert, registry: Registry, now: datetime) -> list[Block]:
    about = {"alert": alert.id}
    offer = _offers(alert, registry)
    acts = [
        offer("Explain", Run, "metrics.explain", explained(alert, now)),
        None if alert.acknowledged_by else offer("Acknowledge", Run, "alerts.acknowledge", about),
        offer("Silence…", Form, "alerts.silence", about),
        offer("Declare incident", Form, "incidents.declare", {**about, **_declared(alert)}),
    ]
    verdicts = [
        offer(f"{face} {name.capitalize()}", Run, "alerts.judge", {**about, "verdict": name})
        for name, face in VERDICTS.items()
    ]
    firing = alert.state is AlertState.FIRING
    return [*(actions(acts) if firing else []), *actions(verdicts)]


def _offers(
    alert: Alert, registry: Registry
) -> Callable[[str, type[Run | Form], str, Mapping[str, Json]], Block | None]:
    """Makes its buttons; one whose operation is not there is none."""
    known = {each.name: each for each in registry}

    def offer(label: str, act: type[Run | Form], operation: str, values: Mapping[str, Json]) -> Block | None:
        found = known.get(operation)
        return press(label, act(operation, _taken(found, values)), aloud=f"{label}: {alert.title}") if found else None

    return offer


def _taken(operation: AnyOperation, values: Mapping[str, Json]) -> dict[str, Json]:
    """What the operation has a field for."""
    return {name: value for name, value in values.items() if name in operation.input.model_fields}


def _declared(alert: Alert) -> dict[str, Json]:
    service = next((each.service for each in alert.origins), next(iter(alert.services), ""))
    said: dict[str, Json] = {"title": alert.title[:200], "service": service}
    return said | ({"environment": known} if (known := environment(alert.environment)) else {})


# ---------------------------------------------------------------- the thread


def thread(lines: Sequence[str], people: Iterable[str], silence: Silence | None = None) -> Rendered:
    """What is new of it; `people` are ids with which a line may begin, and are shown as who they are.

    So is who made the `silence`; its end each reader sees on their own clock. All else is data.
    """
    named = {escape(each): mention(each) for each in (*people, silence.created_by if silence else "") if each}
    until = (escape(moment(silence.until)), date(silence.until)) if silence else ("", "")
    kept, left = cut_list(lines, MOST_NEWS)
    mark = "• " if len(lines) > 1 else ""
    shown = (f"{mark}{_named(cut(escape(each), 600), named).replace(*until, 1)}" for each in kept)
    said = "\n".join([*shown, *([more(left, "update")] if left else [])])
    return Rendered(said, (section(cut(said, 2_900)),))


def _named(text: str, named: Mapping[str, str]) -> str:
    first, space, rest = text.partition(" ")
    return f"{named.get(first, first)}{space}{rest}"


# ---------------------------------------------------------------- digests


def digest_message(digest: Digest, title: str) -> Rendered:
    """A day or a week of a channel, in a minute's reading."""
    window = f"{date(digest.window.start)} – {date(digest.window.end)}"
    blocks = [
        header(title),
        section(f"{bold(cut(digest.summary, 600))}\n{window}"),
        *fields(_figures(digest)),
        *_listed("Still firing", digest.firing),
        *_listed("Held back: told only here", digest.held_back),
        *_told("Noisiest watches", [_noisy(each) for each in digest.noisiest]),
        *([context(f"{count(len(digest.quiet), 'watch', 'watches')} had nothing to say.")] if digest.quiet else []),
    ]
    fitted = fit(blocks)
    return Rendered(spoken(fitted), tuple(fitted))


def _figures(digest: Digest) -> list[tuple[str, str]]:
    def counts(listed: Sequence[Count]) -> str:
        kept, left = cut_list(listed, MOST_LISTED)
        return ", ".join([*(f"{escape(each.name)} {each.count}" for each in kept), *([more(left)] if left else [])])

    found = [
        ("By severity", counts(digest.by_severity)),
        ("By service", counts(digest.by_service)),
        ("Until acknowledged", _time(digest.to_acknowledge)),
        ("Until over", _time(digest.to_resolve)),
        ("Silenced", str(digest.silenced or "")),
    ]
    return [(name, value) for name, value in found if value]


def _noisy(each: Noisy) -> str:
    return f"{escape(each.name)}: {count(each.alerts, 'alert')}, 👍 {each.useful} 👎 {each.noise}"


def _time(span: timedelta | None) -> str:
    return f"{duration(round(span.total_seconds()))} at the median" if span is not None else ""


def _listed(title: str, alerts: Sequence[Alert]) -> list[Block]:
    return _told(title, [f"{_face(each)} {cut(escape(each.title), 250)} ({date(each.since)})" for each in alerts])


def _told(title: str, lines: Sequence[str]) -> list[Block]:
    kept, left = cut_list(lines, MOST_LISTED)
    said = [*(f"• {each}" for each in kept), *([more(left)] if left else [])]
    return [section(cut("\n".join([f"*{title}*", *said]), 2_900))] if lines else []
