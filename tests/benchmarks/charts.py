"""Each kind of chart drawn, beside an empty matplotlib figure of the same size; and fifty askers at one desk.

The kinds take turns, so that what else runs on the machine meets all of them.
"""

from __future__ import annotations

import asyncio
import io
import statistics
from collections.abc import Callable
from time import perf_counter
from typing import Final

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from bot.telemetry.charts.desk import Desk
from bot.telemetry.charts.draw import draw
from bot.telemetry.charts.easel import Easel
from bot.telemetry.charts.looks import DPI, HEIGHT, WIDTH
from tests.telemetry.charts import CHARTS

ROUNDS: Final = 25
ASKERS: Final = 50
TARGET_MS: Final = 400.0
BEAT: Final = 0.005


def empty() -> bytes:
    """Axes without data."""
    figure = Figure(figsize=(WIDTH / DPI, HEIGHT / DPI), dpi=DPI)
    figure.add_subplot()
    held = io.BytesIO()
    FigureCanvasAgg(figure).print_png(held)  # type: ignore[no-untyped-call]
    return held.getvalue()


def timed(call: Callable[[], bytes]) -> tuple[float, int]:
    began = perf_counter()
    size = len(call())
    return (perf_counter() - began) * 1000, size


def drawing(name: str) -> Callable[[], bytes]:
    return lambda: draw(CHARTS[name])


def at_95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


async def slowest_beat(done: asyncio.Event) -> float:
    """How late the loop was at its latest, in milliseconds."""
    late = 0.0
    while not done.is_set():
        began = perf_counter()
        await asyncio.sleep(BEAT)
        late = max(late, perf_counter() - began - BEAT)
    return late * 1000


async def crowd() -> tuple[float, float]:
    """Fifty askers, no two for the same; the loop's beat beside them."""
    easel, done = Easel(), asyncio.Event()
    desk = Desk(easel.draw)
    await desk.picture(CHARTS["amounts"])
    beat = asyncio.create_task(slowest_beat(done))
    charts = list(CHARTS.values())
    began = perf_counter()
    titled = (charts[at % len(charts)].model_copy(update={"title": f"{at}"}) for at in range(ASKERS))
    await asyncio.gather(*(desk.picture(chart) for chart in titled))
    took = perf_counter() - began
    done.set()
    late = await beat
    desk.close()
    easel.close()
    return took, late


async def main() -> None:
    sides: dict[str, Callable[[], bytes]] = {"empty figure (matplotlib)": empty}
    sides |= {name: drawing(name) for name in CHARTS}
    for side in sides.values():
        side()
    took: dict[str, list[tuple[float, int]]] = {name: [] for name in sides}
    for _ in range(ROUNDS):
        for name, side in sides.items():
            took[name].append(timed(side))
    print(f"charts, {WIDTH} pixels wide, {ROUNDS} each (target: p95 < {TARGET_MS:.0f} ms)")
    for name, runs in took.items():
        times = [ms for ms, _ in runs]
        middle, high, size = statistics.median(times), at_95(times), runs[0][1] / 1000
        print(f"  {name:<26} p50 {middle:6.1f} ms   p95 {high:6.1f} ms {size:5.0f} kB")
    seconds, late = await crowd()
    print(f"  {ASKERS} askers at one desk: {seconds:.2f} s; the loop was at most {late:.0f} ms late")


if __name__ == "__main__":
    asyncio.run(main())
