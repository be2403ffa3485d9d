"""The log lines of the world: when each was written follows from arrays, what it says from its own 64 bits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bot.telemetry.queries.logql import LineFilter, Matcher
from integrations.sandbox.platform.loki.dice import Bits, counted, share, shares
from integrations.sandbox.platform.loki.facts import Facts
from integrations.sandbox.platform.loki.scene import Scene, Source
from integrations.sandbox.platform.loki.store import Block, Times, Verdicts
from integrations.sandbox.platform.loki.templates import Template
from integrations.sandbox.platform.loki.tracing import Tracing
from integrations.sandbox.platform.world import Instance, World, noise

SECOND: Final = 1_000_000_000
MINUTE: Final = 60 * SECOND
_ORDINAL_BITS: Final = 10
_TEMPLATE, _ENDPOINT, _GROUP, _WHEN, _COUNT = range(1, 6)
_LINE_BYTES: Final = 180
_NONE: Final[frozenset[str]] = frozenset()
_TRACE: Final = frozenset({"trace_id"})
_CREATED_BY_LOKI: Final = "service_name"


@dataclass(frozen=True, slots=True, eq=False)
class Written:
    """Lines of one source of one instance."""

    scene: Scene
    instance: Instance
    tracing: Tracing
    templates: tuple[Template, ...]
    labels: Mapping[str, str]
    times: Times
    minutes: NDArray[np.int64]
    """Of each line, as its place in the scene."""
    ordinals: NDArray[np.int64]
    """The how-manieth of its minute."""
    bits: Bits
    which: NDArray[np.int64]
    failed: bool

    @property
    def constant(self) -> Mapping[str, str]:
        return {"detected_level": self.labels["level"]}

    @property
    def varying(self) -> frozenset[str]:
        return _TRACE if any(template.traced for template in self.templates) else _NONE

    def line(self, index: int) -> tuple[str, dict[str, str]]:
        template = self.templates[self.which[index]]
        facts = self._facts(index, template)
        metadata = {"detected_level": self.labels["level"]}
        if facts.trace:
            metadata["trace_id"] = facts.trace
        pattern = template.pattern if facts.trace or not template.untraced else template.untraced
        return pattern.format_map(facts), metadata

    def verdicts(self, wanted: LineFilter) -> Verdicts:
        scene = self.scene
        words = {
            "service": (scene.service,),
            "module": (scene.service,),
            "version": (self.instance.version,),
            "endpoint": tuple(endpoint.name for endpoint in scene.endpoints),
            "method": tuple(endpoint.method for endpoint in scene.endpoints),
            "callee": (*scene.callees, "upstream"),
            "model": scene.models,
        }
        table = np.array([template.verdict(wanted, words) for template in self.templates], dtype=np.int8)
        return np.asarray(table[self.which])

    def bytes(self) -> int:
        return len(self.times) * _LINE_BYTES

    def _facts(self, index: int, template: Template) -> Facts:
        scene, minute, bits = self.scene, int(self.minutes[index]), int(self.bits[index])
        known: dict[str, object] = {"version": self.instance.version}
        traced = None
        if template.traced:
            ordinal = int(self.ordinals[index])
            at = scene.first + minute
            traced = self.tracing.find(scene.environment, self.instance.name, at, ordinal, failed=self.failed)
        if traced is not None:
            endpoint = scene.routes[traced.endpoint]
            known = dict.fromkeys(("duration_ms", "ms", "slow_ms"), round(traced.seconds * 1000, 2)) | known
        else:
            endpoint = scene.way(minute, share(bits, _ENDPOINT), failed=self.failed)
        trace = traced.trace if traced else ""
        return Facts(scene, minute, int(self.times[index]), bits, endpoint, self.failed, trace, known)


class WorldStore:
    """All streams there are; nothing is kept but what is dear to make."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.tracing = Tracing(world)

    def blocks(self, matchers: Sequence[Matcher], start: int, end: int) -> Iterator[Block]:
        for scene, instance in self._scenes(matchers, start, end):
            for source, labels in _sources(scene, instance, matchers):
                block = self._block(scene, instance, source, labels, start, end)
                if block is not None:
                    yield block
            yield from self._starts(scene, instance, matchers, start, end)

    def streams(self, matchers: Sequence[Matcher], start: int, end: int) -> list[Mapping[str, str]]:
        """Every stream that an instance has at all: rare lines may be missing from a short window."""
        found: dict[tuple[tuple[str, str], ...], Mapping[str, str]] = {}
        for scene, instance in self._scenes(matchers, max(start, end - _LONGEST_LOOK), end):
            for _, labels in _sources(scene, instance, matchers):
                found[tuple(labels.items())] = labels
        return list(found.values())

    def _places(self, matchers: Sequence[Matcher]) -> Iterator[tuple[str, str]]:
        for environment in self.world.environments:
            for service in self.world.services:
                known = {"env": environment, "service": service, _CREATED_BY_LOKI: service}
                if all(each.name not in known or each.matches(known[each.name]) for each in matchers):
                    yield service, environment

    def _scenes(self, matchers: Sequence[Matcher], start: int, end: int) -> Iterator[tuple[Scene, Instance]]:
        if end <= start:
            return
        asked = [each for each in matchers if each.name == "instance"]
        for service, environment in self._places(matchers):
            scene = Scene(self.world, service, environment, start // MINUTE, (end - 1) // MINUTE + 1)
            for instance in self.world.instances(service, environment, start / SECOND, end / SECOND):
                if all(each.matches(instance.name) for each in asked):
                    yield scene, instance

    def _block(
        self, scene: Scene, instance: Instance, source: Source, labels: Mapping[str, str], start: int, end: int
    ) -> Written | None:
        key = noise.number(self.world.seed, "logs", scene.service, scene.environment, instance.index, source.name)
        whole = scene.cells.minutes
        often = source.each_minute
        counts = np.floor(often + shares(counted(key, whole.astype(np.uint64)), _COUNT)).astype(np.int64)
        minutes = np.repeat(np.arange(len(whole)), counts)
        ordinals = np.arange(len(minutes)) - np.repeat(np.cumsum(counts) - counts, counts)
        counters = (whole[minutes].astype(np.uint64) << np.uint64(_ORDINAL_BITS)) | ordinals.astype(np.uint64)
        bits = counted(key, counters)
        times = whole[minutes] * MINUTE + (shares(bits, _WHEN) * MINUTE).astype(np.int64)
        low, high = max(start, int(instance.start * SECOND)), min(end, int(instance.end * SECOND))
        kept = np.flatnonzero((times >= low) & (times < high))
        if not len(kept):
            return None
        kept = kept[np.argsort(times[kept], kind="stable")]
        which = _chosen(source, minutes[kept], bits[kept])
        return Written(
            scene, instance, self.tracing, source.templates, labels, times[kept], minutes[kept], ordinals[kept],
            bits[kept], which, source.failed,
        )  # fmt: skip

    def _starts(
        self, scene: Scene, instance: Instance, matchers: Sequence[Matcher], start: int, end: int
    ) -> Iterator[Written]:
        """What an instance says when it starts and stops."""
        said = [
            (int(at * SECOND), level, template)
            for at, level, template in scene.starts(instance)
            if start <= int(at * SECOND) < end
        ]
        for level in sorted({level for _, level, _ in said}):
            labels = _labels(instance, level, scene.voice.format)
            if _match(matchers, labels):
                mine = [(at, template) for at, which, template in said if which == level]
                yield self._few(scene, instance, labels, sorted(mine, key=lambda each: each[0]))

    def _few(
        self, scene: Scene, instance: Instance, labels: Mapping[str, str], said: list[tuple[int, Template]]
    ) -> Written:
        times = np.array([at for at, _ in said], dtype=np.int64)
        key = noise.number(self.world.seed, "starts", instance.name)
        places = np.arange(len(said))
        return Written(
            scene, instance, self.tracing, tuple(template for _, template in said), labels, times,
            times // MINUTE - scene.first, places, counted(key, times.astype(np.uint64)), places, failed=False,
        )  # fmt: skip


_LONGEST_LOOK: Final = 24 * 60 * MINUTE


def _match(matchers: Sequence[Matcher], labels: Mapping[str, str]) -> bool:
    return all(each.matches(labels.get(each.name, "")) for each in matchers)


def _sources(
    scene: Scene, instance: Instance, matchers: Sequence[Matcher]
) -> Iterator[tuple[Source, Mapping[str, str]]]:
    for source in scene.sources(instance):
        labels = _labels(instance, source.level, source.format)
        if _match(matchers, labels):
            yield source, labels


def _labels(instance: Instance, level: str, form: str) -> dict[str, str]:
    return {
        "env": instance.environment,
        "format": form,
        "instance": instance.name,
        "level": level,
        "service": instance.service,
        _CREATED_BY_LOKI: instance.service,
    }


def _chosen(source: Source, minutes: NDArray[np.int64], bits: Bits) -> NDArray[np.int64]:
    """The template of each line: first its cause, then one of those that speak of it."""
    draws = shares(bits, _TEMPLATE)
    group = (shares(bits, _GROUP)[None, :] >= source.odds[:, minutes]).sum(axis=0)
    which = np.zeros(len(bits), dtype=np.int64)
    before = 0
    for number, templates in enumerate(source.groups):
        weights = np.cumsum([template.weight for template in templates])
        mine = group == number
        which[mine] = before + np.searchsorted(weights / weights[-1], draws[mine], side="right")
        before += len(templates)
    return which
