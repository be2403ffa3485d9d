"""Turns of a conversation by rules alone: what goes on, what is asked, what is remembered, and by whom."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import timedelta
from typing import Any

import pytest

from bot.agent.events import Choices, Result
from bot.agent.request import Request
from bot.agent.suspended import PATIENCE
from bot.agent.threads import Key, Message
from bot.agent.transcript import MOST
from bot.app import App
from bot.door.context import Context
from bot.door.operation import Input, Operation, operation
from bot.door.outcomes import Origin
from bot.guard.people import Actor
from bot.guard.risk import Risk
from integrations.sandbox.platform.server import Platform
from integrations.sandbox.platform.world import World
from tests.agent.playing import Talk, Told
from tests.conftest import START, MakeApp, MovedClock
from tests.door.stage import IN_PROCESS, Said, Script, read, soon


class Deploy(Input):
    """What to bring where."""

    service: str
    environment: str
    version: str = ""


def deploy(ran: list[Deploy]) -> Operation[Any, Any]:
    async def function(wanted: Deploy, _: Context) -> Said:
        """Bring a version of a service to an environment."""
        ran.append(wanted)
        return Said(words="deployed")

    return operation("deploy.start", title="Deploy", permission="maintenance:drill", risk=Risk.DESTRUCTIVE, timeout=20)(
        function
    )


@pytest.fixture
async def platform(clock: MovedClock) -> AsyncIterator[Platform]:
    async with Platform(World(born=START - timedelta(hours=2)), clock=clock) as running:
        yield running


@pytest.fixture
async def talk(make_app: MakeApp, platform: Platform) -> Talk:
    return Talk(await make_app(deploy([]), prometheus_url=platform.prometheus_url))


def values(told: Told) -> dict[str, Any]:
    (result,) = told.all(Result)
    return dict(result.values)


def question(told: Told) -> str:
    return next((each.question for each in told.all(Choices)), "")


async def said(app: App, key: Key) -> list[Message]:
    session = await app.conversations.find(key.workspace, key.channel, key.thread)
    return list((await app.conversations.page(session.id, None, 100))[0]) if session else []


def where(talk: Talk) -> Key:
    return Key("T1", talk.channel, talk.thread)


# ---------------------------------------------------------------- follow-ups


async def test_what_was_said_before_holds_until_it_is_replaced(talk: Talk) -> None:
    first = values(await talk.says("p95 of checkout in prod over the last hour"))
    assert (first["service"], first["quantile"], first["environment"]) == ("checkout", 0.95, "production")
    second = values(await talk.says("and p99?"))
    assert (second["service"], second["quantile"], second["environment"]) == ("checkout", 0.99, "production")
    third = values(await talk.says("what about staging?"))
    assert (third["service"], third["quantile"], third["environment"]) == ("checkout", 0.99, "staging")
    fourth = values(await talk.says("same for payments"))
    assert (fourth["service"], fourth["quantile"], fourth["environment"]) == ("payments", 0.99, "staging")


async def test_a_button_that_was_pressed_is_part_of_the_conversation(talk: Talk) -> None:
    pressed = Request(
        Actor("sre"), talk.origin, "pressed", operation="metrics.query", values={"service": "cart", "metric": "latency"}
    )
    assert [event async for event in talk.app.turns.run(pressed)]
    assert (
        values(await talk.says("and p99?")).items()
        >= {"service": "cart", "metric": "latency", "quantile": 0.99}.items()
    )


async def test_another_thread_knows_nothing_of_it(talk: Talk) -> None:
    await talk.says("p95 of checkout")
    elsewhere = Talk(talk.app, thread="2.2")
    told = await elsewhere.says("and p99?")
    assert "service" not in values(told)


@IN_PROCESS
async def test_each_speaks_with_their_own_rights_in_one_thread(talk: Talk) -> None:
    await talk.says("p95 of checkout")
    told = await talk.says("audit.verify", "qa-engineer")
    assert [each.outcome.kind for each in told.all(Result)] == ["refused"]
    again = await talk.says("and p99?", "qa-engineer")
    assert values(again)["service"] == "checkout", "what was said in the thread is everybody's"
    assert {each.author for each in await said(talk.app, where(talk))} == {"sre", "qa-engineer", "bot"}


# ---------------------------------------------------------------- questions


async def test_a_question_is_answered_by_words(talk: Talk) -> None:
    asked = await talk.says("deploy checkout")
    assert question(asked) == "Which environment?"
    (form,) = (await talk.says("staging")).forms
    assert (form.operation, dict(form.values)) == ("deploy.start", {"service": "checkout", "environment": "staging"})


@IN_PROCESS
@pytest.mark.parametrize(
    ("answer", "environment"),
    [("production", "production"), ("prod please", "production"), ("the second one", "staging"), ("2nd", "staging")],
)
async def test_an_answer_is_an_option_or_its_place(talk: Talk, answer: str, environment: str) -> None:
    asked = await talk.says("deploy checkout")
    assert [each.say for each in asked.all(Choices)[0].choices][:2] == ["production", "staging"]
    (form,) = (await talk.says(answer)).forms
    assert form.values["environment"] == environment


@IN_PROCESS
async def test_one_thing_after_the_other_is_asked_for(talk: Talk) -> None:
    assert question(await talk.says("deploy")) == "Which service?"
    assert question(await talk.says("payments")) == "Which environment?"
    (form,) = (await talk.says("staging")).forms
    assert dict(form.values) == {"service": "payments", "environment": "staging"}


@IN_PROCESS
@pytest.mark.parametrize("words", ["never mind", "no", "forget it", "cancel that, thanks", "don't do it"])
async def test_a_question_is_given_up(talk: Talk, words: str) -> None:
    await talk.says("deploy checkout")
    assert (await talk.says(words)).text == "All right, I leave it."
    assert await talk.app.suspended.question(where(talk), "sre", talk.app.clock()) is None


@IN_PROCESS
async def test_another_wish_is_a_wish_and_the_question_is_left_behind(talk: Talk) -> None:
    await talk.says("deploy checkout")
    assert (await talk.says("p95 of payments over the last hour")).ran == ["metrics.query"]
    told = await talk.says("and in staging?")
    assert not told.forms
    assert values(told)["service"] == "payments"


@IN_PROCESS
@pytest.mark.parametrize("words", ["ok", "i don't know", "whatever", "hm, what do you think we should do about it all"])
async def test_words_that_name_nothing_are_no_name(talk: Talk, words: str) -> None:
    await talk.says("deploy checkout")
    assert not (await talk.says(words)).forms


@IN_PROCESS
async def test_a_question_is_asked_of_one_person(talk: Talk) -> None:
    await talk.says("deploy checkout")
    assert not (await talk.says("staging", "devops")).forms
    assert (await talk.says("staging")).forms


async def test_an_answer_that_is_given_twice_at_once_goes_on_once(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    replicas = [await make_app(deploy([])) for _ in range(2)]
    await Talk(replicas[0]).says("deploy checkout")
    both = asyncio.Barrier(2)
    for app in replicas:

        async def question(*given: Any, found: Any = app.suspended.question) -> Any:
            waiting = await found(*given)
            await both.wait()
            return waiting

        monkeypatch.setattr(app.suspended, "question", question)
    told = await asyncio.gather(*(Talk(app).says("staging") for app in replicas))
    assert sorted(len(each.forms) for each in told) == [0, 1]
    assert "answered a moment ago" in "".join(each.text for each in told)


async def test_an_answer_comes_after_a_restart(make_app: MakeApp) -> None:
    before = await make_app(deploy([]))
    await Talk(before).says("deploy checkout")
    await before.close()
    (form,) = (await Talk(await make_app(deploy([]))).says("staging")).forms
    assert form.values == {"service": "checkout", "environment": "staging"}


@IN_PROCESS
async def test_after_an_hour_an_answer_is_a_new_sentence(talk: Talk, clock: MovedClock) -> None:
    await talk.says("deploy checkout")
    clock.move(seconds=PATIENCE.total_seconds() + 1)
    assert not (await talk.says("staging")).forms


async def test_what_acts_is_never_run_by_words(make_app: MakeApp) -> None:
    ran: list[Deploy] = []
    talk = Talk(await make_app(deploy(ran)))
    for words in ("deploy checkout to staging", "yes", "go ahead", "do it", "deploy checkout to production now!!"):
        await talk.says(words)
    assert ran == []


# ---------------------------------------------------------------- what is said of it


@IN_PROCESS
async def test_an_unknown_service_is_answered_with_the_near_ones(talk: Talk) -> None:
    (result,) = (await talk.says("p95 of sarch")).all(Result)
    assert "no service 'sarch'" in result.outcome.message
    assert "search" in result.outcome.mend


@IN_PROCESS
async def test_what_is_not_here_is_said_with_what_it_needs_and_what_there_is(talk: Talk) -> None:
    told = await talk.says("declare an incident for checkout")
    assert "incident manager" in told.text
    assert "Nothing was started" in told.text
    assert told.all(Choices)


@IN_PROCESS
async def test_what_is_left_out_is_said(talk: Talk) -> None:
    told = await talk.says("p95 of checkout, cart, search, payments and inference")
    assert [each.values["service"] for each in told.all(Result)] == ["checkout", "cart", "search", "payments"]
    assert "p95 inference" in told.text


# ---------------------------------------------------------------- what is remembered


async def test_a_turn_is_remembered_as_it_ended(make_app: MakeApp) -> None:
    held = Script(held=True)
    app = await make_app(read("test.read", Script(error=RuntimeError("broken"))), read("test.long", held))
    talk = Talk(app)
    await talk.says("audit.verify", "qa-engineer")
    await talk.says("test.read words=x")
    stopping = Request(Actor("sre"), talk.origin, "stopped", "test.long words=y")
    async with aclosing(app.turns.run(stopping)) as events:
        await anext(events)
        await soon(held.began)
    await talk.says("status")
    kept = [each.meta["standing"] for each in await said(app, where(talk)) if each.role == "assistant"]
    assert kept == ["failed", "failed", "stopped", "done"]


async def test_those_who_speak_at_once_lose_nothing(make_app: MakeApp) -> None:
    app = await make_app()
    talks = [Talk(app) for _ in range(8)]
    await asyncio.gather(*(each.says(f"approvals.list limit={at + 1}") for at, each in enumerate(talks)))
    kept = await said(app, where(talks[0]))
    assert {each.content for each in kept if each.role == "user"} == {
        f"approvals.list limit={at + 1}" for at in range(8)
    }
    assert sum(each.role == "assistant" for each in kept) == 8


@IN_PROCESS
async def test_a_request_that_comes_again_after_a_crash_is_recorded_once(make_app: MakeApp) -> None:
    held = Script(held=True)
    app = await make_app(read("test.long", held))
    request = Request(Actor("sre"), Talk(app).origin, "the-same", "test.long words=once")

    async def run(asked: Request) -> None:
        async for _ in app.turns.run(asked):
            pass

    first = asyncio.create_task(run(request))
    await soon(held.began)
    first.cancel()
    held.go_on.set()
    await asyncio.gather(first, return_exceptions=True)
    await run(Request(request.actor, request.origin, request.key, request.text, again=True))
    kept = await said(app, where(Talk(app)))
    assert [each.content for each in kept if each.role == "user"] == ["test.long words=once"]
    assert kept[-1].meta["standing"] == "done"


@IN_PROCESS
async def test_what_a_slash_command_shows_to_one_is_a_conversation_of_their_own(make_app: MakeApp) -> None:
    app = await make_app()
    for person in ("sre", "devops"):
        origin = Origin("command", "C1", None, "T1")
        request = Request(Actor(person), origin, f"slash-{person}", "approvals.list")
        assert [event async for event in app.turns.run(request)]
    await Talk(app).says("status")
    for person in ("sre", "devops"):
        kept = await said(app, Key("T1", "C1", f"command:{person}"))
        assert {each.author for each in kept} == {person, "bot"}
    assert [each.content for each in await said(app, where(Talk(app))) if each.role == "user"] == ["status"]


@IN_PROCESS
async def test_what_is_remembered_of_an_answer_is_bounded(make_app: MakeApp) -> None:
    async def long(_: object, __: Context) -> str:
        return "x" * 50_000

    app = await make_app(read("test.read", long))
    talk = Talk(app)
    await talk.says("test.read words=" + "y" * 7_000)
    await talk.says("help")
    assert all(len(each.content) <= MOST for each in await said(app, where(talk)) if each.role == "assistant")


@IN_PROCESS
async def test_what_was_asked_is_forgotten_where_nobody_may_ask(make_app: MakeApp) -> None:
    app = await make_app()
    talk = Talk(app)
    told = await talk.says("status", "nobody-we-know")
    assert told.all(Result) == []
    assert await said(app, where(talk)) == []
