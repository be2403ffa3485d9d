from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from bot.door.outcomes import Refused
from tests.observatory.conftest import Watcher


def window(heard_output: dict[str, object]) -> tuple[datetime, datetime]:
    span = heard_output["window"]
    assert isinstance(span, dict)
    return datetime.fromisoformat(span["start"]), datetime.fromisoformat(span["end"])


async def test_since_the_deploy_is_since_the_last_one_of_what_is_asked_about(watcher: Watcher) -> None:
    deploys = (await watcher.asks("deploys.list service=checkout window='last 30 days'")).output
    last = max(datetime.fromisoformat(str(each["at"])) for each in deploys["changes"])
    since = window((await watcher.asks("p95 of checkout since the last deploy")).output)
    assert since == (last, watcher.clock.now)
    before = window((await watcher.asks("p95 of checkout before the last release")).output)
    assert before == (last - timedelta(hours=1), last)


@pytest.mark.parametrize("words", ["error rate of payments during INC-42", "cpu of cart during the incident"])
async def test_when_an_incident_was_is_not_made_up(watcher: Watcher, words: str) -> None:
    outcome = (await watcher.asks(words)).outcome
    assert isinstance(outcome, Refused)
    assert "no incident register" in outcome.message
    assert "Say the times" in outcome.mend


async def test_without_a_source_of_deploys_it_says_so(watcher: Watcher) -> None:
    watcher.app.observatory.changes = None
    outcome = (await watcher.asks("p95 of checkout since the deploy")).outcome
    assert isinstance(outcome, Refused)
    assert "no system of deploys is connected" in outcome.message
