"""Fixtures: both databases, a clock that is moved, and an app put together from real parts."""

from __future__ import annotations

import asyncio
import gc
import os
import shutil
import sys
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import structlog
from aiohttp.web_app import _cached_build_middleware
from dbos import DBOS
from fastapi.dependencies.models import (
    _is_async_gen_callable_cached,
    _is_coroutine_callable_cached,
    _is_gen_callable_cached,
)

from bot.app import App
from bot.config import Settings
from bot.door.operation import Operation
from bot.door.outcomes import Origin, Outcome
from bot.door.registry import Registry
from bot.guard.people import Actor
from integrations.models import allowed
from storage.database import Database
from tests import databases

pytest_plugins = ["integrations.sandbox.slack.testing", "tests.browsing"]

hypothesis.settings.register_profile("house", hypothesis.settings(), deadline=None)  # a busy machine is no failure
hypothesis.settings.load_profile("house")
allowed.ALLOW_MODEL_REQUESTS = False  # a test that would ask a real model fails
DURABLE = "durable.sqlite"
KEY = "A" * 43 + "="
KEYS = f"test:{KEY}"
START = datetime(2026, 3, 18, 15, 30, tzinfo=UTC)


class MovedClock:
    """Time that goes on when a test says so."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> datetime:
        self.now += timedelta(**by)
        return self.now


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


@pytest.fixture(autouse=True)
def quiet_logs() -> Iterator[None]:
    """Each test starts with the same log; one that configures it does not touch the next.

    Not with structlog's own processors: they draw the locals of every frame of an exception, and a test of failures
    would spend minutes and gigabytes on what nobody reads.
    """
    structlog.reset_defaults()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(),
        ],
        logger_factory=structlog.ReturnLoggerFactory(),
    )
    yield
    structlog.reset_defaults()


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    yield
    forget()


def forget() -> None:
    """What was closed can be freed.

    These caches have handlers for keys, and a handler holds its server and all that has been served: nothing in a
    process that starts one, gigabytes in one that starts hundreds.
    """
    for kept in (
        _cached_build_middleware,
        _is_async_gen_callable_cached,
        _is_coroutine_callable_cached,
        _is_gen_callable_cached,
    ):
        kept.cache_clear()


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: many a test waits for a server, a browser or a clock."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first: in the end only short ones are left, and no worker waits for another."""
    items.sort(key=lambda item: "stress" not in item.path.parts)


MEASURED: set[str] = set()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Any:
    """To be measured halves the speed, and what goes over the same lines a hundred times tells nothing new of them.

    So a test is measured in its first case only, and one that repeats itself not at all. (pytest-cov's own mark
    `no_cover` does not help: in a worker of xdist a measurement of before goes on instead.)
    """
    repeats = "stress" in item.path.parts or item.get_closest_marker("hypothesis") is not None
    function = item.nodeid.partition("[")[0]
    if not repeats and function not in MEASURED:
        MEASURED.add(function)
        return (yield)
    here, in_threads = sys.gettrace(), threading.gettrace()
    sys.settrace(None)
    threading.settrace(None)
    try:
        return (yield)
    finally:
        sys.settrace(here)
        threading.settrace(in_threads)


def pytest_collection_finish() -> None:
    """What is collected stays to the end: the collector need not walk through it again and again."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line for each reason to skip, not one for each test."""
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = Counter(report.longrepr[2] for report in skipped if isinstance(report.longrepr, tuple))
    for reason, count in reasons.items():
        terminalreporter.write_line(f"{count} tests left out: {reason.removeprefix('Skipped: ')}")


# ---------------------------------------------------------------- databases


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file, copied for each test: much quicker than migrating each time."""
    path = tmp_path_factory.mktemp("template") / "copilot.db"
    _migrate(f"sqlite+aiosqlite:///{path}", f"sqlite:///{path.with_name(DURABLE)}")
    return path


@pytest.fixture(scope="session")
def postgresql_template() -> Iterator[databases.Reused]:
    """The same on PostgreSQL. Without a server: skipped on a user's machine, a failure in CI."""
    if why := asyncio.run(databases.reachable()):
        if os.environ.get("CI"):
            pytest.fail(f"CI needs PostgreSQL: {why}")
        pytest.skip(why)
    name = asyncio.run(databases.create())
    _migrate(databases.url_of(name), databases.url_of(name).replace("+asyncpg", "+psycopg"))
    reused = databases.Reused(name)
    yield reused
    asyncio.run(reused.drop())
    asyncio.run(databases.drop(name))


def _migrate(url: str, durable: str) -> None:
    """Ours, and what durable execution keeps: its engine would take a second for that at its first launch."""

    async def upgrade() -> None:
        database = Database(url)
        await database.upgrade()
        await database.close()

    asyncio.run(upgrade())
    DBOS.migrate(durable)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def template(database_kind: str, request: pytest.FixtureRequest) -> Path | databases.Reused:
    found: Path | databases.Reused = request.getfixturevalue(f"{database_kind}_template")
    return found


@pytest.fixture
async def database_url(template: Path | databases.Reused, tmp_path: Path) -> str:
    """A migrated database of this test's own."""
    if isinstance(template, databases.Reused):
        return await template.taken()  # noqa: ASYNC240  no path, a database
    for file in (template, template.with_name(DURABLE)):
        shutil.copy(file, tmp_path)
    return f"sqlite+aiosqlite:///{tmp_path}/copilot.db"


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    found = Database(database_url)
    yield found
    await found.close()


# ---------------------------------------------------------------- the app

MakeApp = Callable[..., Any]


@cache
def shipped() -> tuple[Operation[Any, Any], ...]:
    """What `Registry.discover` finds; to look through all that is installed takes 50 ms."""
    return tuple(Registry.discover())


def settings_for(url: str | None, folder: Path, **changes: object) -> Settings:
    return Settings.model_validate(
        {
            "data_dir": folder,
            "database_url": url,
            "encryption_keys": KEYS,
            "database_timeout_seconds": 10,
            "http_port": 0,
            "semantic": False,
            **changes,
        }
    )


@pytest.fixture
async def make_app(database_url: str, tmp_path: Path, clock: MovedClock) -> AsyncIterator[MakeApp]:
    """`await make_app(operation, …, setting=value)`: an app on this test's database; several share it."""
    async with AsyncExitStack() as stack:

        async def make(*operations: Operation[Any, Any], whole: bool = False, **changes: object) -> App:
            registry = Registry()
            for operation in (*shipped(), *operations):
                registry.add(operation)
            app = App(settings_for(database_url, tmp_path, **changes), registry=registry, clock=clock)
            await app.start(whole=whole)
            stack.push_async_callback(app.close)
            return app

        yield make


@pytest.fixture
async def app(make_app: MakeApp) -> App:
    made: App = await make_app()
    return made


ORIGIN = Origin("test", channel="C1", workspace="T1")


async def invoke(app: App, person: str, operation: str, **values: Any) -> Outcome:
    """As `person`, from a channel."""
    return await app.door.invoke(Actor(person), operation, values, origin=ORIGIN)
