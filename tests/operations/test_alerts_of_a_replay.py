"""Alerts made of what a replay found: no longer than there is time, and than somebody waits for them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.operations.trying import FOLDING, WITHIN
from bot.watch.replaying import Replayed
from bot.watch.scans import Scans
from bot.watch.sweeping import Moment
from tests.conftest import START, invoke
from tests.operations.working import HERE, Furnished, run
from tests.watch.held import Held
from tests.watch.made import found

HOURS = 10
BEGUN = [START + timedelta(hours=each - HOURS) for each in range(1, HOURS)]


@pytest.fixture(autouse=True)
def troubles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look finds another."""

    async def replay(*_: object) -> Replayed:
        return Replayed(tuple(Moment(at, (found(f"{at:%H} h", at=at),)) for at in BEGUN))

    monkeypatch.setattr(Scans, "replay", replay)


async def test_of_what_took_too_long_it_is_said_how_far_it_came(
    furnished: Furnished, monkeypatch: pytest.MonkeyPatch
) -> None:
    had = list[float]()

    class Patience:
        """For three looks."""

        def __init__(self, seconds: float) -> None:
            had.append(seconds)
            self.left = 3

        @property
        def over(self) -> bool:
            self.left -= 1
            return self.left < 0

    app = await furnished()
    values: dict[str, Any] = {"kind": "scan", "metric": "metrics", "window": f"last {HOURS} hours"}
    whole = await run(app, "watches.test", **values)
    monkeypatch.setattr("bot.operations.trying.Patience", Patience)
    tried = await run(app, "watches.test", **values)
    assert whole["alerts"][:2] == tried["alerts"][:2]
    assert (len(whole["alerts"]), len(tried["alerts"])) == (HOURS - 1, 3)
    assert tried["summary"].endswith("it would have spoken 3 times up to 09:30.")
    assert "There was no time to make alerts of all that was found: this is up to 09:30." in tried["findings"]
    assert tried["window"]["end"] == tried["alerts"][-1]["end"] == BEGUN[3].isoformat().replace("+00:00", "Z")
    assert not [each for each in whole["findings"] if "no time" in each]
    assert FOLDING < had[0] <= WITHIN, "all that the replay has left"


async def test_who_does_not_wait_for_them_leaves_nothing_behind_that_makes_them(
    furnished: Furnished, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, held = await furnished(), Held()
    monkeypatch.setattr("bot.watch.replaying.settle", held)
    assert await held.given_up(invoke(app, "sre", "watches.test", **HERE, above=2)) == 1
