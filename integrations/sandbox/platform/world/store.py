"""What Prometheus would have scraped: series worked out when they are asked for, and only those that match."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, Final

from bot.errors import InvalidInput
from integrations.sandbox.platform.prometheus.storage import NAME, Block, Labels, Matcher, Metadata, labels_of
from integrations.sandbox.platform.world.field import MINUTES
from integrations.sandbox.platform.world.kept import Kept
from integrations.sandbox.platform.world.metrics import METRICS, Metric, Row
from integrations.sandbox.platform.world.nature import ENVIRONMENTS
from integrations.sandbox.platform.world.reading import (
    MINUTE_MS,
    SCRAPE_MS,
    Pod,
    Reader,
    Stay,
    offset,
    own_labels,
    stays,
)
from integrations.sandbox.platform.world.shapes import Floats, Instance

if TYPE_CHECKING:
    from integrations.sandbox.platform.world.world import World

MOST_SAMPLES: Final = 50_000_000  # as many as Prometheus takes into memory for one query
MOST_MINUTES: Final = 400 * MINUTES
KEPT_BYTES: Final = 96 * 2**20
"""Of sheets: what two hours of every service need, or a month of a few."""
KEPT_PODS: Final = 1_024
"""Whose labels are: for each metric a few dozen rows."""
_OWN_LABELS: Final = ("service", "env", "instance", "job", "version", NAME)


class Store:
    """Matching before computing, and computing whole days at once."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.sheets: Kept[Floats] = Kept(KEPT_BYTES, lambda sheet: sheet.nbytes)
        self._labels = lru_cache(KEPT_PODS)(self._named)

    def names(self) -> list[str]:
        return sorted(metric.name for metric in METRICS)

    def metadata(self) -> dict[str, Metadata]:
        known: dict[str, Metadata] = {}
        for metric in METRICS:
            kind = "histogram" if metric.family else "counter" if metric.kind == "counter" else "gauge"
            known[metric.family or metric.name] = Metadata(kind, metric.help)  # type: ignore[arg-type]
        return known

    def series(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> list[Mapping[str, str]]:
        return [{**pod.own, **row} for pod in self._pods(matchers, start_ms, end_ms) for row in pod.rows]

    def label_names(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> list[str]:
        found: set[str] = set()
        for pod in self._pods(matchers, start_ms, end_ms):
            found.update(pod.own, pod.rows[0])  # the rows of a metric differ in values, not in names
        return sorted(found)

    def label_values(self, name: str, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> list[str]:
        found: set[str] = set()
        for pod in self._pods(matchers, start_ms, end_ms):
            found.update(each[name] for each in ([pod.own] if name in _OWN_LABELS else pod.rows) if name in each)
        return sorted(found)

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> Iterator[Block]:
        """Refused before the first one is worked out, if they are too many."""
        pods, samples = [], 0
        for pod in self._pods(matchers, start_ms, end_ms):
            pods.append(pod)
            samples += pod.samples
            if samples > MOST_SAMPLES:
                raise InvalidInput("query processing would load too many samples into memory in query execution")
        return (
            Reader(self.world, self.sheets, pod).block(self._labels(pod.metric, pod.first, pod.places)) for pod in pods
        )

    def _named(self, metric: Metric, run: Instance, places: tuple[int, ...]) -> tuple[Labels, ...]:
        own, rows = own_labels(metric, run), metric.rows(self.world.nature.profiles[run.service], run.service)
        return tuple(labels_of({**own, **rows[place]}) for place in places)

    def _pods(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> Iterator[Pod]:
        """What matches and has a sample in the range, in the order of metric, service, environment, instance."""
        start_ms = max(start_ms, end_ms - MOST_MINUTES * MINUTE_MS)
        metrics = [metric for metric in METRICS if _fits(matchers, NAME, metric.name)]
        if not metrics or end_ms < start_ms:
            return
        for service in self.world.services:
            if not (_fits(matchers, "service", service) and _fits(matchers, "job", service)):
                continue
            wanted = [(metric, rows) for metric in metrics if (rows := self._rows(metric, service, matchers))]
            for env in ENVIRONMENTS:
                if not (wanted and _fits(matchers, "env", env)):
                    continue
                pods = self._instances(service, env, matchers, start_ms, end_ms)
                for metric, rows in wanted:
                    for there in pods:
                        if _fits(matchers, "version", there[0].run.version if metric.versioned else ""):
                            yield Pod(metric, there, tuple(rows.values()), tuple(rows))

    def _rows(self, metric: Metric, service: str, matchers: Sequence[Matcher]) -> dict[int, Row]:
        """Those that match, by their place among all that a service has of a metric."""
        further = [matcher for matcher in matchers if matcher.name not in _OWN_LABELS]
        rows = enumerate(metric.rows(self.world.nature.profiles[service], service))
        return {place: row for place, row in rows if all(one.matches(row.get(one.name, "")) for one in further)}

    def _instances(
        self, service: str, env: str, matchers: Sequence[Matcher], start_ms: int, end_ms: int
    ) -> list[tuple[Stay, ...]]:
        """By name; runs that were over just before the range may be found gone in it."""
        runs = self.world.instances(service, env, (start_ms - SCRAPE_MS) / 1000, end_ms / 1000)
        runs = [run for run in runs if _fits(matchers, "instance", run.name)]
        runs.sort(key=lambda run: (run.index, run.name, run.start))
        named = (list(same) for _, same in groupby(runs, key=lambda run: run.name))
        seed = self.world.seed
        return [there for same in named if (there := tuple(stays(same, offset(seed, same[0]), start_ms, end_ms)))]


def _fits(matchers: Sequence[Matcher], name: str, value: str) -> bool:
    return all(matcher.matches(value) for matcher in matchers if matcher.name == name)
