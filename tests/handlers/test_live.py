"""Whatever happens to Slack while it is given, in the end there is one message, and it says the whole answer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.agent.events import Event, Picture, Plan, Table, Task, Text, Trouble
from bot.errors import Interrupted, Retryable
from handlers.live import EDIT_EVERY, LiveAnswer, Place
from handlers.pace import Rate
from handlers.present.message import Block, Rendered
from handlers.refused import SlackRefused
from tests.handlers.fake_slack import UNBOUND, Fault, Stage, Wire, staged, until

ID = "ans-1"
TABLE = Table("Disks", ("name",), (("sda",),))
STREAM = Place("C1", "1.1", "U1", "T1", "thread", can_stream=True)
PLAIN = Place("C1", "1.1", "U1", "T1", "thread")
TRANSIENT: list[Fault] = ["ok", "limited", "500", "500 after", "cut", "cut after", "internal after"]


def said(events: Sequence[Event]) -> str:
    return "".join(event.markdown for event in events if isinstance(event, Text))


def section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def render(events: Sequence[Event], /, *, done: bool) -> Rendered:
    words = said(events)
    words = words if words.strip() else "Nothing." if done else "Looking …"
    others = [section(repr(event)[:500]) for event in events if not isinstance(event, Text)]
    pictures = tuple(event for event in events if isinstance(event, Picture))
    return Rendered(words, (section(words[:3_000]), *others, section("done" if done else "more")), pictures)


def below(events: Sequence[Event]) -> list[Block]:
    return [*(section(repr(event)[:500]) for event in events), section("done")]


def live(stage: Stage, place: Place, **more: Any) -> LiveAnswer:
    return LiveAnswer(stage.outbox, place, render, answer_id=ID, clock=stage.clock, sleep=stage.clock.sleep, **more)


def only(stage: Stage) -> Wire:
    (message,) = [each for each in stage.slack.visible("C1") if not each["files"]]
    return message


def shows(message: Wire, whole: Rendered) -> bool:
    return (message["text"], message["blocks"], message["chunks"]) == (whole.text, list(whole.blocks), [])


# ---------------------------------------------------------------- as it should go


@pytest.mark.parametrize("place", [STREAM, PLAIN])
async def test_there_is_something_to_see_at_once_and_its_ts_is_known(place: Place) -> None:
    posted: list[str] = []

    async def on_posted(ts: str) -> None:
        posted.append(ts)

    async with staged() as stage:
        start = stage.clock()
        answer = live(stage, place, on_posted=on_posted)
        await answer.begin()
        assert stage.clock() - start < 0.5
        message = only(stage)
        assert posted == [message["ts"]] == [answer.ts]
        assert "Looking" in str(message)
        assert message["streaming"] is place.can_stream
        await answer.leave()


async def test_a_stream_says_the_words_as_they_come_and_shows_tasks() -> None:
    async with staged() as stage:
        answer = live(stage, STREAM, rest=below)
        await answer.begin()
        await answer.feed(Plan("Find out why"))
        await answer.feed(Task("a", "Read the log"))
        await answer.feed(Text("It is "))
        await until(lambda: only(stage)["text"] == "It is ")
        await answer.feed(Text("the **disk**."))
        await answer.feed(Task("a", "Read the log", "done", "3 lines"))
        await until(lambda: only(stage)["text"] == "It is the **disk**.")
        await answer.feed(TABLE)
        assert await answer.finish() == only(stage)["ts"]
        message = only(stage)
        assert message["text"] == "It is the **disk**."
        assert message["blocks"] == below([TABLE])
        assert message["streaming"] is False
        assert {each.get("id"): each.get("status") for each in message["chunks"]} == {
            ID: "complete",
            None: None,
            "a": "complete",
        }
        assert stage.slack.called("chat.update") == []
        assert stage.slack.called("chat.postMessage") == []


async def test_details_of_a_task_are_told_once_though_slack_adds_them_up() -> None:
    async with staged() as stage:
        answer = live(stage, STREAM, rest=below)
        await answer.begin()
        for details in ("one", "one", "one, two", "three"):
            await answer.feed(Task("a", "Count", "running", details))
            await until(lambda: not answer._spoken)
        await answer.feed(TABLE)
        await answer.finish()
        (task,) = [each for each in only(stage)["chunks"] if each.get("id") == "a"]
        assert task["details"] == "one, two · three"


async def test_no_mention_or_forged_link_comes_out_of_a_stream_however_it_is_cut() -> None:
    async with staged() as stage:
        answer = live(stage, STREAM, rest=below)
        await answer.begin()
        for piece in ("<", "!channel> & <", "http://bad|good>"):
            await answer.feed(Text(piece))
            await until(lambda: not answer._spoken)
        await answer.feed(TABLE)
        await answer.finish()
        assert only(stage)["text"] == "&lt;!channel> & &lt;http://bad|good>"


async def test_small_pieces_travel_together() -> None:
    async with staged() as stage:
        answer = live(stage, STREAM, rest=below)
        await answer.begin()
        for _ in range(200):
            await answer.feed(Text("a"))
        await answer.feed(TABLE)
        await answer.finish()
        assert only(stage)["text"] == "a" * 200
        assert len(stage.slack.called("chat.appendStream")) <= 2


async def test_where_nothing_comes_below_the_words_the_whole_is_rendered() -> None:
    async with staged() as stage:
        answer = live(stage, STREAM, rest=below)
        await answer.begin()
        await answer.feed(Text("It is the disk."))
        await answer.finish()
        assert shows(only(stage), render([Text("It is the disk.")], done=True))


async def test_without_a_stream_the_message_changes_about_once_a_second() -> None:
    async with staged() as stage:
        answer = live(stage, PLAIN)
        await answer.begin()
        start = stage.clock()
        for n in range(40):
            await answer.feed(Text(f"{n} "))
            await stage.clock.sleep(0.1)
        await answer.finish()
        times = stage.slack.times("chat.update")
        assert 3 <= len(times) <= 6
        assert all(later - sooner >= EDIT_EVERY - 1e-3 for sooner, later in pairwise(times[:-1]))
        assert stage.clock() - start < 5
        assert shows(only(stage), render(answer.events, done=True))


async def test_the_end_does_not_wait_for_progress_that_waits_itself() -> None:
    async with staged(rates=UNBOUND.model_copy(update={"tier3": Rate(per_minute=6, burst=1)})) as stage:
        answer = live(stage, PLAIN)
        await answer.begin()
        for n in range(3):
            await answer.feed(Text(f"{n} "))
            await stage.clock.sleep(1.2)
        start = stage.clock()
        await answer.finish()
        assert stage.clock() - start <= 10, "one turn, and not one for the progress and another for the end"
        assert shows(only(stage), render(answer.events, done=True))


async def test_pictures_follow_once() -> None:
    async with staged() as stage:
        answer = live(stage, PLAIN)
        await answer.begin()
        await answer.feed(Picture(b"png", "Latency", "It rises"))
        await stage.clock.sleep(3)
        await answer.finish()
        assert [each["files"][0]["alt"] for each in stage.slack.visible() if each["files"]] == ["It rises"]


@pytest.mark.parametrize(
    "place",
    [
        Place("C1", None, "U1", "T1", "channel", can_stream=True),
        Place("C1", "1.1", None, None, "thread", can_stream=True),
        Place("C1", "1.1", "U1", "T1", "thread", can_stream=False),
    ],
)
async def test_where_no_stream_can_be_there_is_a_placeholder(place: Place) -> None:
    async with staged() as stage:
        answer = live(stage, place)
        await answer.begin()
        await answer.feed(Text("words"))
        await answer.finish()
        assert stage.slack.called("chat.startStream") == []
        assert shows(only(stage), render(answer.events, done=True))


async def test_when_streams_are_scarce_a_placeholder_is_quicker() -> None:
    async with staged(rates=UNBOUND.model_copy(update={"tier2": Rate(per_minute=20, burst=2)})) as stage:
        start = stage.clock()
        answers = [
            LiveAnswer(
                stage.outbox, STREAM, render, answer_id=f"a{n}", clock=stage.clock, sleep=stage.clock.sleep, rest=below
            )
            for n in range(5)
        ]
        for each in answers:
            await each.begin()
        assert stage.clock() - start < 0.5
        assert [each["streaming"] for each in stage.slack.visible()] == [True, True, False, False, False]
        for each in answers:
            await each.leave()


# ---------------------------------------------------------------- what ends it


@pytest.mark.parametrize("place", [STREAM, PLAIN])
@pytest.mark.parametrize("rest", [None, below])
async def test_stopped_says_so_under_what_was_there(place: Place, rest: Any) -> None:
    async with staged() as stage:
        answer = live(stage, place, rest=rest)
        await answer.begin()
        await answer.feed(Task("a", "Read the log"))
        await answer.feed(Text("It is"))
        await answer.stop()
        await answer.feed(Text(" too late"))
        await answer.finish()
        assert only(stage)["text"] == "It is\n\n_Stopped._"
        assert answer.events[-2] == Task("a", "Read the log", "failed", "stopped")


@pytest.mark.parametrize("place", [STREAM, PLAIN])
async def test_trouble_comes_under_what_was_there(place: Place) -> None:
    async with staged() as stage:
        answer = live(stage, place, rest=below)
        await answer.begin()
        await answer.feed(Text("So far"))
        await answer.feed(Trouble("no more", "ask again"))
        await answer.finish()
        assert only(stage)["text"] == "So far"
        assert "no more" in str(only(stage)["blocks"])


async def test_slacks_own_stop_is_told_and_no_progress_fights_it() -> None:
    stopped: list[bool] = []
    async with staged() as stage:
        answer = live(stage, STREAM, rest=below, on_stopped=lambda: stopped.append(True))
        await answer.begin()
        stage.slack.answers["chat.appendStream"] = "stopped_by_user"
        await answer.feed(Text("It is"))
        await until(lambda: bool(stopped))
        await answer.stop()
        assert only(stage)["text"] == "It is\n\n_Stopped._"
        assert len(stage.slack.called("chat.update")) == 1


async def test_the_second_end_changes_nothing() -> None:
    async with staged() as stage:
        answer = live(stage, PLAIN)
        await answer.begin()
        await answer.feed(Text("It is"))
        first, second = await asyncio.gather(answer.finish(), answer.stop())
        assert first == second
        assert "Stopped" not in only(stage)["text"]


# ---------------------------------------------------------------- what goes wrong


async def test_words_and_blocks_that_take_turns_are_shown_as_they_came() -> None:
    async with staged() as stage:
        answer = live(stage, STREAM, rest=below)
        await answer.begin()
        for event in (Text("before"), Table("T", ("a",), ()), Text("after")):
            await answer.feed(event)
        await answer.finish()
        assert shows(only(stage), render(answer.events, done=True))


async def test_more_than_a_stream_holds_is_shown_by_the_rendering() -> None:
    async with staged() as stage:
        answer = live(stage, STREAM, rest=below)
        await answer.begin()
        for _ in range(5):
            await answer.feed(Text("<" * 3_500))
        await answer.finish()
        assert shows(only(stage), render(answer.events, done=True))


async def test_a_stream_that_lasts_has_a_stop_button_which_is_gone_at_the_end() -> None:
    async with staged() as stage:
        answer = live(stage, STREAM, rest=below, while_running=[section("[Stop]")])
        await answer.begin()
        assert only(stage)["blocks"] == []
        await until(lambda: only(stage)["blocks"] == [section("[Stop]")])
        await answer.feed(Text("words"))
        await answer.finish()
        assert shows(only(stage), render(answer.events, done=True))


async def test_a_stream_that_died_goes_on_by_change_of_the_same_message() -> None:
    async with staged() as stage:
        answer = live(stage, STREAM, rest=below)
        await answer.begin()
        ts = answer.ts
        await answer.feed(Text("It is "))
        await until(lambda: only(stage)["text"] == "It is ")
        only(stage)["streaming"] = False
        await answer.feed(Text("the disk"))
        await until(lambda: only(stage)["text"] == "It is the disk")
        await answer.feed(Text("."))
        assert await answer.finish() == ts
        assert shows(only(stage), render(answer.events, done=True))


@pytest.mark.parametrize("place", [STREAM, PLAIN])
async def test_a_message_that_is_gone_is_posted_anew_and_its_ts_told(place: Place) -> None:
    posted: list[str] = []

    async def on_posted(ts: str) -> None:
        posted.append(ts)

    async with staged() as stage:
        answer = live(stage, place, on_posted=on_posted, rest=below)
        await answer.begin()
        await answer.feed(Text("It is"))
        only(stage)["gone"] = True
        assert await answer.finish() == posted[-1] == only(stage)["ts"]
        assert len(posted) == 2
        assert shows(only(stage), render(answer.events, done=True))


async def test_a_message_that_may_not_be_changed_any_more_is_followed_by_the_whole_answer() -> None:
    async with staged() as stage:
        answer = live(stage, PLAIN)
        await answer.begin()
        await answer.feed(Text("It is"))
        stage.slack.answers["chat.update"] = "edit_window_closed"
        stage.slack.fault_of = lambda method, given_: (
            stage.slack.answers.clear() if method == "chat.postMessage" else None
        )
        await answer.finish()
        assert shows(stage.slack.visible()[-1], render(answer.events, done=True))


async def test_where_no_answer_can_be_given_the_beginning_says_so() -> None:
    async with staged() as stage:
        stage.slack.answers = {"chat.startStream": "is_archived", "chat.postMessage": "is_archived"}
        with pytest.raises(SlackRefused, match="is_archived"):
            await live(stage, STREAM).begin()


async def test_an_answer_that_began_unseen_is_there_in_the_end() -> None:
    async with staged() as stage:
        stage.slack.fault_of = lambda method, given_: "cut"
        answer = live(stage, STREAM, rest=below)
        await answer.begin()
        assert answer.ts is None
        stage.slack.fault_of = lambda method, given_: None
        await answer.feed(Text("It is"))
        await answer.finish()
        assert shows(only(stage), render(answer.events, done=True))


async def test_a_renderer_that_fails_on_progress_does_not_take_the_answer_with_it() -> None:
    def choosy(events: Sequence[Event], /, *, done: bool) -> Rendered:
        if events and not done:
            raise ValueError("not yet")
        return render(events, done=done)

    async with staged() as stage:
        answer = LiveAnswer(stage.outbox, PLAIN, choosy, answer_id=ID, clock=stage.clock, sleep=stage.clock.sleep)
        await answer.begin()
        await answer.feed(Text("It is"))
        await stage.clock.sleep(3)
        await answer.finish()
        assert shows(only(stage), render(answer.events, done=True))


@pytest.mark.parametrize("place", [STREAM, PLAIN])
async def test_after_a_crash_another_process_goes_on_on_the_same_message(place: Place) -> None:
    async with staged() as stage:
        first = live(stage, place, rest=below)
        await first.begin()
        await first.feed(Text("It is "))
        await stage.clock.sleep(2)
        await first.leave()
        second = live(stage, place, rest=below)
        await second.resume(first.ts, first.events)
        await second.feed(Text("the disk."))
        assert await second.finish() == first.ts
        assert shows(only(stage), render([Text("It is the disk.")], done=True))


@pytest.mark.parametrize("place", [STREAM, PLAIN])
async def test_after_a_crash_before_the_ts_was_kept_the_message_is_found(place: Place) -> None:
    async with staged() as stage:
        first = live(stage, place)
        await first.begin()
        await first.leave()
        second = live(stage, place)
        await second.resume(None, [Text("It is")])
        await second.finish()
        assert only(stage)["ts"] == first.ts
        assert shows(only(stage), render([Text("It is")], done=True))


# ---------------------------------------------------------------- whatever happens

events_ = st.one_of(
    st.builds(Text, st.text(alphabet="ab <&*_\n", min_size=1, max_size=300)),
    st.builds(Text, st.text(alphabet="ab <&*_\n", min_size=1, max_size=300)),
    st.builds(
        Task,
        st.sampled_from(["t1", "t2"]),
        st.just("step"),
        st.sampled_from(["pending", "running", "done", "failed"]),
        st.text(alphabet="xyz", max_size=5),
    ),
    st.builds(Plan, st.sampled_from(["one", "two"])),
    st.builds(Table, st.just("T"), st.just(("a",)), st.just((("b",),))),
)


@settings(max_examples=150, deadline=None)
@given(
    events=st.lists(st.tuples(events_, st.sampled_from([0.0, 0.0, 0.3, 1.5])), max_size=8),
    faults=st.lists(st.sampled_from([*TRANSIENT, "expire", "vanish"]), max_size=16),
    streams=st.booleans(),
    by_blocks=st.booleans(),
    end=st.sampled_from(["finish", "finish", "stop"]),
    crash=st.one_of(st.none(), st.integers(min_value=0, max_value=8)),
)
def test_in_the_end_there_is_exactly_one_message_and_it_says_it_all(
    events: list[tuple[Event, float]],
    faults: list[Fault],
    streams: bool,  # noqa: FBT001
    by_blocks: bool,  # noqa: FBT001
    end: str,
    crash: int | None,
) -> None:
    async def scenario() -> None:
        async with staged(faults=faults) as stage:
            kept: list[str] = []

            async def on_posted(ts: str) -> None:
                kept.append(ts)

            more: dict[str, Any] = {"on_posted": on_posted, "rest": below if by_blocks else None}
            place = STREAM if streams else PLAIN
            answer = live(stage, place, **more)
            await answer.begin()
            for n, (event, pause) in enumerate(events):
                if n == crash:
                    await answer.leave()
                    before, answer = answer, live(stage, place, **more)
                    await answer.resume(kept[-1] if kept else None, before.events)
                await answer.feed(event)
                await stage.clock.sleep(pause)
            ts = await ended(answer, end)
            whole = render(answer.events, done=True)
            message = only(stage)
            assert message["ts"] == ts == kept[-1]
            assert not message["streaming"]
            if message["chunks"]:
                assert message["text"] == said(answer.events).replace("<", "&lt;")
                assert message["blocks"] == below(
                    [each for each in answer.events if not isinstance(each, Text | Task | Plan)]
                )
            else:
                assert shows(message, whole)

    asyncio.run(scenario())


async def ended(answer: LiveAnswer, how: str) -> str | None:
    """Tried again as long as Slack is not to be reached."""
    while True:
        try:
            return await (answer.stop() if how == "stop" else answer.finish())
        except (Retryable, Interrupted):
            continue
