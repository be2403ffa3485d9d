"""The workspace itself: who sees what, what each move changes and tells, and that it can be written down."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from integrations.sandbox.slack import shapes
from integrations.sandbox.slack.state import CHANGE_KINDS, Change, SlackError, Workspace
from tests.sandbox.served import Clock

BOT = "U0COPILOT"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def workspace(clock: Clock) -> Workspace:
    return Workspace.fresh(clock=clock)


@pytest.fixture
def told(workspace: Workspace) -> list[Change]:
    changes: list[Change] = []
    workspace.listeners.append(changes.append)
    return changes


def modal(**more: Any) -> dict[str, Any]:
    title = {"type": "plain_text", "text": "Declare"}
    return {"type": "modal", "title": title, "blocks": [{"type": "divider"}], **more}


def kinds(told: list[Change]) -> list[str]:
    return [change.kind for change in told]


def no(error: str) -> Any:
    return pytest.raises(SlackError, match=f"^{error}")


# ---------------------------------------------------------------- who sees what


def test_a_fresh_workspace_has_the_personas_and_the_bot_in_all_five_channels(workspace: Workspace) -> None:
    names = {channel.name: channel for channel in workspace.channels.values()}
    assert set(names) == {"general", "ops", "deploys", "incidents", "ml"}
    assert all(BOT in channel.members for channel in names.values())
    assert workspace.person("U0GUEST").is_restricted
    assert workspace.person("U0PARTNER").team_id != workspace.team_id
    assert workspace.groups["S0SRE"].users == ["U0SRE"]


def test_guests_and_strangers_see_only_the_channels_that_they_are_in(workspace: Workspace) -> None:
    assert [c.name for c in workspace.channels.values() if workspace.can_see("U0GUEST", c.id)] == ["general", "ops"]
    assert [c.name for c in workspace.channels.values() if workspace.can_see("U0PARTNER", c.id)] == ["ops"]
    with no("channel_not_found"):
        workspace.post("U0GUEST", "C0ML", "hello?")
    with no("channel_not_found"):
        workspace.join("U0PARTNER", "C0GENERAL")
    with no("channel_not_found"):
        workspace.history("U0GUEST", "C0ML")


def test_who_left_sees_a_public_channel_but_cannot_write(workspace: Workspace) -> None:
    workspace.leave("U0QA", "C0ML")
    assert workspace.history("U0QA", "C0ML")
    with no("not_in_channel"):
        workspace.post("U0QA", "C0ML", "still here?")
    workspace.join("U0QA", "C0ML")
    workspace.post("U0QA", "C0ML", "back")


def test_a_private_channel_is_unknown_to_the_others(workspace: Workspace) -> None:
    room = workspace.create_channel("U0SRE", "war-room", private=True)
    with no("channel_not_found"):
        workspace.post("U0ML", room.id, "what is this?")
    with no("channel_not_found"):
        workspace.history(BOT, room.id)
    workspace.invite("U0SRE", room.id, [BOT])
    assert workspace.post(BOT, room.id, "thank you").channel == room.id


def test_an_ephemeral_message_is_for_one_person_and_in_no_history(workspace: Workspace, told: list[Change]) -> None:
    message = workspace.post(BOT, "C0OPS", "only you", ephemeral_to="U0SRE")
    assert workspace.sees_message("U0SRE", message)
    assert not workspace.sees_message("U0ML", message)
    assert message not in workspace.history("U0SRE", "C0OPS")
    assert kinds(told) == ["ephemeral"]
    with no("message_not_found"):
        workspace.update(BOT, "C0OPS", message.ts, "changed")
    workspace.update(BOT, "C0OPS", message.ts, "changed", ephemeral_too=True)
    workspace.delete(BOT, "C0OPS", message.ts, ephemeral_too=True)
    assert kinds(told)[1:] == ["ephemeral_changed", "ephemeral_deleted"]


# ---------------------------------------------------------------- messages


def test_only_the_author_changes_and_deletes(workspace: Workspace) -> None:
    message = workspace.post("U0SRE", "C0OPS", "mine")
    with no("cant_update_message"):
        workspace.update(BOT, "C0OPS", message.ts, "yours")
    with no("cant_delete_message"):
        workspace.delete("U0ML", "C0OPS", message.ts)
    workspace.update("U0SRE", "C0OPS", message.ts, "still mine")
    assert message.text == "still mine"
    assert message.edited is not None


def test_a_reply_to_a_reply_goes_to_the_same_thread(workspace: Workspace) -> None:
    parent = workspace.post("U0SRE", "C0OPS", "parent")
    reply = workspace.post("U0ML", "C0OPS", "reply", thread_ts=parent.ts)
    deeper = workspace.post("U0QA", "C0OPS", "deeper", thread_ts=reply.ts)
    assert deeper.thread_ts == parent.ts
    assert workspace.thread("U0SRE", "C0OPS", parent.ts) == [parent, reply, deeper]


def test_a_reply_to_what_is_gone_lands_in_the_channel_as_slack_has_it(workspace: Workspace) -> None:
    parent = workspace.post("U0SRE", "C0OPS", "never mind")
    workspace.delete("U0SRE", "C0OPS", parent.ts)
    lost = workspace.post(BOT, "C0OPS", "here is your answer", thread_ts=parent.ts)
    assert lost.thread_ts is None
    assert workspace.history("U0SRE", "C0OPS") == [lost]
    with no("thread_not_found"):
        workspace.start_stream(BOT, "C0OPS", parent.ts, recipient_user="U0SRE", recipient_team=workspace.team_id)


def test_a_parent_that_goes_leaves_a_tombstone_until_its_last_reply_goes(workspace: Workspace) -> None:
    parent = workspace.post("U0SRE", "C0OPS", "parent")
    reply = workspace.post("U0ML", "C0OPS", "reply", thread_ts=parent.ts)
    workspace.delete("U0SRE", "C0OPS", parent.ts)
    [left] = workspace.history("U0ML", "C0OPS")
    assert shapes.message(workspace, left)["subtype"] == "tombstone"
    workspace.delete("U0ML", "C0OPS", reply.ts)
    assert workspace.history("U0ML", "C0OPS") == []


def test_new_text_leaves_the_blocks_that_were_there(workspace: Workspace) -> None:
    section = {"type": "section", "text": {"type": "mrkdwn", "text": "shown"}}
    message = workspace.post(BOT, "C0OPS", "fallback", blocks=[section])
    workspace.update(BOT, "C0OPS", message.ts, "other fallback")
    assert message.blocks[0]["text"]["text"] == "shown"
    workspace.update(BOT, "C0OPS", message.ts, "only text", blocks=[])
    assert message.blocks == []


def test_blocks_and_elements_without_names_get_some(workspace: Workspace) -> None:
    button = {"type": "button", "text": {"type": "plain_text", "text": "Go"}}
    message = workspace.post(BOT, "C0OPS", "x", blocks=[{"type": "actions", "elements": [button, button]}])
    first, second = message.blocks[0]["elements"]
    assert message.blocks[0]["block_id"]
    assert first["action_id"] != second["action_id"]
    assert "action_id" not in button


def test_an_archived_channel_takes_nothing_more(workspace: Workspace) -> None:
    message = workspace.post("U0SRE", "C0ML", "last words")
    workspace.archive("U0ADMIN", "C0ML")
    for attempt in (
        lambda: workspace.post("U0SRE", "C0ML", "more"),
        lambda: workspace.react("U0SRE", "C0ML", message.ts, "eyes"),
        lambda: workspace.set_topic("U0SRE", "C0ML", "closed"),
        lambda: workspace.join("U0SRE", "C0ML"),
    ):
        with no("is_archived"):
            attempt()
    with no("cant_archive_general"):
        workspace.archive("U0ADMIN", "C0GENERAL")


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("", "invalid_name_required"),
        ("x" * 81, "invalid_name_maxlength"),
        ("---", "invalid_name_punctuation"),
        ("War Room", "invalid_name_specials"),
        ("ops", "name_taken"),
    ],
)
def test_a_channel_has_a_name_that_slack_takes(workspace: Workspace, name: str, error: str) -> None:
    with no(error):
        workspace.create_channel("U0SRE", name)


def test_what_was_not_read_is_counted_and_mentions_apart(workspace: Workspace) -> None:
    workspace.post("U0ML", "C0OPS", "for all to see")
    workspace.post("U0ML", "C0OPS", "<@U0SRE> look")
    last = workspace.post("U0ML", "C0OPS", "<!subteam^S0SRE> look too")
    assert (workspace.unread("U0SRE", "C0OPS"), workspace.mentions("U0SRE", "C0OPS")) == (3, 2)
    assert (workspace.unread("U0ML", "C0OPS"), workspace.mentions("U0QA", "C0OPS")) == (0, 0)
    workspace.mark_read("U0SRE", "C0OPS", last.ts)
    assert workspace.unread("U0SRE", "C0OPS") == 0


def test_direct_messages_of_the_same_people_are_one_conversation(workspace: Workspace) -> None:
    first = workspace.open_dm(["U0ML"], by="U0SRE")
    assert workspace.open_dm(["U0SRE"], by="U0ML") is first
    several = workspace.open_dm(["U0ML", "U0QA"], by="U0SRE")
    assert (first.kind, several.kind) == ("im", "mpim")
    assert not workspace.can_see(BOT, first.id)


# ---------------------------------------------------------------- streams


def test_a_stream_joins_texts_and_keeps_each_task_in_its_place(workspace: Workspace) -> None:
    asked = workspace.post("U0SRE", "C0OPS", "why?")
    stream = workspace.start_stream(
        BOT, "C0OPS", asked.ts, text="Look", recipient_user="U0SRE", recipient_team=workspace.team_id
    )
    task = {"type": "task_update", "id": "1", "title": "Ask Prometheus", "status": "in_progress", "details": "p95"}
    workspace.append_stream(BOT, "C0OPS", stream.ts, "ing", [task])
    workspace.append_stream(
        BOT,
        "C0OPS",
        stream.ts,
        "",
        [{**task, "status": "complete", "details": ", p99"}, {"type": "markdown_text", "text": "!"}],
    )
    done = workspace.stop_stream(BOT, "C0OPS", stream.ts, blocks=[{"type": "divider"}])
    assert done.text == "Looking!"
    assert [chunk["type"] for chunk in done.chunks] == ["markdown_text", "task_update", "markdown_text"]
    assert (done.chunks[1]["status"], done.chunks[1]["details"]) == ("complete", "p95, p99")
    assert [b["type"] for b in shapes.message(workspace, done)["blocks"]] == [
        "markdown",
        "task_card",
        "markdown",
        "divider",
    ]


def test_a_stream_dies_after_five_minutes_and_goes_on_by_update(workspace: Workspace, clock: Clock) -> None:
    asked = workspace.post("U0SRE", "C0OPS", "why?")
    stream = workspace.start_stream(
        BOT, "C0OPS", asked.ts, text="Well", recipient_user="U0SRE", recipient_team=workspace.team_id
    )
    clock.move(299)
    workspace.append_stream(BOT, "C0OPS", stream.ts, ", ")
    with no("streaming_state_conflict"):
        workspace.update(BOT, "C0OPS", stream.ts, "too early")
    clock.move(2)
    with no("message_not_in_streaming_state"):
        workspace.append_stream(BOT, "C0OPS", stream.ts, "because")
    workspace.update(BOT, "C0OPS", stream.ts, "Well, because", blocks=[{"type": "markdown", "text": "Well, because"}])
    assert [b["text"] for b in shapes.message(workspace, stream)["blocks"]] == ["Well, because"]


# ---------------------------------------------------------------- views


def test_a_ticket_opens_one_modal_within_three_seconds(workspace: Workspace, clock: Clock) -> None:
    ticket = workspace.new_trigger("U0SRE")
    assert workspace.use_trigger(ticket).person == "U0SRE"
    with no("exchanged_trigger_id"):
        workspace.use_trigger(ticket)
    late = workspace.new_trigger("U0SRE")
    clock.move(3.1)
    with no("expired_trigger_id"):
        workspace.use_trigger(late)
    clock.move(100)
    workspace.new_trigger("U0SRE")
    with no("expired_trigger_id"):
        workspace.use_trigger(late)
    with no("invalid_trigger_id"):
        workspace.use_trigger("made-up")


def test_three_modals_lie_on_each_other_and_no_more(workspace: Workspace, told: list[Change]) -> None:
    root = workspace.open_view("U0SRE", modal())
    second = workspace.push_view("U0SRE", modal())
    third = workspace.push_view("U0SRE", modal())
    assert (third.previous_view_id, third.root_view_id) == (second.id, root.id)
    with no("push_limit_reached"):
        workspace.push_view("U0SRE", modal())
    assert workspace.close_view("U0SRE", third.id) == [third]
    assert workspace.close_view("U0SRE", second.id, clear=True) == [second, root]
    assert kinds(told)[-1] == "view_closed"
    with no("not_found"):
        workspace.update_view(root.id, modal())


def test_an_update_with_an_old_hash_changes_nothing(workspace: Workspace) -> None:
    view = workspace.open_view("U0SRE", modal())
    old = view.hash
    workspace.update_view(view.id, modal(callback_id="second"), hash=old)
    with no("hash_conflict"):
        workspace.update_view(view.id, modal(callback_id="third"), hash=old)
    assert view.payload["callback_id"] == "second"


def test_what_was_typed_stays_when_a_view_is_updated_around_it(workspace: Workspace) -> None:
    text = {"type": "plain_text", "text": "Label"}
    block = {"type": "input", "block_id": "b", "label": text, "element": {"type": "plain_text_input", "action_id": "a"}}
    view = workspace.open_view("U0SRE", modal(blocks=[block], submit=text))
    workspace.enter(view.id, {"b": {"a": {"type": "plain_text_input", "value": "typed"}}})
    workspace.update_view(view.id, modal(blocks=[{"type": "divider"}, block], submit=text))
    assert view.values["b"]["a"]["value"] == "typed"
    workspace.update_view(view.id, modal())
    assert view.values == {}


# ---------------------------------------------------------------- the assistant pane


def test_an_answer_ends_the_status(workspace: Workspace, told: list[Change]) -> None:
    thread = workspace.start_assistant_thread("U0SRE", context_channel="C0OPS")
    assert kinds(told) == ["dm_opened", "message", "assistant_thread_started"]
    workspace.set_status(BOT, thread.channel, thread.ts, "is thinking…")
    workspace.set_title(BOT, thread.channel, thread.ts, "p95 of checkout")
    workspace.post(BOT, thread.channel, "412 ms", thread_ts=thread.ts)
    assert (thread.status, thread.title) == ("", "p95 of checkout")
    assert kinds(told)[-2:] == ["assistant_status", "message"]


# ---------------------------------------------------------------- what holds whatever happens


@given(st.lists(st.floats(-5, 5, allow_nan=False), max_size=30))
def test_each_ts_is_above_the_one_before_even_when_the_clock_goes_back(steps: list[float]) -> None:
    clock = Clock()
    workspace = Workspace.fresh(clock=clock)
    seen = [workspace.next_ts()]
    for step in steps:
        clock.move(step)
        seen.append(workspace.next_ts())
    assert seen == sorted(set(seen))


class Anything(RuleBasedStateMachine):
    """People and the bot do what comes to mind; some of it is refused."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.workspace = Workspace.fresh(clock=self.clock)
        self.changes: list[Change] = []
        self.workspace.listeners.append(self.changes.append)
        self.said: list[tuple[str, str]] = []

    def _try(self, move: Any) -> Any:
        before, told = self.workspace.snapshot(), len(self.changes)
        try:
            return move()
        except SlackError:
            after = self.workspace.snapshot()
            assert {**after, "last_ts": 0, "last_id": 0} == {**before, "last_ts": 0, "last_id": 0}
            assert len(self.changes) == told
            return None

    @rule(
        who=st.sampled_from(["U0SRE", "U0GUEST", "U0PARTNER", BOT]),
        where=st.sampled_from(["C0OPS", "C0ML", "C0GENERAL"]),
        text=st.sampled_from(["hello", "<@U0SRE>", ""]),
        reply=st.booleans(),
    )
    def post(self, who: str, where: str, text: str, *, reply: bool) -> None:
        parents = [ts for channel, ts in self.said if channel == where]
        thread = parents[-1] if reply and parents else None
        message = self._try(lambda: self.workspace.post(who, where, text, thread_ts=thread))
        if message is not None:
            self.said.append((where, message.ts))

    @rule(who=st.sampled_from(["U0SRE", "U0GUEST", BOT]), place=st.integers(0, 20), add=st.booleans())
    def react(self, who: str, place: int, *, add: bool) -> None:
        if self.said:
            channel, ts = self.said[place % len(self.said)]
            self._try(lambda: self.workspace.react(who, channel, ts, "eyes", add))

    @rule(who=st.sampled_from(["U0SRE", "U0GUEST", BOT]), place=st.integers(0, 20), text=st.sampled_from(["new", None]))
    def change(self, who: str, place: int, text: str | None) -> None:
        if self.said:
            channel, ts = self.said[place % len(self.said)]
            if text is None:
                self._try(lambda: self.workspace.delete(who, channel, ts))
            else:
                self._try(lambda: self.workspace.update(who, channel, ts, text))

    @rule(who=st.sampled_from(["U0SRE", "U0PARTNER"]), where=st.sampled_from(["C0OPS", "C0ML"]), come=st.booleans())
    def come_and_go(self, who: str, where: str, *, come: bool) -> None:
        self._try(lambda: self.workspace.join(who, where) if come else self.workspace.leave(who, where))

    @rule(seconds=st.floats(-1, 400))
    def wait(self, seconds: float) -> None:
        self.clock.move(seconds)

    @invariant()
    def can_be_written_down_and_taken_up(self) -> None:
        written = json.loads(json.dumps(self.workspace.snapshot()))
        again = Workspace(clock=self.clock)
        again.restore(written)
        assert again.snapshot() == self.workspace.snapshot()
        assert again.replies == {key: held for key, held in self.workspace.replies.items() if held}

    @invariant()
    def tells_only_what_is_known_and_json(self) -> None:
        assert {change.kind for change in self.changes} <= CHANGE_KINDS
        json.dumps([change.data for change in self.changes[-3:]])

    @invariant()
    def everything_has_a_shape(self) -> None:
        for channel in self.workspace.channels.values():
            for message in self.workspace.top_level(channel.id):
                json.dumps(shapes.message(self.workspace, message))


TestAnything = Anything.TestCase
TestAnything.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)
