"""What is sent arrives once, in order, no faster than it may, and whoever waits is told the truth."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.agent.events import Picture
from bot.errors import Interrupted, RateLimited, Unavailable
from handlers.pace import Rate, Rates
from handlers.present.message import Attached, Rendered
from handlers.refused import SlackRefused
from tests.handlers.fake_slack import UNBOUND, Fault, staged, until

SLOW_CHANNEL = UNBOUND.model_copy(update={"channel": Rate(per_minute=60, burst=3)})


def words(text: str, *kinds: str) -> Rendered:
    return Rendered(text, tuple({"type": kind, "text": {"type": "mrkdwn", "text": text}} for kind in kinds))


# ---------------------------------------------------------------- posting


async def test_a_post_has_its_blocks_its_words_and_no_unfurling() -> None:
    async with staged() as stage:
        ts = await stage.outbox.post("C1", words("hello", "section"), "1.2")
        (message,) = stage.slack.visible()
        assert (message["ts"], message["text"], message["thread_ts"]) == (ts, "hello", "1.2")
        (given_,) = stage.slack.called("chat.postMessage")
        assert given_["mrkdwn"] is True
        assert given_["unfurl_links"] is given_["unfurl_media"] is False
        assert stage.sample("copilot_slack_sent_total", method="chat.postMessage", result="sent") == 1
        assert stage.sample("copilot_slack_wait_seconds_count") == 1


async def test_a_message_without_words_still_says_something_to_a_screen_reader() -> None:
    async with staged() as stage:
        await stage.outbox.post("C1", Rendered(" ", ({"type": "section"},)))
        assert stage.slack.visible()[0]["text"].strip()


async def test_posts_of_a_thread_come_in_the_order_in_which_they_were_asked_for() -> None:
    async with staged(rates=SLOW_CHANNEL) as stage:
        await asyncio.gather(*(stage.outbox.post("C1", words(str(n)), "1.1") for n in range(8)))
        assert [each["text"] for each in stage.slack.visible()] == [str(n) for n in range(8)]


async def test_a_channel_gets_a_burst_and_then_one_a_second() -> None:
    async with staged(rates=SLOW_CHANNEL) as stage:
        start = stage.clock()
        await asyncio.gather(*(stage.outbox.post("C1", words(str(n)), f"{n}.1") for n in range(6)))
        after = [round(at - start, 3) for at in stage.slack.times("chat.postMessage")]
        assert after == [0, 0, 0, 1, 2, 3]


async def test_a_noisy_channel_delays_no_other() -> None:
    async with staged(rates=Rates()) as stage:
        start = stage.clock()
        noise = [asyncio.create_task(stage.outbox.post("C1", words(str(n)))) for n in range(40)]
        await until(lambda: len(stage.slack.calls) >= 3)
        await stage.outbox.post("C2", words("quiet"))
        assert stage.clock() == start
        await asyncio.gather(*noise)
        assert stage.clock() - start >= 37


async def test_a_slow_channel_delays_no_other() -> None:
    async with staged() as stage:
        held = asyncio.Event()
        stage.slack.hold["chat.postMessage"] = held
        slow = asyncio.create_task(stage.outbox.post("C1", words("slow")))
        await until(lambda: bool(stage.slack.calls))
        del stage.slack.hold["chat.postMessage"]
        await stage.outbox.post("C2", words("quick"))
        assert not slow.done()
        held.set()
        await slow


async def test_a_card_is_changed_at_once_even_where_many_messages_wait() -> None:
    async with staged(rates=Rates()) as stage:
        card = await stage.outbox.post("C1", words("card"))
        noise = [asyncio.create_task(stage.outbox.post("C1", words(str(n)))) for n in range(20)]
        start = stage.clock()
        await stage.outbox.update("C1", card, words("decided"))
        assert stage.clock() - start < 1
        await asyncio.gather(*noise)


async def test_a_channel_that_is_limited_delays_no_other_and_is_asked_again_when_it_said() -> None:
    async with staged() as stage:
        start = stage.clock()
        once: list[Fault] = ["limited"]
        stage.slack.fault_of = lambda method, given_: once.pop() if given_.get("channel") == "C1" and once else None
        limited = asyncio.create_task(stage.outbox.post("C1", words("late")))
        await until(lambda: stage.sample("copilot_slack_rate_limited_total", method="chat.postMessage") == 1)
        await stage.outbox.post("C2", words("free"))
        assert stage.clock() == start
        await limited
        assert stage.clock() - start == 7
        assert len(stage.slack.visible("C1")) == 1


async def test_a_limit_that_never_ends_is_told_as_what_it_is() -> None:
    async with staged() as stage:
        stage.slack.retry_after = 200
        stage.slack.fault_of = lambda method, given_: "limited"
        with pytest.raises(RateLimited):
            await stage.outbox.post("C1", words("never"))


async def test_somebody_who_waits_for_a_window_goes_first() -> None:
    one = Rate(per_minute=60, burst=1)
    async with staged(rates=UNBOUND.model_copy(update={"tier4": one})) as stage:
        posts = [asyncio.create_task(stage.outbox.view_publish(f"U{n}", {"type": "home", "n": n})) for n in range(4)]
        await until(lambda: len(stage.slack.calls) == 1)
        start = stage.clock()
        view = await stage.outbox.view_open("trigger", {"type": "modal"})
        assert stage.clock() == start
        assert view["id"]
        assert view["hash"] == "h1"
        await asyncio.gather(*posts)


async def test_more_than_there_is_room_for_waits_before_it_and_loses_nothing() -> None:
    async with staged(rates=SLOW_CHANNEL, room=4) as stage:
        posts = [asyncio.create_task(stage.outbox.post("C1", words(str(n)), "1.1")) for n in range(12)]
        await until(lambda: len(stage.slack.calls) == 1)
        assert stage.sample("copilot_slack_waiting") <= 4
        await asyncio.gather(*posts)
        assert [each["text"] for each in stage.slack.visible()] == [str(n) for n in range(12)]
        assert stage.sample("copilot_slack_waiting") == 0
        assert stage.outbox._rooms == {}


async def test_a_post_that_nobody_waits_for_any_more_is_not_sent() -> None:
    async with staged(rates=SLOW_CHANNEL) as stage:
        posts = [asyncio.create_task(stage.outbox.post("C1", words(str(n)), "1.1")) for n in range(6)]
        await until(lambda: len(stage.slack.calls) >= 1)
        posts[5].cancel()
        await asyncio.gather(*posts[:5])
        await asyncio.wait({posts[5]})
        await stage.outbox.close(1)
        assert [each["text"] for each in stage.slack.visible()] == list("01234")


# ---------------------------------------------------------------- once


@pytest.mark.parametrize("fault", ["cut after", "500 after", "internal after"])
@pytest.mark.parametrize("thread", [None, "1.1"])
async def test_a_post_whose_answer_was_lost_is_found_and_not_repeated(fault: Fault, thread: str | None) -> None:
    async with staged(faults=[fault]) as stage:
        ts = await stage.outbox.post("C1", words("once"), thread, key="k1")
        assert [each["ts"] for each in stage.slack.visible()] == [ts]


@pytest.mark.parametrize("fault", ["cut", "500", "limited"])
async def test_a_post_that_did_not_arrive_is_repeated(fault: Fault) -> None:
    async with staged(faults=[fault]) as stage:
        ts = await stage.outbox.post("C1", words("once"), key="k1")
        assert [each["ts"] for each in stage.slack.visible()] == [ts]


async def test_after_a_crash_a_post_is_found_by_its_key() -> None:
    async with staged() as stage:
        first = await stage.outbox.post("C1", words("once"), "1.1", key="k1")
        assert await stage.outbox.post("C1", words("once"), "1.1", key="k1", again=True) == first
        assert await stage.outbox.post("C1", words("other"), "1.1", key="k2", again=True) != first
        assert len(stage.slack.visible()) == 2


async def test_a_message_of_somebody_else_with_that_key_is_not_taken_for_ours() -> None:
    async with staged() as stage:
        await stage.outbox.post("C1", words("theirs"), "1.1", key="k1")
        stage.slack.messages[0]["bot_id"] = None
        await stage.outbox.post("C1", words("ours"), "1.1", key="k1", again=True)
        assert [each["text"] for each in stage.slack.visible()] == ["theirs", "ours"]


async def test_where_it_may_not_be_looked_for_it_is_not_guessed() -> None:
    async with staged(faults=["cut after"]) as stage:
        stage.slack.answers["conversations.history"] = "missing_scope"
        with pytest.raises(Interrupted, match="missing_scope"):
            await stage.outbox.post("C1", words("once"))
        assert len(stage.slack.visible()) == 1


async def test_slack_that_stays_away_is_told_as_that() -> None:
    async with staged() as stage:
        stage.slack.fault_of = lambda method, given_: "500"
        with pytest.raises(Unavailable):
            await stage.outbox.post("C1", words("never"))
        assert len(stage.slack.calls) == 4
        assert stage.sample("copilot_slack_sent_total", method="chat.postMessage", result="Unavailable") == 1


async def test_the_retries_of_the_sdk_are_off() -> None:
    async with staged(faults=["cut after"]) as stage:
        stage.slack.answers["conversations.history"] = "missing_scope"
        with pytest.raises(Interrupted):
            await stage.outbox.post("C1", words("once"))
        assert len(stage.slack.called("chat.postMessage")) == 1


@settings(max_examples=25, deadline=None)
@given(
    faults=st.lists(st.sampled_from(["ok", "limited", "500", "500 after", "cut", "cut after"]), max_size=14),
    wanted=st.lists(st.tuples(st.sampled_from(["C1", "C2"]), st.sampled_from([None, "1.1"])), min_size=1, max_size=6),
)
def test_whatever_fails_each_post_is_there_once_and_in_order(
    faults: list[Fault], wanted: list[tuple[str, str | None]]
) -> None:
    async def scenario() -> None:
        async with staged(faults=faults) as stage:
            calm = asyncio.create_task(_tried(lambda n: stage.outbox.post(*_post(n, wanted), key=f"k{n}"), len(wanted)))
            told = await calm
            for place in set(wanted):
                asked = [str(n) for n, each in enumerate(wanted) if each == place]
                there = [each["text"] for each in stage.slack.visible(place[0]) if each["thread_ts"] == place[1]]
                arrived = [n for n in asked if isinstance(told[int(n)], str)]
                assert [n for n in there if n in arrived] == arrived
                assert len(there) == len(set(there))

    asyncio.run(scenario())


def _post(n: int, wanted: list[tuple[str, str | None]]) -> tuple[str, Rendered, str | None]:
    return wanted[n][0], words(str(n)), wanted[n][1]


async def _tried(post: Callable[[int], Awaitable[str]], many: int) -> list[str | BaseException]:
    return await asyncio.gather(*(post(n) for n in range(many)), return_exceptions=True)


# ---------------------------------------------------------------- updates


async def test_of_updates_that_wait_only_the_newest_is_sent_and_all_are_told() -> None:
    async with staged(rates=UNBOUND.model_copy(update={"tier3": Rate(per_minute=60, burst=1)})) as stage:
        ts = await stage.outbox.post("C1", words("0"))
        sent = await asyncio.gather(*(stage.outbox.update("C1", ts, words(str(n))) for n in range(1, 21)))
        assert stage.slack.visible()[0]["text"] == "20"
        assert sent[-1] is True
        assert sent[1:-1] == [False] * 18
        assert len(stage.slack.called("chat.update")) <= 2


async def test_an_update_that_fails_gives_way_to_a_newer_one() -> None:
    async with staged() as stage:
        ts = await stage.outbox.post("C1", words("0"))
        held = stage.slack.hold["chat.update"] = asyncio.Event()
        first = asyncio.create_task(stage.outbox.update("C1", ts, words("old")))
        await until(lambda: len(stage.slack.calls) == 2)
        second = asyncio.create_task(stage.outbox.update("C1", ts, words("new")))
        await asyncio.sleep(0)
        stage.slack.faults = ["500"]
        held.set()
        assert await first is False
        assert await second is True
        assert stage.slack.visible()[0]["text"] == "new"


async def test_what_is_final_goes_before_progress_of_others() -> None:
    async with staged(rates=UNBOUND.model_copy(update={"tier3": Rate(per_minute=60, burst=1)})) as stage:
        shown = [await stage.outbox.post("C1", words(str(n))) for n in range(5)]
        await stage.outbox.update("C1", shown[0], words("spent"))
        progress = [
            asyncio.create_task(stage.outbox.update("C1", ts, words(f"progress {ts}"), passing=True))
            for ts in shown[1:]
        ]
        await asyncio.sleep(0)
        await stage.outbox.update("C1", shown[4], words("final"))
        assert [call["text"] for call in stage.slack.called("chat.update")] == ["spent", "final"]
        await asyncio.gather(*progress)
        assert stage.slack.visible()[4]["text"] == "final"


async def test_an_update_takes_the_old_blocks_away() -> None:
    async with staged() as stage:
        ts = await stage.outbox.post("C1", words("old", "section"))
        await stage.outbox.update("C1", ts, words("new"))
        assert stage.slack.visible()[0]["blocks"] == []


# ---------------------------------------------------------------- refused


@pytest.mark.parametrize("code", ["channel_not_found", "is_archived", "not_in_channel", "msg_too_long", "odd_code"])
async def test_a_no_is_one_typed_error_with_slacks_word_and_what_to_do(code: str) -> None:
    async with staged() as stage:
        stage.slack.answers["chat.postMessage"] = code
        with pytest.raises(SlackRefused, match=code) as no:
            await stage.outbox.post("C1", words("x"))
        assert no.value.code == code
        assert no.value.mend
        assert len(stage.slack.calls) == 1
        assert stage.sample("copilot_slack_sent_total", method="chat.postMessage", result=code) == 1


async def test_where_the_blocks_are_refused_the_words_arrive() -> None:
    async with staged() as stage:
        ts = await stage.outbox.post("C1", words("the answer", "table"))
        assert [(each["text"], each["blocks"]) for each in stage.slack.visible()] == [("the answer", [])]
        await stage.outbox.update("C1", ts, words("the change", "table"))
        assert stage.slack.visible()[0]["text"] == "the change"
        await stage.outbox.whisper("C1", "U1", words("quietly", "table"))
        await stage.outbox.respond(f"{stage.slack.url}/respond/1", words("there", "table"))
        assert [each["text"] for each in stage.slack.ephemeral] == ["quietly", "there"]


# ---------------------------------------------------------------- files


async def test_pictures_and_files_follow_in_the_thread_and_are_described() -> None:
    async with staged() as stage:
        rendered = Rendered(
            "chart", (), (Picture(b"png", "Latency", "It rises"),), (Attached("a.csv", b"1,2", "Rows"),)
        )
        ts = await stage.outbox.post("C1", rendered, key="k")
        message, picture, file = stage.slack.visible()
        assert message["ts"] == ts
        assert picture["thread_ts"] == file["thread_ts"] == ts
        assert picture["files"] == [{"name": "k-1.png", "size": 3, "alt": "It rises", "title": "Latency"}]
        assert file["files"][0]["name"] == "a.csv"


async def test_a_file_whose_answer_was_lost_is_not_sent_twice() -> None:
    async with staged(faults=["ok", "cut after"]) as stage:
        await stage.outbox.upload("C1", "1.1", "a.csv", b"1,2", "Rows", "")
        assert len(stage.slack.visible()) == 1


async def test_a_picture_that_cannot_be_sent_leaves_its_description() -> None:
    async with staged() as stage:
        stage.slack.answers["files.completeUploadExternal"] = "restricted_action"
        ts = await stage.outbox.post("C1", Rendered("chart", (), (Picture(b"png", "Latency", "It rises"),)), key="k")
        assert ts == stage.slack.visible()[0]["ts"]
        assert "It rises" in stage.slack.visible()[1]["text"]


# ---------------------------------------------------------------- streams, the pane, the end


async def test_words_of_a_stream_that_may_have_been_said_are_not_said_again() -> None:
    async with staged() as stage:
        task = {"type": "task_update", "id": "k", "title": "Looking", "status": "in_progress"}
        ts = await stage.outbox.start_stream("D1", "1.1", [task], key="k")
        stage.slack.faults = ["cut after"]
        with pytest.raises(Interrupted):
            await stage.outbox.append_stream("D1", ts, [{"type": "markdown_text", "text": "once"}])
        assert stage.slack.visible()[0]["text"] == "once"
        stage.slack.faults = ["limited"]
        await stage.outbox.append_stream("D1", ts, [{"type": "markdown_text", "text": "!"}])
        assert stage.slack.visible()[0]["text"] == "once!"


async def test_a_stream_whose_start_was_not_answered_is_found() -> None:
    async with staged(faults=["cut after"]) as stage:
        task = {"type": "task_update", "id": "k", "title": "Looking", "status": "in_progress"}
        ts = await stage.outbox.start_stream("D1", "1.1", [task], key="k")
        assert [each["ts"] for each in stage.slack.visible()] == [ts]


async def test_the_pane_is_told_status_prompts_and_title() -> None:
    async with staged() as stage:
        await stage.outbox.status("D1", "1.1", "is looking …")
        await stage.outbox.prompts("D1", "1.1", [{"title": "Help", "message": "help"}], title="To try")
        await stage.outbox.title("D1", "1.1", "Latency")
        assert await stage.outbox.direct("U1") == "DU1"
        assert [name for name, _, _ in stage.slack.calls][:2] == [
            "assistant.threads.setStatus",
            "assistant.threads.setSuggestedPrompts",
        ]


async def test_closing_sends_what_waits_and_takes_nothing_more() -> None:
    async with staged(rates=SLOW_CHANNEL) as stage:
        posts = [asyncio.create_task(stage.outbox.post("C1", words(str(n)), "1.1")) for n in range(6)]
        await until(lambda: len(stage.slack.calls) >= 1)
        await stage.outbox.close(5)
        await asyncio.gather(*posts)
        assert len(stage.slack.visible()) == 6
        with pytest.raises(Unavailable):
            await stage.outbox.post("C1", words("late"))


async def test_what_could_not_be_sent_before_the_end_is_told_so() -> None:
    async with staged() as stage:
        held = stage.slack.hold["chat.postMessage"] = asyncio.Event()
        posts = [asyncio.create_task(stage.outbox.post("C1", words(str(n)), "1.1")) for n in range(3)]
        await until(lambda: bool(stage.slack.calls))
        await stage.outbox.close(0.01)
        for each in await asyncio.gather(*posts, return_exceptions=True):
            assert isinstance(each, Unavailable)
        held.set()


async def test_workers_end_when_there_is_nothing_to_do() -> None:
    async with staged() as stage:
        await asyncio.gather(*(stage.outbox.post(f"C{n}", words("x")) for n in range(20)))
        assert stage.outbox._lanes._workers == {}


def test_all_rates_can_be_made_faster_at_once() -> None:
    assert Rates().times(2).tier2 == Rate(per_minute=40, burst=20)
