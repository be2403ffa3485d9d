"""An operation behind an outside system stops asking it when it fails too often, and says for how long."""

from __future__ import annotations

from bot.app import App
from bot.door.outcomes import Done, Failed
from bot.errors import NotFound, Refusal, Unavailable
from bot.resilience import Breakers, BreakerSettings
from tests.conftest import MakeApp, invoke
from tests.door.stage import IN_PROCESS, Script, audited, change, read


class Seconds:
    """The breakers' clock."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def breakers(app: App, clock: Seconds) -> None:
    app.runner._breakers = app.breakers = Breakers(
        default=BreakerSettings(failure_threshold=3, recovery_seconds=30, trials=1), clock=clock
    )


async def test_it_opens_says_when_to_come_back_and_closes_again(make_app: MakeApp) -> None:
    clock, script = Seconds(), Script(error=Unavailable("the platform is away"))
    other = Script()
    app = await make_app(
        read("test.read", script, dependency="platform"),
        change("test.change", script, dependency="platform"),
        read("test.other", other, dependency="elsewhere"),
        read("test.free", other),
    )
    breakers(app, clock)
    for name in ("test.read", "test.change", "test.read"):
        outcome = await invoke(app, "sre", name)
        assert isinstance(outcome, Failed)
        assert outcome.error == "Unavailable"
    clock.now += 10
    for name in ("test.read", "test.change"):
        outcome = await invoke(app, "sre", name)
        assert isinstance(outcome, Failed)
        assert (outcome.error, outcome.retryable, outcome.retry_after) == ("CircuitOpen", True, 20.0)
        assert "platform rests after 3 failures" in outcome.message
        assert "20 s" in outcome.mend
    assert script.ran == 3
    assert [row["event"] for row in await audited(app)] == ["start", "end"] * 5
    status = await app.status()
    assert not status.healthy
    assert status.breakers["platform"] == "open"
    assert any("platform" in trouble for trouble in status.trouble)
    assert isinstance(await invoke(app, "sre", "test.other"), Done)
    assert isinstance(await invoke(app, "sre", "test.free"), Done)
    clock.now += 21
    script.error = None
    assert isinstance(await invoke(app, "sre", "test.read"), Done)
    assert (await app.status()).breakers["platform"] == "closed"


@IN_PROCESS
async def test_what_the_asker_got_wrong_does_not_count(make_app: MakeApp) -> None:
    script = Script()
    app = await make_app(read("test.read", script, dependency="platform"))
    breakers(app, Seconds())
    for error in (NotFound("no such thing"), Refusal("not for you")) * 3:
        script.error = error
        await invoke(app, "sre", "test.read")
    assert script.ran == 6
