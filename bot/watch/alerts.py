"""An alert: what one cause made go wrong, as a row that people see, quiet, judge, and that ends by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Literal, Protocol

from bot.watch.finding import Finding

Severity = Literal["critical", "high", "medium", "low"]
Verdict = Literal["useful", "noise", "none"]
"""`none` takes back what somebody said before."""


class AlertState(StrEnum):
    """`seen by somebody` and `to be told` are no states: an alert that is acknowledged or silenced goes on firing."""

    FIRING = "firing"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Origin:
    """A service that may be the cause."""

    service: str
    confidence: float
    because: str = ""


@dataclass(frozen=True, slots=True)
class Beside:
    """Another alert, and what it was called then."""

    alert: str
    title: str


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a judgement taught a watch about one signal of a service; where none is named, about all it looks at."""

    watch: str
    service: str
    signal: str
    step: float
    """What it added to the surprise that is wanted there: so much is taken off to undo it."""
    now: float
    """What feedback had added in all by then."""
    at: datetime | None = None
    """When, if that is not when the judgement was made."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What somebody thinks of it; each person has one."""

    person: str
    verdict: Verdict
    at: datetime
    lessons: tuple[Lesson, ...] = ()


@dataclass(frozen=True, slots=True)
class Alert:
    """Its version rises with every change that people should see."""

    id: str
    group: str
    """Of the watch: only findings of one group come together."""
    fingerprint: str
    """The same trouble another time has the same."""
    channel: str
    environment: str
    state: AlertState
    severity: Severity
    title: str
    """One sentence."""
    findings: tuple[Finding, ...]
    """All that it ever held, the open ones first, the telling ones first."""
    opened_at: datetime
    changed_at: datetime
    workspace: str = ""
    timezone: str = "UTC"
    origins: tuple[Origin, ...] = ()
    """The likeliest first."""
    changes: tuple[str, ...] = ()
    """What was done to the platform shortly before, in words."""
    calm_since: datetime | None = None
    """Since when nothing of it was open; long enough, and it is over."""
    resolved_at: datetime | None = None
    reopened: int = 0
    reopenings: tuple[datetime, ...] = ()
    """The latest of them, by which flapping is told."""
    flapping: bool = False
    acknowledged_by: str = ""
    acknowledged_at: datetime | None = None
    silence: str = ""
    """The id of the silence that hides it."""
    held_back: bool = False
    """The channel had its share for the day: it is in the digest only."""
    judgements: tuple[Judgement, ...] = ()
    source: str = ""
    """Empty where we found it; otherwise who did."""
    link: str = ""
    unwatched: bool = False
    """Its watch was paused or deleted: whether it is over, nobody knows."""
    beside: Beside | None = None
    """What fired in the channel when this came, of another watch, and probably of the same cause."""
    part_of: str = ""
    """The id of the alert that it turned out to be a part of; that one may have become part of another since."""
    version: int = 1

    @property
    def open(self) -> tuple[Finding, ...]:
        return tuple(each for each in self.findings if each.open)

    @property
    def services(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(each.subject.service for each in self.findings if each.subject.service))

    @property
    def since(self) -> datetime:
        return min((each.since for each in self.findings), default=self.opened_at)

    @property
    def shown(self) -> bool:
        """Whether a channel sees it."""
        return not (self.silence or self.held_back)

    def changed(self, at: datetime, **fields: object) -> Alert:
        return replace(self, version=self.version + 1, changed_at=at, **fields)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Silence:
    """From when until when, and what it hides: empty fields fit everything, `signal` and `service` are exact."""

    id: str
    until: datetime
    created_by: str
    created_at: datetime
    channel: str = ""
    environment: str = ""
    service: str = ""
    signal: str = ""
    watch: str = ""
    reason: str = ""
    workspace: str = ""
    ended_at: datetime | None = None
    starts: datetime | None = None
    """None: when it was made."""

    def active(self, at: datetime) -> bool:
        return self.ended_at is None and not self.planned(at) and at < self.until

    def planned(self, at: datetime) -> bool:
        """Whether it is yet to begin."""
        return self.starts is not None and at < self.starts

    def hides(self, alert: Alert, finding: Finding) -> bool:
        subject = finding.subject
        return (
            (alert.workspace in {"", self.workspace} or not self.workspace)
            and self.channel in {"", alert.channel}
            and self.environment in {"", subject.environment}
            and self.service in {"", subject.service}
            and self.signal in {"", subject.signal}
            and self.watch in {"", finding.watch}
        )


class AlertStore(Protocol):
    """Keeps alerts and silences."""

    async def get(self, alert_id: str) -> Alert | None: ...

    async def find(
        self,
        *,
        states: Sequence[AlertState] = (),
        channel: str = "",
        group: str = "",
        since: datetime | None = None,
        limit: int = 200,
    ) -> Sequence[Alert]:
        """The newest first; `since` leaves out what changed before."""
        ...

    async def swap(self, before: Alert | None, after: Alert) -> bool:
        """False where somebody was quicker; `before` None adds it."""
        ...

    async def silence(self, silence: Silence) -> None: ...

    async def unsilence(self, silence_id: str, at: datetime) -> Silence | None: ...

    async def silences(self, at: datetime) -> Sequence[Silence]:
        """Those that hide something now, or are planned to."""
        ...


@dataclass(frozen=True, slots=True)
class AlertCard:
    """A message that shows an alert, as of `version`; a view that can be lost, and is posted again."""

    alert: str
    channel: str
    ts: str | None = None
    version: int = 0
    shows: str = ""
    """What of it people have been shown and told, as the face notes it down; kept as it is, at most 4,000 characters.
    """


class AlertCardStore(Protocol):
    """Keeps where alerts are shown."""

    async def add(self, card: AlertCard) -> None:
        """Keep it; one alert has one card in a channel."""
        ...

    async def of(self, alert_id: str) -> Sequence[AlertCard]: ...

    async def at(self, channel: str, ts: str) -> AlertCard | None:
        """Whose message that is."""
        ...

    async def shown(self, before: AlertCard, after: AlertCard) -> bool:
        """What the message shows now; False where somebody noted something else since `before`."""
        ...

    async def stale(self, limit: int = 100) -> Sequence[AlertCard]:
        """Those that show an older version than there is, or are not posted yet, of alerts that a channel sees."""
        ...
