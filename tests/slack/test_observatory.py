"""Questions about telemetry, in Slack: numbers, a picture, buttons that ask on, and a bad deploy that is named."""

from __future__ import annotations

import asyncio

from bot.app import App
from integrations.sandbox.platform.server import Platform
from integrations.sandbox.slack.testing import Person, Playground, words
from tests.sandbox.desk import Desk, expect
from tests.slack.conftest import Ahead
from tests.slack.seeing import Settled, answers


async def test_a_question_gets_numbers_a_picture_and_buttons_that_ask_on(
    watching: App, settled: Settled, workspace: Playground, sre: Person
) -> None:
    thread = await sre.says("#ops", "@copilot p95 of checkout in prod over the last hour")
    answer = await thread.last(containing="P95 latency of checkout in production")
    await settled()
    (picture,) = [workspace.state.files[file] for message in answers(thread) for file in message.files]
    assert picture.content.startswith(b"\x89PNG")
    assert "checkout" in picture.alt_text
    await sre.clicks(answer, "Compare with last week")
    compared = await thread.last(containing="the same time last week", after=answer)
    assert "median" in words(compared)
    await sre.clicks(answer, "Show query")
    await settled()


async def test_after_a_bad_deploy_why_names_it(watching: App, platform: Platform, ahead: Ahead, sre: Person) -> None:
    platform.world.inject("bad_deploy", "checkout", "production", ahead())
    ahead.move(minutes=20)
    version = platform.world.version_at("checkout", "production", ahead())
    thread = await sre.says("#ops", "@copilot why is checkout slow?")
    said = words(await thread.last(containing="Most likely the cause is checkout itself"))
    assert f"deploy of checkout {version}" in said


async def test_a_dashboard_of_a_thread_holds_its_queries(watching: App, settled: Settled, sre: Person) -> None:
    thread = await sre.says("#ops", "@copilot p95 of checkout")
    await thread.last(containing="P95 latency of checkout")
    await sre.says(thread, "@copilot errors in payments")
    await thread.last(containing="Error rate of payments")
    await settled()
    await sre.says(thread, "@copilot make a dashboard of this")
    made = await thread.last(containing="Dashboard")
    assert "2" in words(made)


async def test_twenty_ask_at_once_and_each_is_answered(watching: App, settled: Settled, workspace: Playground) -> None:
    people = [workspace.person(name) for name in ("sre", "devops", "ml-engineer", "qa-engineer", "manager")]
    asked = [
        people[number % 5].says("#ops", f"@copilot throughput of {service} in the last {10 + number} minutes")
        for number, service in enumerate(["checkout", "cart", "search", "payments", "chat-api"] * 4)
    ]
    for thread in await asyncio.gather(*asked):
        await thread.last(containing="Throughput of")


async def test_the_picture_is_seen_in_a_browser(watching: App, desk: Desk) -> None:
    page = await desk.opens("?as=U0SRE#/c/C0OPS")
    await desk.writes("@copilot error rate of payments in prod")
    await page.get_by_text("2 replies").click()
    thread = page.locator(".thread-pane")
    await expect(thread.get_by_text("Error rate of payments in production").first).to_be_visible()
    picture = thread.locator("img[alt*='payments']").first
    await expect(picture).to_be_visible()
    assert await picture.evaluate("image => image.naturalWidth") > 600
