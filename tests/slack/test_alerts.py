"""An alert in Slack, with the whole bot behind it: seen with its picture, and every button of it pressed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from bot import defaults
from bot.app import App
from bot.door.runs import RunStore
from bot.telemetry.vocabulary import Scope
from bot.watch.alerts import Alert, AlertState, AlertStore, Origin
from bot.watch.finding import Family, Finding, Subject
from bot.watch.telling import title
from bot.watch.watches import Aim, Watch, WatchKind, WatchState, WatchStore
from integrations.sandbox.platform.server import Platform
from integrations.sandbox.platform.world import World
from integrations.sandbox.slack.state import Message
from integrations.sandbox.slack.testing import Person, Playground, Thread, words
from tests.handlers.alerting import resolved
from tests.sandbox.desk import Desk, expect
from tests.slack.asking import redrawn
from tests.slack.conftest import OPS, Ahead, Make
from tests.slack.seeing import Settled, answers

BROKEN = timedelta(minutes=12)


@pytest.fixture
async def platform(ahead: Ahead) -> AsyncIterator[Platform]:
    """On which a deploy of checkout went wrong a while ago."""
    world = World(born=ahead() - timedelta(hours=4))
    async with Platform(world, clock=ahead) as running:
        world.inject("bad_deploy", "checkout", "production", ahead() - BROKEN)
        yield running


@dataclass
class Watched:
    """The bot, and the one alert that it tells of."""

    app: App
    alerts: AlertStore
    alert: Alert

    async def moves(self, before: Alert | None, after: Alert) -> None:
        assert self.app.slack is not None
        assert self.app.slack.alerts is not None
        assert await self.alerts.swap(before, after)
        await self.app.slack.alerts.moved(after)
        await self.app.slack.alerts.close(60)


@pytest.fixture
async def watched(bots: Make, platform: Platform, ahead: Ahead) -> Watched:
    bot = await bots(
        services_file=defaults.path("services.yaml"),
        prometheus_url=platform.prometheus_url,
        loki_url=platform.loki_url,
        tempo_url=platform.tempo_url,
        deploys_url=platform.deploys_url,
    )
    aim = Aim(WatchKind.SCAN, "metrics", Scope(environment="production"))
    # Paused, so that nothing else is found here.
    resting = Watch("wat-1", "everything in production", aim, OPS, "U0SRE", ahead(), state=WatchState.PAUSED)
    watch = await bot.resources.get(WatchStore).add(resting)
    since = ahead() - BROKEN
    finding = Finding(
        Subject("checkout", "production", "latency"),
        Family.DEVIATION,
        "high",
        since,
        ahead(),
        "p95 is 1.9 s, usual is 0.2 s",
        1.9,
        0.2,
        "s",
        14.0,
        0.9,
        watch.id,
    )
    errors = replace(
        finding,
        subject=Subject("checkout", "production", "error_rate"),
        words="error rate is 9 %, usual is 0 %",
        value=0.09,
        expected=0.0,
        unit="share",
    )
    origins = (Origin("checkout", 0.86, "it was deployed just before"),)
    found = Alert(
        "alr-1",
        watch.group,
        "f",
        OPS,
        "production",
        AlertState.FIRING,
        "critical",
        title((finding,), origins),
        (finding, errors),
        since,
        since,
        origins=origins,
        changes=("deploy of checkout 2.14",),
    )
    watched = Watched(bot, bot.resources.get(AlertStore), found)
    await watched.moves(None, found)
    return watched


async def card_of(sre: Person) -> Message:
    return await sre.sees("#ops", containing="Likely origin")


async def test_it_arrives_with_a_picture_of_what_is_not_as_usual(
    watched: Watched, workspace: Playground, sre: Person
) -> None:
    card = await card_of(sre)
    (image,) = [each for each in card.blocks if each["type"] == "image"]
    assert workspace.state.files[image["slack_file"]["id"]].content.startswith(b"\x89PNG")
    assert "P95 latency · checkout in production" in image["alt_text"]
    assert "unusual stretch shaded" in image["alt_text"]
    for said in ("🔴", "checkout", "86 %", "deploy of checkout 2.14", "error rate is 9 %"):
        assert said in words(card), said
    declares = "incidents.declare" in {each.name for each in watched.app.registry}
    assert ("Declare incident" in words(card)) == declares


async def test_whoever_acknowledges_it_is_named_on_it_and_in_its_thread(
    watched: Watched, workspace: Playground, settled: Settled, sre: Person
) -> None:
    card = await card_of(sre)
    await sre.clicks(card, "Acknowledge")
    after = await redrawn(workspace, card, "<@U0SRE> is on it")
    assert "Acknowledge" not in words(after)
    await sre.sees_ephemeral("#ops")
    await Thread(workspace, sre.id, card).last(containing="<@U0SRE> looks at it")
    await settled()
    said = [each for each in workspace.state.messages[OPS].values() if each.thread_ts == card.ts and each.ts != card.ts]
    assert len(said) == 1
    kept = await watched.alerts.get("alr-1")
    assert kept is not None
    assert kept.acknowledged_by == "U0SRE"


async def test_noise_makes_the_watch_quieter_and_whoever_said_so_is_told_how(
    watched: Watched, workspace: Playground, sre: Person, manager: Person
) -> None:
    card = await card_of(sre)
    await sre.clicks(card, "👎 Noise")
    await redrawn(workspace, card, "👎 1")
    told = await sre.sees_ephemeral("#ops")
    quieter = "latency of checkout must be about 3 times as unusual as at first before I speak up"
    assert f"From now on, {quieter} (watch “everything in production”)." in words(told)
    below = words(await Thread(workspace, sre.id, card).last(containing="finds it noise"))
    assert below.startswith(f"<@U0SRE> finds it noise: from now on, {quieter}.")
    await manager.clicks(card, "👍 Useful")
    await redrawn(workspace, card, "👍 1")
    await sre.clicks(told, "Take it back")
    await Thread(workspace, sre.id, card).last(containing="<@U0SRE> takes back what they said of it")
    assert "👎 1" not in words(await redrawn(workspace, card, "👍 1"))


async def test_explain_answers_in_the_thread_why_it_is_so(
    watched: Watched, platform: Platform, workspace: Playground, sre: Person, ahead: Ahead
) -> None:
    workspace.patience = 30  # to explain something takes seconds where others work, too
    card = await card_of(sre)
    await sre.clicks(card, "Explain")
    answer = await Thread(workspace, sre.id, card).last(containing="cause is checkout")
    assert f"deploy of checkout {platform.world.version_at('checkout', 'production', ahead())}" in words(answer)


async def test_silence_asks_how_long_and_hides_it(watched: Watched, workspace: Playground, sre: Person) -> None:
    card = await card_of(sre)
    await sre.clicks(card, "Silence…")
    form = await sre.modal(containing="would be silent here until")
    first = form.blocks[0]["text"]["text"]
    said, *hides, _ = first.split("\n")
    assert said.startswith("Alerts about latency and error rate of checkout in production would be silent here until")
    assert hides == ["Hidden now: 1", watched.alert.title]
    runs = await watched.app.resources.get(RunStore).find()
    assert "alerts.silence" not in {each.operation for each in runs}, "a form that is opened has changed nothing"
    assert await sre.submits(form) == {}
    await redrawn(workspace, card, "silenced by <@U0SRE> until")
    below = words(await Thread(workspace, sre.id, card).last(containing="silenced it"))
    assert below.startswith("<@U0SRE> silenced it until <!date^")
    told = await Thread(workspace, sre.id, card).last(containing="are silent here until")
    await sre.clicks(told, "Take it back")
    await Thread(workspace, sre.id, card).last(containing="no longer silenced")


async def test_in_its_thread_words_are_about_it(watched: Watched, workspace: Playground, sre: Person) -> None:
    workspace.patience = 30
    card = await card_of(sre)
    here = Thread(workspace, sre.id, card)
    await sre.says(here, "@copilot ack")
    await redrawn(workspace, card, "<@U0SRE> is on it")
    await here.last(containing="You look after it")
    await sre.says(here, "@copilot why?")
    await here.last(containing="cause is checkout")
    await sre.says(here, "@copilot this was noise")
    await redrawn(workspace, card, "👎 1")
    await sre.says(here, "@copilot silence this for 1h: load test")
    asks = await here.last(containing="look it over")
    await sre.clicks(asks, "Fill in the form")
    form = await sre.modal(containing="would be silent here until")
    assert "load test" in str(form.blocks)
    assert await sre.submits(form) == {}
    await redrawn(workspace, card, "silenced by <@U0SRE> until")


async def test_it_stays_out_of_what_people_say_to_each_other_there(
    watched: Watched, workspace: Playground, settled: Settled, sre: Person, manager: Person
) -> None:
    workspace.patience = 30
    here = Thread(workspace, sre.id, await card_of(sre))
    await sre.says(here, "@copilot ack")
    await here.last(containing="You look after it")
    for chat in ("hm it's probably the card processor", "that was helpful, thanks", "I restarted it twice", "lol"):
        await manager.says(here, chat)
    await sre.says(here, "undo")
    await here.last(containing="Take an acknowledgement back")
    await settled()
    _, *said = answers(here)
    assert len(said) == 3, "an answer, its news in the thread, and a form"


async def test_when_it_is_over_the_message_says_so(watched: Watched, workspace: Playground, sre: Person) -> None:
    card = await card_of(sre)
    await watched.moves(watched.alert, resolved(watched.alert, watched.alert.since + timedelta(minutes=14)))
    after = await redrawn(workspace, card, "Resolved")
    assert "Acknowledge" not in words(after)
    assert "over after 14 min" in words(await Thread(workspace, sre.id, card).last(containing="over"))


async def test_in_a_browser_it_is_seen_heard_and_pressed_by_keyboard(watched: Watched, desk: Desk) -> None:
    page = await desk.opens("?as=U0SRE#/c/C0OPS")
    await expect(page.get_by_text("Likely origin")).to_be_visible()
    picture = page.locator("img[alt*='P95 latency']").first
    await picture.scroll_into_view_if_needed()
    await expect(picture).to_be_visible()
    assert await picture.evaluate("image => image.naturalWidth") > 600
    acknowledge = page.get_by_role("button", name="Acknowledge")
    await acknowledge.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("is on it")).to_be_visible()
    await expect(page.get_by_text("1 reply")).to_be_visible()
