"""What speaks for and against each suspect, in words, and who was ruled out: the numbers that were weighed, said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import numpy as np

from bot.telemetry.rootcause import words
from bot.telemetry.rootcause.strength import NOTABLE, Deviation, certainty
from bot.telemetry.rootcause.symptoms import SURGING, Metrics
from bot.telemetry.rootcause.testimony import Sayings, Testimony
from bot.telemetry.rootcause.topology import Topology
from bot.telemetry.rootcause.verdict import Evidence, RuledOut, Suspect
from bot.telemetry.signals import Change, Floats
from bot.telemetry.units import shown

CAUSED: Final = 0.5
"""So much of a service's trouble accounted for by another: ruled out."""
WORTH_SAYING: Final = 0.15
FAR: Final = 2 * NOTABLE
"""A single sample so far out, and the metrics are not as usual, though it may be chance."""
RECENT: Final = 0.1
"""The share of the samples that are the latest: trouble that has just begun is in few of them."""
CALLS: Final = 20.0
"""So many calls were to be expected, before it is said that they are not made …"""
CLEARLY: Final = 0.5
"""… and not more than this share of them was seen."""
SPANS: Final = 10
"""So many spans since the onset, before a service's work is said to be as usual."""


@dataclass(frozen=True, slots=True, eq=False)
class Weighed:
    """Everything that was weighed; arrays are by service."""

    services: tuple[str, ...]
    graph: Topology
    metrics: Metrics
    traces: Testimony | None
    spans: Sequence[int]
    """How many of each service were seen since the onset."""
    logs: Sayings | None
    changes: Mapping[int, tuple[float, Change]]
    """How suspicious each service's last change is, and the change."""
    onset: datetime | None
    target: str
    score: Floats
    confidence: Floats


def suspect(weighed: Weighed, i: int) -> Suspect:
    """A change is the first evidence, where there is one: it is what can be undone."""
    told = (*_changed(weighed, i), *_unwell(weighed, i), *_traced(weighed, i), *_logged(weighed, i))
    return Suspect(
        weighed.services[i],
        float(weighed.score[i]),
        float(weighed.confidence[i]),
        tuple(sorted(told, key=lambda one: (one.kind != "change", -one.weight))),
        tuple(sorted(_against(weighed, i), key=lambda one: -one.weight)),
    )


def _changed(weighed: Weighed, i: int) -> list[Evidence]:
    if i not in weighed.changes or weighed.onset is None:
        return []
    fresh, change = weighed.changes[i]
    data = {"id": change.id, "at": change.at.isoformat(), "version": change.version, "before": change.before}
    return [Evidence("change", round(fresh, 3), words.change(change, weighed.onset), data)]


def _strongest(found: Sequence[Deviation]) -> list[Deviation]:
    """One for each kind: p90, p95 and p99 are one witness."""
    best: dict[str, Deviation] = {}
    for one in map(_lately, found):
        if one.top > best.get(one.metric.kind, one).top or one.metric.kind not in best:
            best[one.metric.kind] = one
    return list(best.values())


def _lately(one: Deviation) -> Deviation:
    """What has just begun is told by the latest samples, where they are far out one after the other."""
    seen = np.flatnonzero(np.isfinite(one.z))
    last = seen[-max(2, int(RECENT * len(seen))) :]
    far = last[one.z[last] > FAR]
    if one.top > NOTABLE or len(far) < 2 or one.z[seen[-1]] <= NOTABLE:  # noqa: PLR2004  one is a spike
        return one
    middle = far[np.argsort(one.z[far])[len(far) // 2]]
    return replace(one, top=float(one.z[middle]), during=float(one.metric.abnormal[middle]))


def _restless(found: Sequence[Deviation]) -> bool:
    return any(bool((np.nan_to_num(one.z) > FAR).any()) for one in found)


def _unwell(weighed: Weighed, i: int) -> list[Evidence]:
    metrics, evidence = weighed.metrics, []
    for one in _strongest(metrics.found.get(i, ())):
        if one.top > NOTABLE:
            weight = float(certainty(np.array([one.top]), metrics.null)[0])
            data = {
                "metric": one.metric.name,
                "before": one.before,
                "during": one.during,
                "deviations": round(one.top, 1),
            }
            evidence.append(Evidence("metrics", round(weight, 3), words.deviation(one), data))
    share, target = float(metrics.share[i]), weighed.target
    if evidence and share > CAUSED and weighed.services[i] != target:
        at_once = ", at the same times" if metrics.agree[i] > CAUSED else ""
        text = f"what it lost is {share:.0%} of what {target} lost{at_once}"
        evidence.append(Evidence("topology", round(share * float(metrics.agree[i]), 3), text, {"share": share}))
    if metrics.surge[i] - metrics.surged[i] > SURGING and weighed.graph.known:
        text = "its traffic grew, and that of its callers did not"
        evidence.append(Evidence("topology", round(float(metrics.surge[i] - metrics.surged[i]), 3), text))
    return evidence


def _traced(weighed: Weighed, i: int) -> list[Evidence]:
    traces, evidence = weighed.traces, []
    if traces is None:
        return []
    if traces.time[i] > WORTH_SAYING:
        seconds = float(traces.seconds[i])
        text = f"its own work takes {shown(seconds, 's')} longer in each trace"
        evidence.append(Evidence("traces", round(float(traces.time[i]), 3), text, {"seconds": seconds}))
    if traces.begun[i] > WORTH_SAYING:
        share = float(traces.origins[i])
        text = f"errors begin here, in {shown(share, 'share')} more of the traces"
        evidence.append(Evidence("traces", round(float(traces.begun[i]), 3), text, {"share": share}))
    if traces.stopped[i] > WORTH_SAYING and i in traces.vanished:
        parent, child, usual, now = traces.vanished[i]
        if usual >= CALLS and now <= CLEARLY * usual:
            text, data = words.stopped(parent, child, now / usual), {"expected": usual, "seen": now}
            evidence.append(Evidence("traces", round(float(traces.stopped[i]), 3), text, data))
    return evidence


def _logged(weighed: Weighed, i: int) -> list[Evidence]:
    logs = weighed.logs
    if logs is None or i not in logs.patterns or logs.score[i] <= WORTH_SAYING:
        return []
    delta = logs.patterns[i]
    data = {"pattern": delta.pattern, "expected": delta.expected, "seen": delta.seen}
    return [Evidence("logs", round(float(logs.score[i]), 3), words.saying(delta), data)]


def _against(weighed: Weighed, i: int) -> list[Evidence]:
    metrics, target, against = weighed.metrics, weighed.target, []
    unwell = metrics.top[i] > NOTABLE
    if metrics.within[i] < 1:
        text = f"{target} does not call it, not even through others"
        against.append(Evidence("topology", round(float(1 - metrics.within[i]), 3), text))
    if (cause := _cause(weighed, i)) is not None:
        by, share = cause
        text = f"{weighed.services[by]}, which it depends on, accounts for {share:.0%} of it"
        against.append(Evidence("topology", round(share, 3), text, {"because_of": weighed.services[by]}))
    if metrics.surged[i] > SURGING:
        against.append(Evidence("metrics", round(float(metrics.surged[i]), 3), "its callers send it more than usual"))
    if not unwell and not _restless(metrics.found.get(i, ())):
        text = "its metrics are as usual" if metrics.found.get(i) else "it has no metrics to look at"
        against.append(Evidence("metrics", CAUSED, text))
    elif unwell and target and metrics.agree[i] < CAUSED / 2:
        text = f"it was unwell at other times than {target}"
        against.append(Evidence("metrics", round(float(1 - metrics.agree[i]), 3), text))
    elif unwell and metrics.share[i] < WORTH_SAYING:
        text = f"what it lost is only {metrics.share[i]:.0%} of what {target} lost"
        against.append(Evidence("metrics", CAUSED, text))
    if weighed.traces is not None and weighed.traces.score[i] < WORTH_SAYING and weighed.spans[i] >= SPANS:
        against.append(Evidence("traces", 0.3, "in traces its own work is as usual, and no errors begin in it"))
    if weighed.logs is not None and weighed.logs.score[i] < WORTH_SAYING:
        against.append(Evidence("logs", 0.2, "nothing unusual in its logs"))
    return against


def _cause(weighed: Weighed, i: int) -> tuple[int, float] | None:
    row = weighed.metrics.explained[i]
    by = int(row.argmax())
    return (by, float(row[by])) if row[by] > CAUSED else None


def ruled_out(weighed: Weighed, order: Sequence[int]) -> tuple[RuledOut, ...]:
    """Looks unwell, and a better suspect accounts for it."""
    out = []
    for i in order[1:]:
        service, cause = weighed.services[i], _cause(weighed, i)
        if weighed.metrics.top[i] <= NOTABLE:
            continue
        if cause is not None and weighed.score[cause[0]] > weighed.score[i]:
            by = weighed.services[cause[0]]
            out.append(RuledOut(service, f"unwell because of {by}, which accounts for {cause[1]:.0%} of it", by))
        elif weighed.metrics.surged[i] > SURGING:
            out.append(RuledOut(service, "busier because its callers are"))
        elif weighed.metrics.within[i] < 1:
            out.append(RuledOut(service, f"unwell too, but {weighed.target} does not call it"))
    return tuple(out)
