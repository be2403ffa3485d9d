from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest

from bot.telemetry.queries.logql import LineFilter, Logs, Matcher, parse
from integrations.sandbox.platform.loki.lines import MINUTE, SECOND, WorldStore, Written
from integrations.sandbox.platform.loki.pipeline import search
from integrations.sandbox.platform.loki.stages import finder
from integrations.sandbox.platform.loki.store import UNKNOWN
from integrations.sandbox.platform.tempo import ids
from integrations.sandbox.platform.world import World

NOW = datetime(2026, 5, 20, 12, 0, tzinfo=UTC)
END = int(NOW.timestamp()) * SECOND
PRODUCTION = Matcher("env", "=", "production")


def of(service: str, *more: Matcher) -> tuple[Matcher, ...]:
    return (Matcher("service", "=", service), PRODUCTION, *more)


def blocks(store: WorldStore, service: str, start: int, end: int) -> list[Written]:
    return [block for block in store.blocks(of(service), start, end) if isinstance(block, Written)]


def written(store: WorldStore, service: str, start: int, end: int) -> list[tuple[int, str, str]]:
    return sorted(
        (int(block.times[at]), block.labels["instance"], block.line(at)[0])
        for block in blocks(store, service, start, end)
        for at in range(len(block.times))
    )


def texts(store: WorldStore, query: str, minutes: int = 30) -> list[str]:
    read = parse(query)
    assert isinstance(read, Logs)
    found = search(store, read, END - minutes * MINUTE, END, limit=5000, newest_first=True)
    return [each.entry.line for each in found]


@pytest.fixture(scope="module")
def ill() -> WorldStore:
    """A world in which much is wrong."""
    world = World()
    for service, kind, minutes in (
        ("checkout", "bad_deploy", 20),
        ("postgres-main", "connection_exhaustion", 10),
        ("search", "memory_leak", 90),
        ("inference-gateway", "gpu_saturation", 20),
        ("chat-api", "refusal_drift", 20),
    ):
        size = 20.0 if kind == "memory_leak" else None
        world.inject(kind, service, "production", NOW - timedelta(minutes=minutes), size=size)
    return WorldStore(world)


@pytest.mark.parametrize("service", ["checkout", "api-gateway", "postgres-main", "redis-cache", "vector-db"])
def test_the_same_lines_are_there_however_they_are_asked_for(service: str) -> None:
    whole = written(WorldStore(World()), service, END - 12 * MINUTE, END)
    other = WorldStore(World())
    cuts = [END - 12 * MINUTE, END - 7 * MINUTE - 123, END - 90 * SECOND, END]
    parts = [written(other, service, low, high) for low, high in pairwise(cuts)]
    assert whole == [line for part in parts for line in part]
    assert len(whole) > 100


def test_another_seed_is_another_world() -> None:
    one, other = (written(WorldStore(World(seed)), "cart", END - MINUTE, END) for seed in (7, 8))
    assert {line[2] for line in one}.isdisjoint(line[2] for line in other)


def test_what_happens_later_changes_no_line_from_before() -> None:
    world = World()
    store = WorldStore(world)
    before = written(store, "checkout", END - 3 * MINUTE, END)
    world.inject("error_burst", "checkout", "production", NOW)
    assert written(store, "checkout", END - 3 * MINUTE, END) == before
    world.inject("error_burst", "checkout", "production", NOW - timedelta(minutes=3))
    assert written(store, "checkout", END - 3 * MINUTE, END) != before


@pytest.mark.parametrize("service", ["checkout", "payments", "vector-db"])
def test_errors_are_as_many_as_the_cells_say(service: str) -> None:
    world = World()
    world.inject("error_burst", service, "production", NOW - timedelta(minutes=60), size=0.1)
    start = END // MINUTE - 50
    cells = world.cells(service, "production", start, END // MINUTE)
    expected = float((cells.rate * 60 * cells.errors).sum())
    found = [
        block
        for block in blocks(WorldStore(world), service, start * MINUTE, END)
        if block.labels["level"] == "error" and block.failed and block.templates[0].untraced
    ]
    assert sum(len(block.times) for block in found) == pytest.approx(expected, rel=0.1)


def test_a_minute_has_a_bounded_number_of_lines(ill: WorldStore) -> None:
    ill.world.inject("traffic_surge", "frontend", "production", NOW - timedelta(minutes=5), size=50)
    counts: dict[tuple[str, int, str], int] = {}
    for service in ("frontend", "checkout", "redis-cache"):
        for block in blocks(ill, service, END - 5 * MINUTE, END):
            for minute in (block.times // MINUTE).tolist():
                key = (block.labels["instance"], minute, block.labels["level"])
                counts[key] = counts.get(key, 0) + 1
    assert max(many for (_, _, level), many in counts.items() if level == "info") <= 120
    assert max(counts.values()) <= 350


def test_a_fault_is_told_in_its_own_words(ill: WorldStore) -> None:
    version = ill.world.version_at("checkout", "production", NOW - timedelta(minutes=12))
    assert any(
        f"since version {version}" in text for text in texts(ill, '{service="checkout", env="production"} |= "since"')
    )
    slots = '{service="postgres-main", env="production", level="error"} |= "FATAL:  remaining connection slots"'
    assert len(texts(ill, slots, 9)) > 20
    assert texts(ill, '{service="checkout", env="production"} |= "waiting for a connection from the pool"', 9)
    assert texts(ill, '{service="search", env="production"} |= "OOMKilled"', 60)
    assert texts(ill, '{service="search", env="production", level="warn"} |= "heap at"')
    assert texts(ill, '{service="inference-gateway", env="production"} |= "CUDA out of memory"')
    assert texts(ill, '{service="chat-api", env="production"} |= "refused: policy"')
    assert texts(ill, '{service="checkout", env="production"} |~ "starting checkout version"')
    assert texts(ill, '{service="checkout", env="production"} |= "SIGTERM"')


def test_before_the_fault_nobody_speaks_of_it(ill: WorldStore) -> None:
    query = parse(
        '{service=~"checkout|postgres-main|inference-gateway", env="production"} |~ "FATAL|CUDA|since version"'
    )
    assert isinstance(query, Logs)
    assert search(ill, query, END - 60 * MINUTE, END - 21 * MINUTE, limit=10, newest_first=True) == []


def test_only_instances_of_the_bad_version_show_its_error(ill: WorldStore) -> None:
    found = [
        (block.instance.version, block.line(at)[0])
        for block in blocks(ill, "checkout", END - 20 * MINUTE, END - 15 * MINUTE)
        for at in range(len(block.times))
    ]
    guilty = {version for version, text in found if "unhandled exception" in text}
    assert len(guilty) == 1
    assert {version for version, _ in found} > guilty


@pytest.mark.parametrize("service", World().services)
def test_lines_are_in_the_format_that_their_stream_says(service: str) -> None:
    store = WorldStore(World())
    traced = 0
    for block in blocks(store, service, END - 8 * MINUTE, END):
        for at in range(len(block.times)):
            text, known = block.line(at)
            traced += "trace_id" in known
            assert known["detected_level"] == block.labels["level"]
            if block.labels["format"] == "json":
                row = json.loads(text)
                assert row["level"] == block.labels["level"]
                assert row["version"] == block.instance.version
                assert row.get("trace_id", "") == known.get("trace_id", "")
                assert row.get("status", 200) in {200, 404, 429, 500, 503, 504}
            elif block.labels["format"] == "logfmt":
                assert text.startswith(f"level={block.labels['level']} msg=")
            assert "{" not in text or block.labels["format"] != "text" or "Error" in text or "/" in text
    assert traced or service == "sentiment-model"


def test_a_trace_that_a_line_names_is_one_that_tempo_knows(ill: WorldStore) -> None:
    named = [
        (int(block.times[at]), known["trace_id"])
        for block in blocks(ill, "checkout", END - 8 * MINUTE, END)
        for at in range(len(block.times))
        if "trace_id" in (known := block.line(at)[1])
    ]
    assert len(named) > 5
    for time, trace in named:
        place = ids.read(ill.world.seed, trace)
        assert place is not None
        assert place[1].minute == time // MINUTE


FILTERS = [
    LineFilter("|=", ("timeout",)), LineFilter("!=", ("timeout", "500")), LineFilter("|~", ("(?i)ERROR",)),
    LineFilter("|~", ("(?i)(error|fatal)",)), LineFilter("|=", ("checkout",)), LineFilter("|~", ("[0-9]{4}",)),
    LineFilter("|=", ("nothing says this",)), LineFilter("!~", ("(?i)post /checkout",)), LineFilter("|=", ("",)),
    LineFilter("|=", ("/checkout",)), LineFilter("|=", ("Traceback",)), LineFilter("|=", ("ünïcode",)),
    LineFilter("|=", ("500",)), LineFilter("|=", ("u_",)), LineFilter("|=", ("atlas",)), LineFilter("|~", ("a|b",)),
]  # fmt: skip


@pytest.mark.parametrize(
    "service", ["checkout", "api-gateway", "postgres-main", "redis-cache", "chat-api", "vector-db"]
)
def test_what_is_known_of_a_line_without_its_text_is_true(ill: WorldStore, service: str) -> None:
    certain = 0
    for block in blocks(ill, service, END - 4 * MINUTE, END):
        lines = [block.line(at)[0] for at in range(len(block.times))]
        for wanted in FILTERS:
            verdicts, passes = block.verdicts(wanted), finder(wanted)
            sure = np.flatnonzero(verdicts != UNKNOWN)
            certain += len(sure)
            assert all(passes(lines[at]) == verdicts[at] for at in sure.tolist())
    assert certain
