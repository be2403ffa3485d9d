"""The bot in a Slack of its own: a whole app, and people who talk to it. Nothing here stands in for Slack."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot import defaults
from bot.app import App
from bot.door.operation import Operation
from bot.door.registry import Registry
from integrations.sandbox.demo import GROUPS
from integrations.sandbox.platform.server import Platform
from integrations.sandbox.platform.world import World
from integrations.sandbox.slack.manifest import Manifest
from integrations.sandbox.slack.testing import Person, Playground
from tests.conftest import settings_for
from tests.slack.judged import judge_all
from tests.slack.seeing import Settled, settling

HERE = Path(__file__).parent
OPS = "C0OPS"
Make = Callable[..., Coroutine[Any, Any, App]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slack's pace is a matter of tests/handlers; waiting for it here would only take time."""
    for item in items:
        if HERE in item.path.parents and item.get_closest_marker("slack") is None:
            item.add_marker(pytest.mark.slack(limits=False))


class Ahead:
    """The real time, or as much later as a test says."""

    def __init__(self) -> None:
        self._by = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self._by

    def move(self, **by: float) -> None:
        self._by += timedelta(**by)


@pytest.fixture
def ahead() -> Ahead:
    return Ahead()


@pytest.fixture
def database_kind() -> str:
    """What Slack shows is the same on both; `on_both` is for what depends on the database."""
    return "sqlite"


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped roles, bound to the user groups of the workspace; and one service, which is read in no time."""
    folder = tmp_path_factory.mktemp("files")
    book = yaml.safe_load(defaults.path("roles.yaml").read_text(encoding="utf-8"))
    book["groups"] = {group: [role] for group, role in GROUPS.items()}
    (folder / "roles.yaml").write_text(yaml.safe_dump(book, sort_keys=False), encoding="utf-8")
    (folder / "services.yaml").write_text(
        "services:\n- {name: checkout, title: Checkout, tier: 1, owner: commerce}\n", encoding="utf-8"
    )
    return folder


@pytest.fixture(scope="session")
def slack_manifest(pytestconfig: pytest.Config) -> Manifest:
    """Read once."""
    return Manifest.read(pytestconfig.rootpath / "manifest.yml")


@pytest.fixture
def apps() -> list[App]:
    """Those that run."""
    return []


@pytest.fixture
def settled(workspace: Playground, apps: list[App]) -> Settled:
    return settling(workspace, apps)


@pytest.fixture
async def bots(
    workspace: Playground, database_url: str, tmp_path: Path, files: Path, ahead: Ahead, apps: list[App]
) -> AsyncIterator[Make]:
    """`await bots(operation, …, setting=value)`: the whole bot, connected; closed in the end."""
    async with AsyncExitStack() as stack:

        async def make(*operations: Operation[Any, Any], slack: bool = True, **changes: object) -> App:
            registry = Registry.discover()
            for operation in operations:
                registry.add(operation)
            given: dict[str, object] = {
                "roles_file": files / "roles.yaml",
                "services_file": files / "services.yaml",
                "slack_bot_token": workspace.bot_token,
                "slack_app_token": workspace.app_token,
                "slack_api_url": workspace.api_url,
                "slack_approvals_channel": OPS,
                "slack_rate_factor": 10_000,
                "http_host": "127.0.0.1",
                "http_port": 0,
                "heartbeat_seconds": 1,
                "replica_stale_seconds": 3,
            }
            settings = settings_for(database_url, tmp_path, **given | changes)
            app = App(settings, registry=registry, clock=ahead, slack=slack)
            stack.push_async_callback(app.close)
            apps.append(app)
            await app.start(whole=slack)
            if slack:
                await workspace.app_connected()
            return app

        yield make


@pytest.fixture
async def bot(bots: Make) -> App:
    return await bots()


@pytest.fixture
async def platform(ahead: Ahead) -> AsyncIterator[Platform]:
    """Something to watch, two hours old."""
    async with Platform(World(born=ahead() - timedelta(hours=2)), clock=ahead) as running:
        yield running


@pytest.fixture
async def watching(bots: Make, platform: Platform) -> App:
    """The whole bot, with every source of the platform connected."""
    return await bots(
        services_file=defaults.path("services.yaml"),
        prometheus_url=platform.prometheus_url,
        loki_url=platform.loki_url,
        tempo_url=platform.tempo_url,
        deploys_url=platform.deploys_url,
    )


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine is, a command waits for its answer, which may be a window, rather than say so."""
    monkeypatch.setattr("handlers.commands.PATIENCE", 30)


@pytest.fixture(autouse=True)
def judged(workspace: Playground) -> Iterator[None]:
    """Every payload of every test."""
    yield
    judge_all(workspace)


@pytest.fixture
def sre(workspace: Playground) -> Person:
    return workspace.person("sre")


@pytest.fixture
def manager(workspace: Playground) -> Person:
    return workspace.person("manager")
