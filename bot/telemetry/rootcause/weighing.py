"""Weighs what metrics, traces, logs, the call graph and changes say of each service; the suspects come in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from bot.telemetry.rootcause import evidence, symptoms, testimony
from bot.telemetry.rootcause.case import Case
from bot.telemetry.rootcause.strength import NOTABLE
from bot.telemetry.rootcause.topology import topology
from bot.telemetry.rootcause.verdict import Explanation
from bot.telemetry.signals import Change, Floats

FRESH: Final = 15 * 60.0
"""Seconds after which a change is half as suspicious as at once …"""
STALE: Final = 4 * FRESH
"""… and after which it is none."""
LATE: Final = 3 * 60.0
"""How long after the onset a change still counts: the onset is an estimate."""
NEAR: Final = 2 * 60.0
"""Two onsets so near are one."""
SUSPICION: Final = 1.0
"""What a fresh change multiplies a suspicion by, beyond one. No change makes a well service a suspect."""
WEIGHT: Final[Mapping[str, float]] = {"deploy": 1.0, "rollback": 1.0, "config": 1.0, "failover": 0.7}
LESS: Final = 0.5
"""Scaling, restarting, flushing: more often a remedy than a cause."""
SECONDHAND: Final = 0.8
"""What metrics are worth beside traces, which see who waits for whom."""
SHARP: Final = 3.0
"""How fast confidence goes to the first of unequal scores."""
ENOUGH: Final = 0.4
"""A score at which the evidence itself is no reason to doubt."""


def explain(case: Case) -> Explanation:
    """Every service is a suspect, in order; the ones at the end have nothing against them."""
    services = tuple(dict.fromkeys(case.services))
    index = {service: i for i, service in enumerate(services)}
    graph = topology(services, _calls(case))
    metrics = symptoms.read(case, index, graph)
    traces = testimony.traces(*case.traces, index) if case.traces and all(one.traces for one in case.traces) else None
    logs = testimony.logs(case.logs, index, graph) if case.logs else None
    onset = case.onset or _onset(case, metrics, index)
    changes = _changes(case.changes or (), index, onset) if onset else {}
    # One witness who is sure outweighs several who are not.
    heard = [metrics.score * (SECONDHAND if traces else 1.0), *(one.score for one in (traces, logs) if one)]
    score: Floats = np.sqrt(np.sum(np.square(heard), axis=0))
    for i, (fresh, _) in changes.items():
        score[i] *= 1.0 + SUSPICION * fresh
    weighed = evidence.Weighed(
        services=services,
        graph=graph,
        metrics=metrics,
        traces=traces,
        spans=_spans(case, services, onset),
        logs=logs,
        changes=changes,
        onset=_told(case.since, onset),
        target=case.target[0] if case.target else "",
        score=score,
        confidence=_confidence(score),
    )
    order = sorted(range(len(services)), key=lambda i: (-score[i], -metrics.top[i], services[i]))
    return Explanation(
        tuple(evidence.suspect(weighed, i) for i in order),
        evidence.ruled_out(weighed, order),
        _missing(case, weighed),
        weighed.onset,
    )


def _calls(case: Case) -> set[tuple[str, str]]:
    return set(case.calls or ()).union(*(profile.calls for profile in case.traces or ()))


def _onset(case: Case, metrics: symptoms.Metrics, index: Mapping[str, int]) -> datetime | None:
    """The first of two samples in a row at which the target (or else the most unusual service) was unwell."""
    if case.start is None or case.step <= 0 or not metrics.found:
        return None
    service, name = case.target or ("", "")
    found = metrics.found.get(index.get(service, -1)) or metrics.found.get(int(metrics.top.argmax()), ())
    worst = max(found, key=lambda one: (one.metric.name == name, one.top), default=None)
    if worst is None:
        return None
    high = np.nan_to_num(worst.z) > NOTABLE
    pairs = np.flatnonzero(high & np.append(high[1:], high[-1:]))
    return case.start + timedelta(seconds=float(pairs[0]) * case.step) if len(pairs) else None


def _told(since: datetime | None, onset: datetime | None) -> datetime | None:
    """One beginning, not two a minute apart."""
    near = since is not None and onset is not None and abs((onset - since).total_seconds()) <= NEAR
    return since if near else onset


def _spans(case: Case, services: Sequence[str], onset: datetime | None) -> list[int]:
    starts = case.traces[1].starts if case.traces else {}
    begin = onset.timestamp() if onset else -np.inf
    return [int((starts[name] >= begin).sum()) if name in starts else 0 for name in services]


def _changes(changes: Sequence[Change], index: Mapping[str, int], onset: datetime) -> dict[int, tuple[float, Change]]:
    """Each service's most suspicious change: the nearer before the onset, the more."""
    found: dict[int, tuple[float, Change]] = {}
    for change in changes:
        at = index.get(change.service)
        age = (onset - change.at).total_seconds()
        if at is None or not -LATE <= age <= STALE:
            continue
        fresh = WEIGHT.get(change.kind, LESS) * 0.5 ** (max(0.0, age) / FRESH)
        if fresh > found.get(at, (0.0, change))[0]:
            found[at] = (fresh, change)
    return found


def _confidence(score: Floats) -> Floats:
    """A share among the suspects, less where even the first has little against it."""
    powers = np.power(np.maximum(score, 0.0), SHARP)
    total = float(powers.sum())
    result: Floats = powers / total * np.minimum(1.0, score / ENOUGH) if total > 0 else np.zeros_like(powers)
    return result


def _missing(case: Case, weighed: evidence.Weighed) -> tuple[str, ...]:
    """What could not be looked at, said aloud."""
    said = list(case.missing)
    if not weighed.graph.known:
        said.append("no call graph: order by signal strength only")
    said += _without("metrics", [name for i, name in enumerate(weighed.services) if i not in weighed.metrics.found])
    if weighed.traces is None:
        said.append("no traces")
    elif case.traces:
        said += _without("traces", [name for name in weighed.services if name not in case.traces[1].services])
    said += (
        _without("logs", [name for name in weighed.services if not case.logs.get(name)]) if case.logs else ["no logs"]
    )
    if case.changes is None:
        said.append("no record of deploys and other changes")
    elif weighed.onset is None:
        said.append("when it began is not known: changes were not weighed")
    return tuple(dict.fromkeys(said))


def _without(what: str, services: Sequence[str], most: int = 4) -> list[str]:
    if not services:
        return []
    more = f" and {len(services) - most} more" if len(services) > most else ""
    return [f"no {what} of {', '.join(services[:most])}{more}"]
