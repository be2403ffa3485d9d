"""A real Alertmanager tells our server of alerts, and of their end; and again, when the first time was in vain."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from bot.errors import Unavailable
from bot.watch.finding import Finding
from tests.conftest import MovedClock
from tests.integrations.alertmanager.posting import TOKEN, Desk, serving

PROGRAM: Final = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager") or ""
CONFIG: Final = """
route: {{receiver: copilot, group_by: [alertname], group_wait: 1ms, group_interval: 200ms, repeat_interval: 1h}}
receivers:
  - name: copilot
    webhook_configs:
      - url: {url}/webhooks/alertmanager
        max_alerts: 2
        http_config: {{authorization: {{credentials: {token}}}}}
"""


@pytest.fixture
def needed() -> None:
    """Without the program: skipped on a user's machine, a failure in CI."""
    if not PROGRAM:
        why = "no prometheus-alertmanager on the path"
        if os.environ.get("CI"):
            pytest.fail(f"CI needs Alertmanager: {why}")
        pytest.skip(why)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _tail(log: Path) -> str:
    return log.read_text()[-2_000:]


async def _until(holds: Callable[[], bool], log: Path) -> None:
    try:
        async with asyncio.timeout(30):
            while not holds():  # noqa: ASYNC110  another process does it
                await asyncio.sleep(0.02)
    except TimeoutError:
        pytest.fail(f"it did not happen: {_tail(log)}")


class Manager:
    """One that runs, and is told of alerts as Prometheus would tell it."""

    def __init__(self, url: str, log: Path, desk: Desk) -> None:
        self.url = url
        self.log = log
        self.desk = desk

    async def hears(self, *alerts: dict[str, Any]) -> None:
        async with httpx.AsyncClient(trust_env=False) as client:
            (await client.post(f"{self.url}/api/v2/alerts", json=alerts)).raise_for_status()

    @property
    def told(self) -> list[Finding]:
        return [each for report in self.desk.reports for each in report.findings]

    async def until(self, holds: Callable[[Finding], bool]) -> Finding:
        await _until(lambda: any(map(holds, self.told)), self.log)
        return next(filter(holds, self.told))


@asynccontextmanager
async def running(folder: Path, desk: Desk) -> AsyncIterator[Manager]:
    """A plain process on loopback, alone."""
    config, log, port = folder / "alertmanager.yml", folder / "log", _free_port()
    config.write_text(CONFIG.format(url=desk.base, token=TOKEN))
    flags = ["--cluster.listen-address=", f"--storage.path={folder}/data", f"--config.file={config}"]
    with log.open("wb") as said:
        process = await asyncio.create_subprocess_exec(
            PROGRAM, f"--web.listen-address=127.0.0.1:{port}", *flags, stdout=said, stderr=said
        )
        url = f"http://127.0.0.1:{port}"
        try:
            async with httpx.AsyncClient(trust_env=False) as client:
                for _ in range(500):
                    assert process.returncode is None, _tail(log)
                    try:
                        if (await client.get(f"{url}/-/ready")).is_success:
                            break
                    except httpx.TransportError:
                        pass
                    await asyncio.sleep(0.02)
            yield Manager(url, log, desk)
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


@pytest.fixture
async def manager(needed: None, tmp_path: Path) -> AsyncIterator[Manager]:
    async with serving(Desk(MovedClock(datetime.now(UTC)))) as desk, running(tmp_path, desk) as found:
        yield found


def fires(name: str, *, over: bool = False, **labels: str) -> dict[str, Any]:
    now = datetime.now(UTC)
    began = (now - timedelta(minutes=1)).isoformat()
    return {
        "labels": {"alertname": name, "severity": "critical", **labels},
        "annotations": {"summary": f"{name} <!here>"},
        "startsAt": began,
        "endsAt": (now if over else now + timedelta(minutes=5)).isoformat(),
        "generatorURL": "http://prometheus.example.com/graph?g0.expr=up+%3D%3D+0&g0.tab=1",
    }


async def test_an_alert_arrives_with_its_words_and_its_end_ends_it(manager: Manager) -> None:
    await manager.hears(fires("TargetDown", service="checkout", env="prod"))
    began = await manager.until(lambda each: each.subject.signal == "TargetDown")
    assert (began.subject.service, began.subject.environment) == ("checkout", "production")
    assert began.words == "TargetDown <!here>"
    assert began.query == "up == 0"
    assert began.open
    await manager.hears(fires("TargetDown", over=True, service="checkout", env="prod"))
    ended = await manager.until(lambda each: each.key == began.key and not each.open)
    assert ended.since == began.since


async def test_alerts_that_it_leaves_out_are_said(manager: Manager) -> None:
    await manager.hears(*(fires("Many", instance=f"host-{number}") for number in range(5)))
    more = await manager.until(lambda each: each.subject.signal == "alerts left out" and each.open)
    assert "3 more alerts" in more.words


async def test_what_we_could_not_keep_is_delivered_again(manager: Manager) -> None:
    manager.desk.error = Unavailable("the database is down")
    await manager.hears(fires("Stubborn"))
    await _until(lambda: "503" in manager.log.read_text(), manager.log)
    manager.desk.error = None
    assert (await manager.until(lambda each: each.subject.signal == "Stubborn")).open
