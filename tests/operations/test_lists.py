"""Lists of watches and of alerts: how many there are, where here is, and what it costs to say so."""

from __future__ import annotations

from typing import Any

import pytest

from bot.app import App
from bot.door.outcomes import Done, Origin, Refused
from bot.guard.people import Actor
from bot.operations.alerts import MOST_ROWS
from bot.watch.alerts import AlertStore
from bot.watch.watches import WatchStore
from tests.operations.working import raise_some, run, watch
from tests.watch.made import alert


async def test_a_list_holds_the_first_alerts_and_says_how_many_there_are(app: App) -> None:
    many = MOST_ROWS + 7
    for place in range(many):
        await app.resources.get(AlertStore).swap(None, alert(-place))
    listed = await run(app, "alerts.list")
    assert (len(listed["alerts"]), listed["total"]) == (MOST_ROWS, many)


@pytest.mark.parametrize("operation", ["watches.list", "alerts.list"])
async def test_where_there_is_no_channel_nothing_is_here(app: App, operation: str) -> None:
    await watch(app)
    await raise_some(app)
    assert await run(app, operation, here=True), "there is one"
    for surface in ("terminal", "home"):
        nowhere = Origin(surface, workspace="T1")
        outcome = await app.door.invoke(Actor("sre"), operation, {"here": True}, origin=nowhere)
        assert isinstance(outcome, Refused), outcome
        assert outcome.message == "there is no channel here"
        assert isinstance(await app.door.invoke(Actor("sre"), operation, {}, origin=nowhere), Done)


async def test_how_far_all_watches_are_is_one_question(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    names = {await watch(app, above=limit) for limit in range(1, 5)}
    store = app.resources.get(WatchStore)
    reached, asked = store.reached, list[set[str]]()

    async def counted(watches: Any) -> Any:
        asked.append(set(watches))
        return await reached(watches)

    monkeypatch.setattr(store, "progress", None)
    monkeypatch.setattr(store, "reached", counted)
    assert len((await run(app, "watches.list"))["watches"]) == 4
    assert asked == [names]
