"""What people see of the memory: looking at it, having it forgotten, finding what they asked, and teaching it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from bot.agent.answers import Answer
from bot.agent.events import Choice, Choices, Result, Table
from bot.agent.request import Request
from bot.app import App
from bot.door.outcomes import Done, Origin
from bot.guard.people import Actor
from bot.memory.memory import CORRECTIONS
from bot.memory.patterns import Recommendation
from bot.memory.relevance import Kind
from bot.memory.store import Item, Where
from bot.operations.recommend import Recommender
from tests.conftest import START, MovedClock
from tests.door.stage import refused

DM = Origin("dm", "D1", None, "T1")
CHANNEL = Origin("thread", "C1", "1.0", "T1")
PRIVATE = Where("T1", "D1", "", "sre", private=True)
PUBLIC = Where("T1", "C1", "1.0", "sre")
LATENCY = {"metric": "latency", "service": "checkout"}


async def done(app: App, name: str, origin: Origin = DM, /, who: str = "sre", **values: Any) -> Any:
    outcome = await app.door.invoke(Actor(who), name, values, origin=origin)
    assert isinstance(outcome, Done), outcome
    return outcome.output


async def pressable(app: App, name: str, origin: Origin = DM, /, **values: Any) -> list[Choice]:
    """The ways to go on that are offered with an answer."""
    request = Request(Actor("sre"), origin, "k1", operation=name, values=values)
    events = [event async for event in app.turns.run(request)]
    return [choice for event in events if isinstance(event, Choices) for choice in event.choices]


async def rows(app: App) -> int:
    """What the table holds, whoever it belongs to."""
    async with app.database.reading() as connection:
        counted = [await connection.execute(text(f"SELECT count(*) FROM memory_{what}")) for what in ("items", "terms")]
        return sum(int(each.scalar_one()) for each in counted)


@pytest.fixture
def database_kind() -> str:
    """What is kept is kept alike on both: tests/memory and tests/storage are about that."""
    return "sqlite"


@pytest.fixture
async def consenting(app: App) -> App:
    assert (await done(app, "preferences.set", remember=True))["remember"]
    return app


async def asks(app: App, said: str, where: Where = PRIVATE, *, outcome: str = "done") -> None:
    await app.memory.did(said, "metrics.query", LATENCY, outcome, where)


# ---------------------------------------------------------------- what is remembered


async def test_who_is_not_remembered_is_told_so_and_how_to_change_it(app: App) -> None:
    seen = await done(app, "memory.show")
    assert (seen["summary"], seen["consent"], seen["total"]) == ("I remember nothing of you.", False, 0)
    assert "“Remember from now on”" in seen["findings"][0]
    (offered,) = await pressable(app, "memory.show")
    assert (offered.operation, offered.values) == ("preferences.set", {"remember": True})


async def test_what_is_remembered_is_counted_and_each_thing_is_listed_once(consenting: App) -> None:
    app = consenting
    await asks(app, "why is checkout slow?")
    await app.memory.remember(Item(Kind.MESSAGE, "lunch " * 100, "sre"), PRIVATE)
    seen = await done(app, "memory.show")
    assert seen["summary"] == "I remember 2 things of you."
    assert {(each["kind"], each["kept"], each["items"]) for each in seen["counts"]} == {
        ("operation", "medium", 1),
        ("message", "short", 1),
    }
    said = [each["text"] for each in seen["items"]]
    assert said[1] == "why is checkout slow?"
    assert said[0].startswith("lunch lunch")
    assert len(said[0]) <= 120
    assert seen["grid"]["rows"][1][1] == "18 Mar 2026 15:30"


async def test_what_is_private_is_not_shown_where_others_read_along(consenting: App) -> None:
    app = consenting
    await asks(app, "who may see my salary?")
    await asks(app, "is checkout up?", PUBLIC)
    seen = await done(app, "memory.show", CHANNEL)
    assert [each["text"] for each in seen["items"]] == ["is checkout up?"]
    assert seen["total"] == 2
    assert "direct message" in seen["findings"][-1]
    assert "salary" not in str(seen)


async def test_what_others_are_remembered_by_is_not_mine_to_see(consenting: App) -> None:
    await asks(consenting, "why is checkout slow?")
    seen = await done(consenting, "memory.show", who="devops")
    assert (seen["total"], seen["consent"]) == (0, False)


async def test_what_is_forgotten_is_nowhere_any_more(consenting: App) -> None:
    app = consenting
    for number in range(3):
        await asks(app, f"question {number}")
    await app.memory.remember(Item(Kind.PREFERENCE, "Compare checkout with last week.", "sre"), PUBLIC)
    assert await rows(app) > 0
    gone = await done(app, "memory.forget")
    assert gone["forgotten"] == 8
    assert "8 entries" in gone["summary"]
    seen = await done(app, "memory.show")
    assert (seen["total"], seen["items"]) == (0, [])
    assert await rows(app) == 0
    assert (await done(app, "memory.forget"))["summary"] == "There was nothing."


async def test_one_item_is_forgotten_in_every_form_and_the_others_stay(consenting: App) -> None:
    app = consenting
    await asks(app, "keep this")
    await asks(app, "forget this")
    first, second = (await done(app, "memory.show"))["items"]
    assert first["text"] == "forget this"
    await done(app, "memory.forget", item=first["id"])
    seen = await done(app, "memory.show")
    assert [each["text"] for each in seen["items"]] == ["keep this"]
    assert "forget this" not in str(await app.memory.history("sre"))
    await done(app, "memory.forget", item=second["id"])
    assert await rows(app) == 0


async def test_nobody_has_anothers_memory_forgotten(consenting: App) -> None:
    app = consenting
    await asks(app, "why is checkout slow?")
    (item,) = (await done(app, "memory.show"))["items"]
    outcome = await app.door.invoke(Actor("devops"), "memory.forget", {"item": item["id"]}, origin=DM)
    assert f"nothing of you under the id {item['id']}" in refused(outcome, "invalid").message
    await done(app, "memory.forget", who="devops")
    assert (await done(app, "memory.show"))["total"] == 1


async def test_forgetting_everything_is_a_form_first(consenting: App) -> None:
    await asks(consenting, "why is checkout slow?")
    stop, forget = await pressable(consenting, "memory.show")
    assert (forget.operation, forget.form) == ("memory.forget", True)
    assert (stop.operation, stop.values, stop.form) == ("preferences.set", {"remember": False}, True)


# ---------------------------------------------------------------- consent


async def test_who_switches_remembering_off_hears_how_much_went(consenting: App) -> None:
    app = consenting
    await asks(app, "why is checkout slow?")
    held = await done(app, "preferences.set", environment="staging")
    assert (held["remember"], held["note"]) == (True, ""), "what is left away stays"
    held = await done(app, "preferences.set", remember=False)
    assert (held["remember"], held["environment"]) == (False, "staging")
    assert held["note"] == "One item that I had kept of you beyond a conversation is gone."
    seen = await done(app, "memory.show")
    assert [each["kept"] for each in seen["items"]] == ["short"], "the conversation itself goes on"
    assert (await done(app, "preferences.set", remember=False))["note"] == ""


async def test_unless_somebody_says_so_nothing_is_kept_beyond_a_conversation(app: App) -> None:
    assert not (await done(app, "preferences.show"))["remember"]
    await asks(app, "why is checkout slow?")
    assert [each["kept"] for each in (await done(app, "memory.show"))["items"]] == ["short"]


# ---------------------------------------------------------------- history


async def test_history_says_what_was_asked_and_how_it_ended(consenting: App, clock: MovedClock) -> None:
    app = consenting
    await asks(app, "latency of checkout")
    clock.move(minutes=5)
    await asks(app, "restart checkout", PUBLIC, outcome="waiting")
    seen = await done(app, "history.list")
    assert seen["summary"] == "You asked 2 times."
    assert seen["grid"]["rows"] == [
        ["18 Mar 2026 15:35", "restart checkout", "Metrics", "waited for approval"],
        ["18 Mar 2026 15:30", "latency of checkout", "Metrics", "done"],
    ]
    assert seen["commands"][1]["values"] == LATENCY
    found = await done(app, "history.list", text="LATENCY of")
    assert [each["asked"] for each in found["commands"]] == ["latency of checkout"]
    found = await done(app, "history.list", text="nothing like it")
    assert found["summary"] == "I know of nothing that you asked with “nothing like it”."
    assert len((await done(app, "history.list", limit=1))["commands"]) == 1


async def test_a_press_asks_it_again_in_the_same_words(consenting: App, clock: MovedClock) -> None:
    app = consenting
    for number in (1, 2, 3, 4, 5, 6, 6):
        clock.move(minutes=1)
        await asks(app, f"question {number}")
    offered = await pressable(app, "history.list")
    assert [each.say for each in offered] == [f"question {number}" for number in (6, 5, 4, 3, 2)]


async def test_what_was_pressed_is_run_again_with_its_values_and_a_change_is_a_form(consenting: App) -> None:
    app = consenting
    await asks(app, "Metrics")
    drill = {"environment": "staging"}
    await app.memory.did("Practice drill", "maintenance.drill", drill, "done", PRIVATE)
    change, read = await pressable(app, "history.list")
    assert (read.operation, read.values, read.form, read.say) == ("metrics.query", LATENCY, False, "")
    assert (change.operation, change.values, change.form) == ("maintenance.drill", drill, True)


async def test_without_consent_history_is_of_this_conversation_and_says_so(app: App) -> None:
    await asks(app, "asked here")
    await asks(app, "asked in another", replace(PRIVATE, channel="D2"))
    await asks(app, "asked in a channel", PUBLIC)
    seen = await done(app, "history.list")
    assert [each["asked"] for each in seen["commands"]] == ["asked here"]
    assert "“Remember from now on”" in seen["findings"][0]
    assert (await pressable(app, "history.list"))[-1].values == {"remember": True}


async def test_in_a_channel_history_is_of_this_channel_only(consenting: App) -> None:
    app = consenting
    await asks(app, "asked in private")
    await asks(app, "asked by a command", replace(PUBLIC, thread="command:sre", private=True))
    await asks(app, "asked in another thread", replace(PUBLIC, thread="2.0"))
    await asks(app, "asked elsewhere", replace(PUBLIC, channel="C2"))
    seen = await done(app, "history.list", CHANNEL)
    assert [each["asked"] for each in seen["commands"]] == ["asked in another thread"]
    assert "direct message" in seen["findings"][0]
    assert len((await done(app, "history.list"))["commands"]) == 4


async def test_looking_back_is_not_looked_back_for(consenting: App) -> None:
    app = consenting
    await asks(app, "latency of checkout")
    for name in ("history.list", "memory.show"):
        await app.memory.did(name, name, {}, "done", PRIVATE)
    assert [each["asked"] for each in (await done(app, "history.list"))["commands"]] == ["latency of checkout"]


# ---------------------------------------------------------------- learning from what people say


async def answered(app: App, **more: Any) -> str:
    result = Done({}, "metrics.query", "t", "run-1")
    events = (
        Result(result, "Metrics", {**LATENCY, "lines": ["x"] * 9, "text": "x" * 999}),
        Result(replace(result, operation="help.show"), "Help", {}),
    )
    values: dict[str, Any] = {
        "id": "ans-1",
        "key": "k1",
        "workspace": "T1",
        "channel": "C1",
        "thread": "1.0",
        "person": "sre",
    }
    values |= {"private": False, "replica": "r1", "created_at": START, "question": "why is checkout slow?"} | more
    return (await app.answers.open(Answer(**values, events=events))).id


async def advice(app: App, where: Where = PUBLIC) -> Sequence[str]:
    return [each.action for each in await app.memory.recommend("checkout is slow, why?", where)]


async def test_what_helped_is_recommended_there_and_nowhere_else(app: App) -> None:
    answer = await answered(app)
    await done(app, "answers.rate", CHANNEL, who="devops", answer=answer, verdict="up")
    assert await advice(app) == ["metrics.query"]
    assert await advice(app, replace(PUBLIC, channel="C2")) == []
    (lesson,) = await app.memory.learned(PUBLIC)
    assert lesson.meta["features"] == {**LATENCY, "answer": answer}
    assert lesson.author == "", "a channel knows it, and not by whom"


async def test_the_newest_word_teaches_once_and_a_word_taken_back_takes_its_lesson_along(app: App) -> None:
    answer = await answered(app)
    for verdict, outcomes in (("up", ["helped"]), ("up", ["helped"]), ("down", ["did not help"]), ("none", [])):
        await done(app, "answers.rate", CHANNEL, answer=answer, verdict=verdict)
        assert [each.meta["outcome"] for each in await app.memory.learned(PUBLIC)] == outcomes
    assert await rows(app) == 0


async def test_words_of_two_people_on_one_answer_are_two_lessons(app: App) -> None:
    answer = await answered(app)
    await done(app, "answers.rate", CHANNEL, answer=answer, verdict="up")
    await done(app, "answers.rate", CHANNEL, who="devops", answer=answer, verdict="down")
    assert {each.meta["outcome"] for each in await app.memory.learned(PUBLIC)} == {"helped", "did not help"}
    await done(app, "answers.rate", CHANNEL, who="devops", answer=answer, verdict="none")
    assert [each.meta["outcome"] for each in await app.memory.learned(PUBLIC)] == ["helped"]


async def test_what_would_have_been_right_is_found_by_the_next_who_asks(app: App) -> None:
    answer = await answered(app)
    wrong = {"verdict": "down", "correction": "Its cache had been cleared."}
    await done(app, "answers.rate", CHANNEL, answer=answer, **wrong)
    found = (await app.memory.retrieve("why is checkout slow?", replace(PUBLIC, thread="9.0"), 1_000)).items
    assert "Asked “why is checkout slow?”: Its cache had been cleared." in [each.text for each in found]
    await done(app, "answers.rate", CHANNEL, answer=answer, verdict="up")
    assert [each.kind for each in await app.memory.learned(PUBLIC)] == [Kind.PATTERN]


async def test_many_corrections_are_kept_each(app: App) -> None:
    for number in range(CORRECTIONS + 1):
        answer = await answered(app, id=f"ans-{number}", key=f"k{number}")
        await done(app, "answers.rate", CHANNEL, answer=answer, verdict="down", correction=f"No, it is {number}.")
    kinds = [each.kind for each in await app.memory.learned(PUBLIC)]
    assert kinds.count(Kind.CORRECTION) == CORRECTIONS + 1


async def test_what_is_said_in_private_teaches_only_with_consent_and_only_in_private(app: App) -> None:
    answer = await answered(app, private=True, channel="D1", thread=None)
    await done(app, "answers.rate", answer=answer, verdict="up")
    assert await rows(app) == 0
    await done(app, "preferences.set", remember=True)
    await done(app, "answers.rate", answer=answer, verdict="up")
    assert await advice(app, PRIVATE) == ["metrics.query"]
    assert await advice(app, PUBLIC) == []
    await done(app, "memory.forget")
    assert await rows(app) == 0


async def test_an_answer_that_a_button_asked_for_is_learned_by_its_title(app: App) -> None:
    answer = await answered(app, question="metrics.query")
    await done(app, "answers.rate", CHANNEL, answer=answer, verdict="up")
    (lesson,) = await app.memory.learned(PUBLIC)
    assert lesson.text.startswith("Metrics")


# ---------------------------------------------------------------- help, and advice from before


async def test_help_on_a_question_cites_what_is_written_on_it(app: App) -> None:
    helped = await done(app, "help.show", question="what is a burn rate?")
    assert helped["passages"][0]["source"] == "guides/error-budgets.md#burn-rate"
    assert 1 <= len(helped["passages"]) <= 2
    request = Request(Actor("sre"), DM, "k2", operation="help.show", values={"question": "what is a burn rate?"})
    events = [event async for event in app.turns.run(request)]
    (table,) = [event for event in events if isinstance(event, Table)]
    assert table.rows[0][2] == "guides/error-budgets.md#burn-rate"
    (choices,) = [event for event in events if isinstance(event, Choices)]
    assert choices.choices[0].operation == "knowledge.show"
    assert (await done(app, "help.show"))["passages"] == []
    assert (await done(app, "help.show", question="who won the world cup in 1998?"))["passages"] == []


@pytest.mark.parametrize(("origin", "private"), [(DM, True), (CHANNEL, False), (Origin("command", "C1", None), True)])
async def test_advice_from_before_is_private_only_where_nobody_reads_along(
    app: App, origin: Origin, *, private: bool
) -> None:
    seen: list[Where] = []

    class Before:
        async def recommend(self, situation: str, where: Where) -> Sequence[Recommendation]:
            seen.append(where)
            return []

    app.resources.put(Recommender, Before())
    await done(app, "recommend.improve", origin, topic="checkout is slow")
    (where,) = seen
    assert (where.private, where.person) == (private, "sre")
