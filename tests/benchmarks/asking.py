"""How long a question about metrics takes, from words to numbers, while fifty people ask at once.

The platform is a process of its own; what is measured is the bot: understanding, the door with its audit, the adapter,
the cache, the analysis. The chart is drawn after the numbers are told, and is measured beside them.
"""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Final

import httpx
import numpy as np
import yaml

from bot import defaults
from bot.agent.events import Picture, Result
from bot.agent.request import Request
from bot.app import App
from bot.config import Settings
from bot.door.outcomes import Done, Origin
from bot.guard.people import Actor

ASKERS: Final = 50
EACH: Final = 12
LIMIT_MS: Final = 300
METRICS: Final = ("p95 of", "error rate of", "throughput of", "cpu of", "memory of")
WINDOWS: Final = ("over the last hour", "in the last 30 minutes", "in the last 6 hours")
NUMBERS: Final = count()


@asynccontextmanager
async def platform() -> AsyncIterator[str]:
    """Its address."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot.cli", "sandbox", "platform", "--port", "0", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    said = ""
    while "Ctrl-C" not in said:
        said += (await process.stdout.readline()).decode()
    try:
        yield re.findall(r"http://[\d.:]+", said)[0]
    finally:
        process.terminate()
        await process.wait()


@asynccontextmanager
async def watching(url: str) -> AsyncIterator[App]:
    with tempfile.TemporaryDirectory() as folder:
        book = yaml.safe_load(defaults.path("roles.yaml").read_text(encoding="utf-8"))
        book["people"] = {f"asker-{number}": {"name": f"Asker {number}", "roles": ["sre"]} for number in range(ASKERS)}
        roles = Path(folder) / "roles.yaml"
        roles.write_text(yaml.safe_dump(book), encoding="utf-8")
        settings = Settings.model_validate(
            {
                "data_dir": folder,
                "roles_file": roles,
                "prometheus_url": f"{url}/prometheus",
                "loki_url": f"{url}/loki",
                "tempo_url": f"{url}/tempo",
                "deploys_url": f"{url}/deploys",
                "http_port": 0,
                "person_per_minute": 1_000_000,
                "channel_per_minute": 1_000_000,
                "workspace_per_minute": 1_000_000,
                "rate_burst": 1_000_000,
            }
        )
        async with App.running(settings) as app:
            yield app


async def asked(app: App, words: str, *, who: int = 0, drawn: bool) -> tuple[float, float]:
    """Milliseconds to the numbers, and to the chart."""
    began = time.perf_counter()
    told = shown = 0.0
    request = Request(Actor(f"asker-{who}"), Origin("bench"), f"bench-{next(NUMBERS)}", text=words)
    async with aclosing(app.turns.run(request)) as events:
        async for event in events:
            if isinstance(event, Result):
                assert isinstance(event.outcome, Done), event.outcome
                told = (time.perf_counter() - began) * 1_000
                if not drawn:
                    break
            if isinstance(event, Picture):
                shown = (time.perf_counter() - began) * 1_000
    return told, shown


async def main() -> None:
    print(f"\nA question about metrics, {ASKERS} askers at once, {EACH} questions each (limit: p95 {LIMIT_MS} ms)")
    async with platform() as url, watching(url) as app:
        services = [each.name for each in app.files.catalogue.services]
        questions = [
            f"{metric} {service} in prod {window}" for metric in METRICS for service in services for window in WINDOWS
        ]
        bare = await _bare(url)
        alone = [await asked(app, questions[7 * number], drawn=True) for number in range(12)]
        await _told("alone, nothing cached, with chart", [shown for _, shown in alone])
        await _told("alone, nothing cached", [told for told, _ in alone])
        took = await _crowd(app, questions)
        await _told(f"{ASKERS} askers, as they come", took)
        took = await _crowd(app, questions)
        await _told(f"{ASKERS} askers, again within the cache's time", took)
        print(f"  beside: the bare query of one of them over loopback takes {bare:.1f} ms at the median")


async def _crowd(app: App, questions: list[str]) -> list[float]:
    """Each asks, reads for a second or so, and asks again, as people do who are all at work on one incident."""
    rng = np.random.default_rng(7)
    plan = rng.integers(0, len(questions), (ASKERS, EACH))
    pauses = rng.uniform(0.5, 1.5, (ASKERS, EACH))

    async def asker(number: int) -> list[float]:
        took = []
        for question, pause in zip(plan[number], pauses[number], strict=True):
            await asyncio.sleep(float(pause))
            took.append((await asked(app, questions[question], who=number, drawn=False))[0])
        return took

    return [each for one in await asyncio.gather(*(asker(number) for number in range(ASKERS))) for each in one]


async def _told(what: str, took: list[float]) -> None:
    p50, p95, most = np.quantile(took, (0.5, 0.95, 1.0))
    print(f"  {what:48} p50 {p50:6.0f}  p95 {p95:6.0f}  worst {most:6.0f} ms  ({len(took)} questions)")


async def _bare(url: str) -> float:
    """One query by a bare client, again and again."""
    now = datetime.now(UTC).timestamp() // 30 * 30
    query = 'sum(rate(http_requests_total{service="checkout", env="production"}[2m]))'
    took = []
    async with httpx.AsyncClient() as client:
        for _ in range(30):
            began = time.perf_counter()
            fields = {"query": query, "start": str(now - 7_200), "end": str(now), "step": "30"}
            (await client.post(f"{url}/prometheus/api/v1/query_range", data=fields)).raise_for_status()
            took.append((time.perf_counter() - began) * 1_000)
    return float(np.median(took))


if __name__ == "__main__":
    asyncio.run(main())
