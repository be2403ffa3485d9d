"""From findings to alerts: their life, as a pure function of what is known, what a watch says, and the time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import reduce
from hashlib import sha256
from typing import Final

from bot.watch import ranking, telling
from bot.watch.alerts import Alert, AlertState, Beside, Judgement, Silence
from bot.watch.finding import Direction, Family, Finding, Subject
from bot.watch.relating import Ground, Neighbours, began_with, comes_of, kind, neighbours, together
from bot.watch.watches import Watch, WatchKind

DAY: Final = timedelta(days=1)
NOTABLE: Final = 0.25
"""A change of the leading value, as a share, that people should see."""
MOST_FINDINGS: Final = 200
"""That an alert keeps; of those that ended, the oldest go first."""
STARTING: Final = frozenset({"saturation", "cpu", "memory", "gpu"})
"""What starting machines move by themselves."""
SHARES: Final = frozenset({"errors", "availability", "latency"})
"""What is chance where there is next to no traffic."""
FEW_OF: Final = frozenset({"slo", "refusals", "cache_hits", "traces"})
GAPS: Final = frozenset({Family.ABSENCE, Family.FLAT})
Key = tuple[str, Subject, Family, Direction]


@dataclass(frozen=True, slots=True)
class Policy:
    """How long things take, and how much is too much."""

    spread: timedelta = timedelta(minutes=3)
    """Between two onsets of one cause, whichever is seen first; later ones have to come of what goes on."""
    window: timedelta = timedelta(minutes=10)
    """So long after its end something may still have consequences, and changes may be one."""
    refresh: timedelta = timedelta(minutes=10)
    """How long a message may say old numbers."""
    calm: timedelta = timedelta(minutes=5)
    """So long nothing is open before it is over."""
    reopen: timedelta = timedelta(minutes=30)
    """So long after the end the same trouble is the same alert."""
    flaps: int = 3
    """So often it comes back …"""
    flap_window: timedelta = timedelta(hours=2)
    """… within this, and it flaps:"""
    damping: int = 4
    """times longer it then has to be calm."""
    budget: int = 12
    """Alerts that a channel is told of in 24 hours; critical ones always."""
    warm_up: timedelta = timedelta(minutes=5)
    """After a change of a service, in which its machines are busy with starting."""
    least_traffic: float = 0.1
    """Requests a second: with fewer, shares and quantiles are chance."""


def settle(
    known: Sequence[Alert],
    reported: Sequence[Finding],
    watch: Watch,
    ground: Ground,
    policy: Policy,
    now: datetime,
) -> tuple[Alert, ...]:
    """The alerts that are new or changed after one look of a watch; the same look again changes nothing.

    `known`: of the watch's channel, those that fire and those that changed in the last 24 hours. `reported`: what is
    open or has just ended; what this watch found earlier and does not report any more has ended.
    """
    ours = {each.id: each for each in known if each.group == watch.group}
    others = [each for each in known if each.group != watch.group and each.state is AlertState.FIRING]
    look = _Look(watch, ground, policy, now, ours, [each for each in others if each.shown and each.findings])
    told = _told(reported, watch)
    look.hear(told)
    held = {finding.key for each in look.alive.values() for finding in each.findings}
    past: dict[Key, datetime] = {}
    for finding in (one for each in ours.values() for one in each.findings):
        past[finding.key] = max(finding.ended or now, past.get(finding.key, finding.since))
    fresh = [
        each
        for key, each in told.items()
        if key not in held and not _known(each, past) and not excuse(each, watch, ground, policy, now)
    ]
    if fresh:
        look.place(fresh)
    return look.judged(sum(_counts(each, watch.channel, now) for each in known))


def _known(finding: Finding, past: Mapping[Key, datetime]) -> bool:
    """What is over was told before; so was a budget that burns on, though its alert is over."""
    over = past.get(finding.key)
    if over is None:
        return False
    return not finding.open or (ranking.lingers(finding) and finding.since <= over)


def excuse(finding: Finding, watch: Watch, ground: Ground, policy: Policy, now: datetime) -> str:
    """Why nobody is told of it now, in words; empty where nothing speaks against. It is asked anew with every look."""
    if finding.ended and now - finding.ended > policy.calm:
        return "it was over before anybody could be told"
    if not watch.built_in:
        return ""
    service, signal = finding.subject.service, finding.subject.signal
    if kind(signal) in STARTING or finding.family in GAPS:
        for change in ground.changed({service}, finding.subject.environment, finding.since):
            if now - (change.finished_at or change.at) < policy.warm_up:
                return f"{service} has just been changed: its machines are starting"
    rate = ground.traffic.get(service)
    if rate is not None and rate < policy.least_traffic and (kind(signal) in SHARES or signal in FEW_OF):
        return f"{service} has too little traffic to tell"
    return ""


def hidden_by(alert: Alert, silences: Iterable[Silence], now: datetime) -> str:
    """The id of the silence that hides all that is open of it, of several the longest."""
    active = sorted((each for each in silences if each.active(now)), key=lambda each: (each.until, each.id))
    found = [next((one.id for one in reversed(active) if one.hides(alert, each)), "") for each in alert.open]
    return found[0] if found and all(found) else ""


def _told(reported: Iterable[Finding], watch: Watch) -> dict[Key, Finding]:
    told: dict[Key, Finding] = {}
    for each in reported:
        one = replace(each, watch=watch.id)
        told[one.key] = told[one.key].seen_again(one) if one.key in told else one
    return told


def _counts(alert: Alert, channel: str, now: datetime) -> bool:
    """Against the channel's budget."""
    return alert.channel == channel and alert.shown and not alert.part_of and now - alert.opened_at < DAY


class _Look:
    """One look at the alerts of a group. `alive` are those that can change by it."""

    def __init__(
        self,
        watch: Watch,
        ground: Ground,
        policy: Policy,
        now: datetime,
        before: Mapping[str, Alert],
        others: Sequence[Alert],
    ) -> None:
        self.watch, self.ground, self.policy, self.now = watch, ground, policy, now
        self.before, self.others = before, others
        # What people called over while it went on is quiet, with all that it holds, until that has ended.
        self.alive = {each.id: each for each in before.values() if each.state is AlertState.FIRING or each.open}

    def hear(self, told: Mapping[Key, Finding]) -> None:
        """What is known, as it is now."""

        def heard(finding: Finding) -> Finding:
            if finding.key in told:
                return finding.seen_again(told[finding.key])
            ends = finding.open and finding.watch == self.watch.id
            return replace(finding, ended=self.now) if ends else finding

        for each in list(self.alive.values()):
            self.alive[each.id] = replace(each, findings=tuple(heard(one) for one in each.findings))

    def place(self, fresh: Sequence[Finding]) -> None:
        """Each new finding in an alert: one that fires, one that comes back, or a new one."""
        window = self.policy.window
        loose = self.watch.built_in or any(each.family is Family.OUTSIDE for each in fresh)
        near = neighbours(self.ground, window)
        groups = together(fresh, near, self.policy.spread) if loose else [tuple(fresh)]
        for several in sorted(groups, key=lambda each: min(one.since for one in each)):
            mark = self._fingerprint(several, loose=loose)
            home = self._home(several, near) if loose else next(iter(self._firing()), None)
            home = home or self._returning(several, mark) or self._new(several, mark, near)
            self.alive[home.id] = replace(home, findings=_united(home.findings, several))

    def _firing(self) -> list[Alert]:
        firing = (each for each in self.alive.values() if each.state is AlertState.FIRING)
        return sorted(firing, key=lambda each: (each.opened_at, each.id))

    def _home(self, findings: Sequence[Finding], near: Neighbours) -> Alert | None:
        """The one that began when it did, into which those go that began then, too; else the last that explains it."""
        firing, policy = self._firing(), self.policy
        if same := [each for each in firing if began_with(each, findings, near, policy.spread)]:
            since = min(each.since for each in findings)
            nearest = min(same, key=lambda each: abs(each.since - since))
            return reduce(self._merged, [each for each in same if abs(each.since - nearest.since) <= policy.spread])
        causes = (each for each in firing if comes_of(each, findings, near, policy.window))
        return max(causes, key=lambda each: each.since, default=None)

    def _fingerprint(self, findings: Sequence[Finding], *, loose: bool) -> str:
        """Of the group, the likely origin and what is measured there; of a watch of somebody's own, the watch."""
        parts = [self.watch.group]
        if loose:
            lead = ranking.ordered(findings, self.ground)[0].subject
            first = next((each.service for each in ranking.origins(findings, self.ground)), lead.service)
            measured = kind(lead.signal)
            parts += [lead.environment, first, lead.signal if measured == "other" else measured]
        return _digest(*parts)

    def _returning(self, findings: Sequence[Finding], mark: str) -> Alert | None:
        """The same trouble, over not long ago, fires again."""
        keys = {each.key for each in findings}
        past = [
            each
            for each in self.before.values()
            if each.id not in self.alive
            and self.now - _over(each) <= self.policy.reopen
            and ((each.fingerprint == mark and each.findings) or any(one.key in keys for one in each.findings))
        ]
        if not past:
            return None
        found = max(past, key=lambda each: (_over(each), each.id))
        lately = (*(at for at in found.reopenings if self.now - at <= self.policy.flap_window), self.now)
        flapping = len(lately) >= self.policy.flaps
        seen = {} if flapping else {"acknowledged_by": "", "acknowledged_at": None}
        return replace(
            found,
            state=AlertState.FIRING,
            resolved_at=None,
            calm_since=None,
            unwatched=False,
            reopened=found.reopened + 1,
            reopenings=lately,
            flapping=flapping,
            **seen,  # type: ignore[arg-type]
        )

    def _beside(self, findings: Sequence[Finding], near: Neighbours) -> Beside | None:
        """Two watches may find the same, and both are to say so: who wished for one of them waits for it."""
        policy = self.policy
        same = (
            each
            for each in self.others
            if began_with(each, findings, near, policy.spread) or comes_of(each, findings, near, policy.window)
        )
        found = min(same, key=lambda each: (each.opened_at, each.id), default=None)
        return Beside(found.id, found.title) if found else None

    def _new(self, findings: Sequence[Finding], mark: str, near: Neighbours) -> Alert:
        first = findings[0]
        return Alert(
            # Made of what it is of, so that two replicas that see the same make the same.
            id=f"alr-{_digest(mark, self.now.isoformat(), repr(min(each.key for each in findings)))}",
            group=self.watch.group,
            fingerprint=mark,
            channel=self.watch.channel,
            environment=first.subject.environment,
            state=AlertState.FIRING,
            severity="low",
            title="",
            findings=(),
            opened_at=self.now,
            changed_at=self.now,
            workspace=self.watch.workspace,
            timezone=self.watch.timezone,
            source=self.watch.aim.metric if self.watch.aim.kind is WatchKind.OUTSIDE else "",
            link=self.watch.aim.query if self.watch.aim.kind is WatchKind.OUTSIDE else "",
            beside=self._beside(findings, near),
            version=0,
        )

    def _merged(self, older: Alert, newer: Alert) -> Alert:
        """Two that turn out to be one; nothing of the newer is lost: neither what was told of it, nor what was said."""
        self.alive[newer.id] = replace(
            newer,
            state=AlertState.RESOLVED,
            findings=(),
            judgements=(),
            title=telling.joined(older.title),
            part_of=older.id,
        )
        seen = older if older.acknowledged_by else newer
        return replace(
            older,
            findings=_united(older.findings, newer.findings),
            judgements=_said((*older.judgements, *newer.judgements)),
            acknowledged_by=seen.acknowledged_by,
            acknowledged_at=seen.acknowledged_at,
            severity=min(older.severity, newer.severity, key=ranking.SEVERITIES.index),
            reopenings=tuple(sorted((*older.reopenings, *newer.reopenings))),
            flapping=older.flapping or newer.flapping,
            held_back=older.held_back and newer.held_back,
        )

    # ---------------------------------------------------------------- what became of each

    def judged(self, told_today: int) -> tuple[Alert, ...]:
        """All that differ from before, the ones to look at first, first."""
        found = []
        for each in ranking.ranked(self._judged(each) for each in self.alive.values()):
            before = self.before.get(each.id)
            if before is None and not each.findings:
                continue  # it was made and merged in one look
            after = each
            if before is None and each.severity != "critical" and not each.silence:
                after = replace(each, held_back=told_today >= self.policy.budget)
                told_today += after.shown
            if after != before:
                found.append(after)
        return tuple(found)

    def _judged(self, alert: Alert) -> Alert:
        before = self.before.get(alert.id)
        if not alert.findings:
            return alert.changed(self.now, resolved_at=self.now, calm_since=None)
        if alert.state is AlertState.RESOLVED:
            return telling.retold(before, alert)
        alert = self._described(before, replace(alert, findings=_kept(ranking.ordered(alert.findings, self.ground))))
        alert = telling.retold(before, alert)
        return alert.changed(self.now) if before is None or _notable(before, alert) or self._outdated(alert) else alert

    def _described(self, before: Alert | None, alert: Alert) -> Alert:
        """All that follows from its findings."""
        ground = self.ground
        again = before is None or before.state is AlertState.RESOLVED
        severity = ranking.severity(alert.open or alert.findings, ground)
        if not again:
            severity = min(severity, alert.severity, key=ranking.SEVERITIES.index)
        if before is None or again or _keys(alert) - _keys(before):
            spell = (alert.open if again else ()) or alert.findings
            since = min(each.since for each in spell)
            services = {*alert.services, *(far for each in alert.services for far in ground.graph.get(each, ()))}
            changes = reversed(ground.changed(services, alert.environment, since))
            alert = replace(
                alert,
                origins=ranking.origins(spell, ground),
                changes=tuple(f"{each.service}: {telling.done(each, since)}" for each in changes),
            )
        return self._ended(
            replace(
                alert,
                severity=severity,
                held_back=alert.held_back and severity != "critical",
                silence=hidden_by(alert, ground.silences, self.now) if alert.open else alert.silence,
            )
        )

    def _ended(self, alert: Alert) -> Alert:
        """Over once it was calm long enough; what others found has been waited for by them. A budget that burns on
        because of it keeps nothing open, and is told again when it is urgent; of budgets alone none may burn.
        """
        burned = all(each.family is Family.BURN for each in alert.findings)
        if any(burned or not ranking.lingers(each) for each in alert.open):
            return replace(alert, calm_since=None)
        calm_since = alert.calm_since or max(each.ended for each in alert.findings if each.ended)
        wait = self.policy.calm * (self.policy.damping if alert.flapping else 1)
        outside = all(each.family is Family.OUTSIDE for each in alert.findings)
        if self.now - calm_since < wait and not outside:
            return replace(alert, calm_since=calm_since)
        findings = tuple(replace(each, ended=self.now) if each.open else each for each in alert.findings)
        return replace(alert, findings=findings, calm_since=calm_since, state=AlertState.RESOLVED, resolved_at=self.now)

    def _outdated(self, alert: Alert) -> bool:
        return bool(alert.open) and self.now - alert.changed_at >= self.policy.refresh


def _notable(before: Alert, after: Alert) -> bool:
    """Whether people should see a difference."""
    known = {each.key: each for each in before.findings}
    return (
        (before.state, before.severity, before.silence, before.held_back)
        != (after.state, after.severity, after.silence, after.held_back)
        or bool(_keys(after) - known.keys())
        or any(each.open and each.size > (1.0 + NOTABLE) * known[each.key].size for each in after.findings[:1])
    )


def _said(judgements: Iterable[Judgement]) -> tuple[Judgement, ...]:
    """Of each person one word: the newest that was not taken back, with all that their words taught."""
    words: dict[str, Judgement] = {}
    for each in judgements:
        if said := words.get(each.person):
            newest = max(said, each, key=lambda word: (word.verdict != "none", word.at))
            lessons = (replace(one, at=one.at or word.at) for word in (said, each) for one in word.lessons)
            words[each.person] = replace(newest, lessons=tuple(lessons))
        else:
            words[each.person] = each
    return tuple(words.values())


def _united(one: Iterable[Finding], other: Iterable[Finding]) -> tuple[Finding, ...]:
    found = {each.key: each for each in one}
    for each in other:
        found[each.key] = found[each.key].seen_again(each) if each.key in found else each
    return tuple(found.values())


def _kept(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """A row must not grow for ever: of those that ended, the latest."""
    if len(findings) <= MOST_FINDINGS:
        return findings
    ended = sorted((each.ended for each in findings if each.ended), reverse=True)
    room = max(0, MOST_FINDINGS - (len(findings) - len(ended)))
    since = ended[room - 1] if room else None
    return tuple(each for each in findings if each.ended is None or (since is not None and each.ended >= since))


def _keys(alert: Alert) -> set[Key]:
    return {each.key for each in alert.findings}


def _over(alert: Alert) -> datetime:
    """Since when there was nothing of it."""
    ends = (each.ended for each in alert.findings if each.ended)
    return max((alert.resolved_at or alert.changed_at, *ends))


def _digest(*parts: str) -> str:
    return sha256("\n".join(parts).encode()).hexdigest()[:16]
