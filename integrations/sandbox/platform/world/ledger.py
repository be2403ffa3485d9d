"""What has been done to the world so far, folded from its events: deployments, replicas, restarts, effects."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from itertools import pairwise
from typing import Final, cast

from bot.telemetry.signals import Change
from integrations.sandbox.platform.world import noise, schedule
from integrations.sandbox.platform.world.nature import Nature
from integrations.sandbox.platform.world.schedule import DAY, FOREVER, MINUTE, Deployment, Effect, whole_minute
from integrations.sandbox.platform.world.shapes import Event, Fault, FaultKind, Instance

FLUSH_MINUTES: Final = 60
RECYCLE_SECONDS: Final = 7_200  # after midnight, when each process starts anew
FAILOVER_MINUTES: Final = 2
CURES: Final[dict[str, frozenset[str]]] = {
    "restart": frozenset({"memory_leak", "connection_exhaustion"}),
    "deploy": frozenset({"memory_leak", "connection_exhaustion"}),  # new processes, as good as a restart
    "rollback": frozenset({"memory_leak", "connection_exhaustion"}),
    "failover": frozenset({"connection_exhaustion"}),
}
_AFTERMATHS: Final = {"flush": FLUSH_MINUTES, "failover": FAILOVER_MINUTES}
Place = tuple[str, str]


class Ledger:
    """The fold; never changed once made, so what it gives may be kept."""

    def __init__(self, nature: Nature, quiet_from: float, events: Sequence[Event] = ()) -> None:
        self.nature, self.quiet_from = nature, quiet_from
        self.events = tuple(events)
        self._deployed: defaultdict[Place, list[Deployment]] = defaultdict(list)
        self._replicas: dict[Place, list[tuple[float, int]]] = {}
        self._restarts: defaultdict[Place, list[float]] = defaultdict(list)
        self._effects: dict[str, Effect] = {}
        for event in sorted(events, key=lambda event: event.at):
            self._enter(event)

    def _enter(self, event: Event) -> None:
        place, at = (event.service, event.environment), event.at.timestamp()
        start = whole_minute(at)
        match event.kind:
            case "deploy" | "rollback" | "bad_deploy":
                kind = "rollback" if event.kind == "rollback" else "deploy"
                self._deployed[place].append(
                    Deployment(event.id, at, kind, *place, event.version, event.size, event.by)  # type: ignore[arg-type]
                )
            case "scale":
                steps = self._replicas.setdefault(place, [(float("-inf"), self.nature.replicas(*place))])
                steps.append((float(start * MINUTE), event.replicas))
            case "restart":
                self._restarts[place].append(float(start * MINUTE))
            case "flush" | "failover":
                effect = Effect(event.id, event.kind, *place, start, start + _AFTERMATHS[event.kind], 1.0)
                self._effects[event.id] = effect
            case "end":
                self._stop(event.of, start)
            case _:
                stop = whole_minute(event.until.timestamp()) if event.until else FOREVER
                self._effects[event.id] = Effect(event.id, event.kind, *place, start, stop, event.size)
        for effect in tuple(self._effects.values()):
            cured = effect.kind in CURES.get(event.kind, ())
            if cured and (effect.service, effect.environment) == place and effect.start < start:
                self._stop(effect.id, start + 1)

    def _stop(self, name: str, minute: int) -> None:
        if (effect := self._effects.get(name)) and minute < effect.stop:
            self._effects[name] = replace(effect, stop=max(minute, effect.start))

    # ---------------------------------------------------------------- what is where

    def deployments(self, service: str, environment: str, start: float, end: float) -> list[Deployment]:
        """Those that begin in the window, and before them the one that is in place as it opens."""
        seed = self.nature.seed
        slots = range(
            schedule.slot_of(seed, service, environment, start) - 2,
            schedule.slot_of(seed, service, environment, end) + 1,
        )
        found = [
            deployment
            for slot in slots
            for deployment in schedule.deploys_of(seed, service, environment, slot, self.quiet_from)
        ]
        found += self._deployed[service, environment]
        found.sort(key=lambda deployment: (deployment.begin, deployment.at))
        current = max((place for place, one in enumerate(found) if one.begin <= start), default=0)
        return [one for one in found[current:] if one.begin <= end]

    def current(self, service: str, environment: str, at: float) -> Deployment:
        return self.deployments(service, environment, at, at)[-1]

    def former(self, service: str, environment: str, at: float, days: int) -> Deployment | None:
        """What ran before what runs now; rollbacks lead further back."""
        ways: list[Deployment] = []
        for deployment in self.deployments(service, environment, at - days * DAY, at):
            if deployment.kind == "rollback" and ways:
                ways.pop()
                while ways and ways[-1].version != deployment.version:
                    ways.pop()
            if not ways or ways[-1].version != deployment.version:
                ways.append(deployment)
        return ways[-2] if len(ways) > 1 else None

    def replicas(self, service: str, environment: str) -> list[tuple[float, int]]:
        """From when on how many are wanted."""
        place = (service, environment)
        return self._replicas.get(place) or [(float("-inf"), self.nature.replicas(*place))]

    def replicas_at(self, service: str, environment: str, at: float) -> int:
        return [count for since, count in self.replicas(service, environment) if since <= at][-1]

    def step(self, deployment: Deployment) -> float:
        """Seconds from one instance's replacement to the next one's."""
        return self._wait(deployment.service, deployment.environment, deployment.begin)

    def _wait(self, service: str, environment: str, at: float) -> float:
        return schedule.ROLLOUT_SECONDS / max(4, self.replicas_at(service, environment, at))

    def effects(self, environment: str, first: int, last: int) -> list[Effect]:
        """What is in force somewhere in these minutes, bad deploys apart."""
        seed, names = self.nature.seed, self.nature.order
        found = [
            effect
            for effect in self._effects.values()
            if effect.environment == environment and effect.start < last and effect.stop > first
        ]
        found += schedule.incidents(seed, environment, names, first, last, self.quiet_from)
        for name in names:
            found += schedule.blips(seed, name, environment, first, last, self.quiet_from)
        return found

    def leaks(self, service: str, environment: str, first: int, last: int) -> list[Effect]:
        seeded = schedule.incidents(self.nature.seed, environment, (service,), first, last, self.quiet_from)
        return [
            effect
            for effect in (*self._effects.values(), *seeded)
            if effect.kind == "memory_leak"
            and (effect.service, effect.environment) == (service, environment)
            and effect.start < last
            and effect.stop > first
        ]

    def effect(self, name: str) -> Effect | None:
        return self._effects.get(name)

    # ---------------------------------------------------------------- instances

    def instances(self, service: str, environment: str, start: float, end: float) -> list[Instance]:
        """Every run of a process that overlaps the window."""
        rollout = self.deployments(service, environment, start - DAY, end)
        ends = [*rollout[1:], None]
        leaks = self.leaks(service, environment, int(start // MINUTE) - DAY // MINUTE, whole_minute(end) + 1)
        steps = self.replicas(service, environment)
        found: list[Instance] = []
        for index in range(max(count for _, count in steps)):
            cuts = sorted(self._cuts(service, environment, index, leaks, start, end))
            node = self.nature.node(service, environment, index)
            for since, until in _presence(steps, index):
                for deployment, following in zip(rollout, ends, strict=True):
                    opens = max(since, deployment.begin + index * self.step(deployment))
                    closes = min(until, following.begin + index * self.step(following) if following else FOREVER)
                    name = _pod(self.nature.seed, deployment, index)
                    inside = cuts[bisect_right(cuts, opens) : bisect_left(cuts, closes)]
                    for born, died in pairwise([opens, *inside, closes]):
                        if born < end and died > start and born < died:
                            version, of = deployment.version, deployment.id
                            found.append(Instance(name, service, environment, index, version, of, node, born, died))
        return found

    def _cuts(
        self, service: str, environment: str, index: int, leaks: list[Effect], start: float, end: float
    ) -> Iterator[float]:
        """When its process starts anew: once a day, when asked to, and whenever memory is full."""
        daily = noise.number(self.nature.seed, "recycle", service, environment, index) % RECYCLE_SECONDS
        first, last = start - DAY, end + DAY
        yield from (float(day * DAY + daily) for day in range(int(first // DAY), int(last // DAY) + 1))
        for at in self._restarts.get((service, environment), ()):
            yield at + index * self._wait(service, environment, at)
        for leak in leaks:
            period = leak_minutes(leak, index)
            stop = min(leak.stop, whole_minute(last))
            yield from (float(minute * MINUTE) for minute in range(leak.start + period, stop, period))

    # ---------------------------------------------------------------- what people see of it

    def changes(self, service: str, environment: str, start: float, end: float) -> Iterator[Change]:
        """Everything done to a service in a window."""
        known = self.deployments(service, environment, start - DAY, end + MINUTE)
        for former, deployment in pairwise(known):
            if start <= deployment.at < end:
                yield _change(deployment, former.version, self.step(deployment))
        for event in self.events:
            at = event.at.timestamp()
            mine = (event.service, event.environment) == (service, environment) and start <= at < end
            if mine and event.kind in {"scale", "restart", "flush", "failover"}:
                yield self.acted(event)

    def acted(self, event: Event) -> Change:
        """An action as a change."""
        at = event.at.timestamp()
        version = self.current(event.service, event.environment, at).version
        if event.kind in {"deploy", "rollback", "bad_deploy"}:
            return next(
                change for change in self.changes(event.service, event.environment, at, at + 1) if change.id == event.id
            )
        kind = cast("str", event.kind)
        before = self.replicas_at(event.service, event.environment, at)
        title = {
            "scale": f"Scale {event.service} from {before} to {event.replicas} replicas",
            "restart": f"Restart {event.service}",
            "flush": f"Flush the cache of {event.service}",
            "failover": f"Fail {event.service} over to its standby",
        }[kind]
        seconds = {"scale": 30.0, "restart": schedule.ROLLOUT_SECONDS}.get(kind, 60.0)
        finished = datetime.fromtimestamp(whole_minute(at) * MINUTE + seconds, UTC)
        return Change(
            event.id, event.at, kind, event.service, event.environment, title,  # type: ignore[arg-type]
            version, version, event.by, finished,
        )  # fmt: skip

    def faults(self) -> Iterator[Fault]:
        """Every fault that somebody injected."""
        for event in self.events:
            if event.kind == "bad_deploy":
                begin = whole_minute(event.at.timestamp()) * MINUTE
                later = [
                    one.begin
                    for one in self.deployments(event.service, event.environment, begin, begin + 30 * DAY)
                    if one.id != event.id and (one.begin, one.at) > (begin, event.at.timestamp())
                ]
                yield _fault(event, begin, min(later, default=None))
            elif event.kind not in _AFTERMATHS and (effect := self._effects.get(event.id)):
                stop = None if effect.stop == FOREVER else float(effect.stop * MINUTE)
                yield _fault(event, effect.start * MINUTE, stop)


def leak_minutes(leak: Effect, index: int) -> int:
    """Until memory is full; no two instances leak alike."""
    return round(leak.size) + 3 * index


def _presence(steps: list[tuple[float, int]], index: int) -> Iterator[tuple[float, float]]:
    since: float | None = None
    for at, count in steps:
        if index < count:
            since = at if since is None else since
        elif since is not None:
            yield since, at
            since = None
    if since is not None:
        yield since, FOREVER


@lru_cache(maxsize=16_384)
def _pod(seed: int, deployment: Deployment, index: int) -> str:
    place = (deployment.service, deployment.environment)
    replica_set = noise.letters(5, seed, *place, deployment.version)
    return f"{deployment.service}-{replica_set}-{noise.letters(5, seed, *place, deployment.id, index)}"


def _change(deployment: Deployment, before: str, step: float) -> Change:
    word = "Roll back" if deployment.kind == "rollback" else "Deploy"
    title = f"{word} {deployment.service} to {deployment.version}"
    finished = datetime.fromtimestamp(deployment.begin + step * 4, UTC)
    at = datetime.fromtimestamp(deployment.at, UTC)
    place = (deployment.service, deployment.environment)
    return Change(
        deployment.id, at, deployment.kind, *place, title, deployment.version, before, deployment.by, finished
    )


def _fault(event: Event, start: float, stop: float | None) -> Fault:
    return Fault(
        event.id,
        cast("FaultKind", event.kind),
        event.service,
        event.environment,
        datetime.fromtimestamp(start, UTC),
        None if stop is None else datetime.fromtimestamp(stop, UTC),
        event.size,
        event.version,
    )
