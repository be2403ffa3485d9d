"""Faults: the same seed, the same misfortune; and what is planned happens, once."""

from __future__ import annotations

from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from bot.errors import InvalidInput
from integrations.sandbox.slack.faults import Faults
from integrations.sandbox.slack.testing import Playground
from tests.sandbox.stage import MANIFEST, client_of


@pytest.fixture
def slack_manifest() -> dict[str, Any]:
    return MANIFEST


def rolled(seed: int) -> list[object]:
    faults = Faults(seed)
    faults.set(error_rate=0.3, rate_limit=0.1, drop_sockets=0.2, duplicates=0.3, reorder=0.3, latency_ms=5)
    return [
        (faults.failure("chat.postMessage"), faults.cut(), faults.twice(), faults.held(), faults.latency())
        for _ in range(50)
    ]


def test_the_same_seed_has_the_same_misfortune() -> None:
    assert rolled(7) == rolled(7)
    assert rolled(7) != rolled(8)


def test_without_levels_nothing_goes_wrong() -> None:
    faults = Faults(1)
    assert all(
        (faults.failure("x"), faults.cut(), faults.twice(), faults.held(), faults.latency())
        == (None, None, False, 0, 0)
        for _ in range(100)
    )


@pytest.mark.parametrize("levels", [{"error_rate": 1.1}, {"error_rate": -1}, {"error_rate": True}, {"unknown": 1}])
def test_a_level_that_makes_no_sense_is_refused(levels: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        Faults().set(**levels)


async def test_a_planned_failure_happens_once_and_names_how_long_to_wait(workspace: Playground) -> None:
    client = client_of(workspace)
    workspace.faults.fail("chat.postMessage", status=429, retry_after=7)
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel="C0OPS", text="first")
    assert caught.value.response.status_code == 429
    assert caught.value.response.headers["Retry-After"] == "7"
    assert (await client.chat_postMessage(channel="C0OPS", text="second"))["ok"]
    assert [message.text for message in workspace.posted] == ["second"]


async def test_a_failure_after_the_effect_loses_only_the_answer(workspace: Playground) -> None:
    workspace.faults.fail("chat.postMessage", after_effect=True)
    with pytest.raises(SlackApiError) as caught:
        await client_of(workspace).chat_postMessage(channel="C0OPS", text="it was posted")
    assert caught.value.response.status_code == 503
    assert [message.text for message in workspace.posted] == ["it was posted"]
