"""The message of an alert: a view of the record, drawn anew at every move; and the lines of its thread, and digests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bot.catalogue import environment
from bot.door.registry import AnyOperation, Registry
from bot.observatory.question import iso
from bot.ports import Json
from bot.telemetry.signals import Window
from bot.telemetry.units import duration
from bot.watch.alerts import Alert, AlertState, Severity, Silence, Verdict
from bot.watch.digests import Count, Digest, Noisy
from bot.watch.finding import Family, Finding
from bot.watch.telling import line
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
NO_METRIC: Final = frozenset({Family.PATTERN, Family.EDGE, Family.BURN, Family.OUTSIDE})
ASKED_AROUND: Final = timedelta(minutes=10)
ASKED_LEAST: Final = timedelta(minutes=30)
ASKED_MOST: Final = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture that Slack has, and what is seen in it."""

    file: str
    alt: str


def message(
    alert: Alert, registry: Registry, now: datetime, *, silence: Silence | None = None, shot: Shot | None = None
) -> Rendered:
    """The whole of it; a button whose operation is not there is not shown."""
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
        return "✅"
    return FACES[alert.severity] if alert.shown else "🔕"


def _standing(alert: Alert, silence: Silence | None) -> str:
    """How it stands, how bad it is, since when and where, on one line."""
    said = [alert.severity.capitalize()]
    if alert.state is AlertState.RESOLVED:
        ended = alert.resolved_at or alert.changed_at
        said = ["*Resolved*", f"was {alert.severity}", f"{date(alert.since)} – {date(ended)}", _lasted(alert, ended)]
    else:
        said.append(f"since {date(alert.since)} ({date(alert.since, AGO)})")
    said += [escape(alert.environment)] if alert.environment else []
    if alert.state is AlertState.FIRING and alert.acknowledged_by:
        said.append(f"👀 {mention(alert.acknowledged_by)} is on it")
    if alert.silence:
        said.append(f"silenced until {date(silence.until)}" if silence else "silenced")
    elif alert.held_back:
        said.append("in the digest only: this channel had its share for the day")
    if alert.flapping:
        said.append("comes and goes")
    return " · ".join(said)


def _lasted(alert: Alert, ended: datetime) -> str:
    return f"lasted {duration(max(0, round((ended - alert.since).total_seconds())))}"


def _image(shot: Shot) -> Block:
    return {"type": "image", "slack_file": {"id": shot.file}, "alt_text": clean(shot.alt)[:2_000] or "A chart"}


def _origins(alert: Alert) -> list[Block]:
    kept = [each for place, each in enumerate(alert.origins[:MOST_ORIGINS]) if place == 0 or each.confidence >= SLIGHT]
    lines = [
        f"{bold(each.service)} ({round(100 * each.confidence)} %)"
        + (f": {cut(escape(each.because), 300)}" if each.because.strip() else "")
        for each in kept
    ]
    said = "\nor ".join(lines)
    return [section(f"Likely origin: {cut(said, 1_200)}")] if lines else []


def _changes(alert: Alert) -> list[Block]:
    kept, left = cut_list(alert.changes, MOST_CHANGES)
    lines = [*(f"• {cut(escape(each), 250)}" for each in kept), *([more(left, "change")] if left else [])]
    return [section("\n".join(["*Changed shortly before*", *lines]))] if lines else []


def _findings(alert: Alert) -> list[Block]:
    """What is said in the title already is not said again."""
    if len(alert.findings) == 1 and line(alert.findings[0]) in alert.title:
        return []
    kept, left = cut_list(alert.findings, MOST_FINDINGS)
    lines = [*map(_finding, kept), *([more(left, "finding")] if left else [])]
    return [section("\n".join(["*What was found*", *lines]))] if lines else []


def _finding(finding: Finding) -> str:
    said = cut(escape(line(finding)), 400)
    return f"• {said}" if finding.open else f"✓ {said} (over)"


def _notes(alert: Alert) -> list[str]:
    found = [f"Alert {code(alert.id)}"]
    if safe_url(alert.link):
        found.append(link(alert.link, f"Open in {alert.source or 'its source'}"))
    elif alert.source:
        found.append(f"From {escape(alert.source)}")
    if alert.reopened:
        found.append(f"came back {count(alert.reopened, 'time')}")
    verdicts = Counter(each.verdict for each in alert.judgements)
    found += [f"{face} {verdicts[name]}" for name, face in VERDICTS.items() if verdicts[name]]
    return found


# ---------------------------------------------------------------- what can be pressed


def _buttons(alert: Alert, registry: Registry, now: datetime) -> list[Block]:
    known = {each.name: each for each in registry}
    about = {"alert": alert.id}

    def offer(label: str, act: type[Run | Form], operation: str, values: Mapping[str, Json]) -> Block | None:
        found = known.get(operation)
        return press(label, act(operation, _taken(found, values)), aloud=f"{label}: {alert.title}") if found else None

    acts = [
        offer("Explain", Run, "metrics.explain", _explained(alert, now)),
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


def _taken(operation: AnyOperation, values: Mapping[str, Json]) -> dict[str, Json]:
    """What the operation has a field for."""
    return {name: value for name, value in values.items() if name in operation.input.model_fields}


def _explained(alert: Alert, now: datetime) -> dict[str, Json]:
    """What people would ask: why the first number of it is as it is, around when it began."""
    numbers = [each for each in alert.findings if each.family not in NO_METRIC and each.subject.service]
    first = next(iter(numbers), None)
    start = min(alert.since - ASKED_AROUND, now - ASKED_LEAST)
    asked: dict[str, Json] = {"window": iso(Window(start, min(now, start + ASKED_MOST)))}
    service = first.subject.service if first else next(iter(alert.services), "")
    asked |= {"service": service} if service else {}
    asked |= {"metric": first.subject.signal} if first else {}
    return asked | ({"environment": env} if (env := environment(alert.environment)) else {})


def _declared(alert: Alert) -> dict[str, Json]:
    service = next((each.service for each in alert.origins), next(iter(alert.services), ""))
    said: dict[str, Json] = {"title": alert.title[:200], "service": service}
    return said | ({"environment": known} if (known := environment(alert.environment)) else {})


# ---------------------------------------------------------------- the thread


def thread(lines: Sequence[str], people: Iterable[str]) -> Rendered:
    """What is new of it; `people` are ids that may stand in the lines, and are shown as who they are."""
    kept, left = cut_list(lines, MOST_NEWS)
    mark = "• " if len(lines) > 1 else ""
    said = "\n".join([*(f"{mark}{_named(each, people)}" for each in kept), *([more(left, "update")] if left else [])])
    return Rendered(said, (section(cut(said, 2_900)),))


def _named(text: str, people: Iterable[str]) -> str:
    shown = cut(escape(text), 600)
    for person in people:
        shown = shown.replace(escape(person), mention(person)) if person else shown
    return shown


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
