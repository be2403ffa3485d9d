"""What a person does to the app: commands, clicks, menus, forms and shortcuts, and what comes back to them."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from integrations.sandbox.slack import forms, payloads
from integrations.sandbox.slack.deliveries import Answer, Deliveries
from integrations.sandbox.slack.manifest import Manifest
from integrations.sandbox.slack.response_urls import ResponseUrls
from integrations.sandbox.slack.state import Message, SlackError, View, Wire, Workspace
from integrations.sandbox.slack.typed import understood

TROUBLE = "We had some trouble connecting. Try again?"


class Interactions:
    """The hands of the people."""

    def __init__(
        self, workspace: Workspace, manifest: Manifest, deliveries: Deliveries, response_urls: ResponseUrls
    ) -> None:
        self._workspace = workspace
        self._manifest = manifest
        self._deliveries = deliveries
        self._urls = response_urls
        self._filled: dict[tuple[str, str, str], Wire] = {}  # person, channel, ts → state of that message's elements

    # ---------------------------------------------------------------- slash commands

    async def command(self, person: str, name: str, text: str, channel: str) -> str:
        """The error that Slack shows to the person; empty when the app took it."""
        workspace = self._workspace
        channel = workspace.joined(person, channel).id
        known = self._manifest.command(name)
        if known is None:
            return f"{name} is not a valid command."
        if workspace.person(person).is_stranger:
            return f"{name} belongs to another workspace than you."
        if known.get("should_escape"):
            text = understood(workspace, text)[0]
        payload = payloads.command(
            workspace,
            person,
            name,
            text.strip(),
            channel,
            trigger=workspace.new_trigger(person),
            url=self._urls.mint(person, channel),
        )
        answer = await self._deliveries.send(payload, "slash_commands")
        if not answer.acknowledged:
            failure = f'{name} failed with the error "{answer.error}"'
            self._tell(person, channel, {"text": failure}, username="Slackbot")
            return failure
        if isinstance(answer.payload, dict) and (answer.payload.get("text") or answer.payload.get("blocks")):
            self._tell(person, channel, answer.payload)
        return ""

    def _tell(self, person: str, channel: str, body: Wire, *, username: str | None = None) -> None:
        try:
            self._urls.say(person, channel, body, username=username)
        except SlackError as error:
            self._urls.say(person, channel, {"text": f"Slack refused the answer: {error}"}, username="Slackbot")

    # ---------------------------------------------------------------- buttons, menus, pickers

    async def action(
        self,
        person: str,
        container: Mapping[str, Any],
        block_id: str,
        action_id: str,
        given: Mapping[str, Any],
        state: Mapping[str, Any] | None = None,
    ) -> str:
        """The error that the person sees; empty when the app took it."""
        view, message = self._place(person, container)
        one = self._found(view, message, block_id, action_id)
        values = self._state(person, view, message, state)
        chosen, entry = _chosen(one, given), {}
        if one.holds is not None:
            entry = forms.held(one, given)
            values.setdefault(one.block_id, {})[one.action_id] = entry
            self._remember(person, view, message, values)
        payload = payloads.common(self._workspace, "block_actions", person)
        payload |= self._where(view, message, values)
        payload["trigger_id"] = self._workspace.new_trigger(person, view=view.id if view else None)
        if message is not None:
            payload["response_url"] = self._urls.mint(person, message.channel, message)
        action_ts = self._workspace.next_ts()
        payload["actions"] = [payloads.action(one, entry, chosen=chosen, action_ts=action_ts)]
        answer = await self._deliveries.send(payload, "interactive")
        return "" if answer.acknowledged else answer.error

    async def options(
        self, person: str, container: Mapping[str, Any], block_id: str, action_id: str, value: str
    ) -> Wire:
        """What the app offers for a menu that it fills itself."""
        view, message = self._place(person, container)
        one = self._found(view, message, block_id, action_id)
        if "external" not in str(one.element["type"]):
            raise forms.NotPossible(f"{action_id!r} has its options already.")
        payload = payloads.common(self._workspace, "block_suggestion", person)
        payload |= self._where(view, message, self._state(person, view, message, None))
        payload |= {"action_id": one.action_id, "block_id": one.block_id, "value": value}
        answer = await self._deliveries.send(payload, "interactive")
        found = answer.payload if isinstance(answer.payload, dict) else {}
        if "option_groups" in found:
            return {"option_groups": found["option_groups"]}
        return {"options": found.get("options", [])} | ({"error": answer.error} if answer.error else {})

    # ---------------------------------------------------------------- forms

    async def submit(self, person: str, view_id: str, values: Mapping[str, Any]) -> Wire:
        """What the client does next: nothing more, show errors, show another view, or say that it went wrong."""
        view = self._own(person, view_id)
        if view.payload.get("submit") is None:
            raise forms.NotPossible(f"View {view_id} has no submit button.")
        filled = self._state(person, view, None, values)
        if problems := forms.problems(self._workspace, view.payload["blocks"], filled):
            return {"response_action": "errors", "errors": problems}
        self._remember(person, view, None, filled)
        payload = payloads.common(self._workspace, "view_submission", person)
        payload["trigger_id"] = self._workspace.new_trigger(person, view=view.id)
        payload["view"] = payloads.with_state(self._workspace, view, filled)
        payload["response_urls"] = payloads.response_urls(self._workspace, view, filled, self._urls.mint)
        answer = await self._deliveries.send(payload, "interactive")
        try:
            return self._after_submit(person, view, answer)
        except SlackError as error:
            return {"error": TROUBLE, "why": str(error), "messages": error.messages}

    def _after_submit(self, person: str, view: View, answer: Answer) -> Wire:
        if not answer.acknowledged:
            return {"error": TROUBLE, "why": answer.error}
        said = answer.payload if isinstance(answer.payload, dict) else {}
        for listener in self._urls.on_sent:
            if said.get("response_action"):
                listener("view_submission", said)
        match said.get("response_action"):
            case "errors":
                return {"response_action": "errors", "errors": dict(said.get("errors") or {})}
            case "update":
                self._workspace.update_view(view.id, said["view"])
                return {"response_action": "update", "view": view.id}
            case "push":
                pushed = self._workspace.push_view(person, said["view"])
                return {"response_action": "push", "view": pushed.id}
            case "clear":
                self._workspace.close_view(person, view.id, clear=True)
                return {"response_action": "clear"}
            case None:
                if view.open:
                    self._workspace.close_view(person, view.id)
                return {}
            case other:
                return {"error": TROUBLE, "why": f"there is no response_action {other!r}"}

    async def close(self, person: str, view_id: str, *, clear: bool = False) -> None:
        """The person closes a modal (or all of them); the app hears of those that asked for it."""
        view = self._own(person, view_id)
        told = []
        stack = self._workspace.modals_of(person)
        gone = stack if clear else stack[stack.index(view) :]
        for one in reversed(gone):
            if one.payload.get("notify_on_close"):
                payload = payloads.common(self._workspace, "view_closed", person)
                payload["view"] = payloads.with_state(self._workspace, one, self._state(person, one, None, None))
                told.append(payload | {"is_cleared": clear})
        self._workspace.close_view(person, view_id, clear=clear)
        for payload in told:
            await self._deliveries.send(payload, "interactive")

    # ---------------------------------------------------------------- shortcuts

    async def shortcut(
        self, person: str, callback_id: str, *, channel: str | None = None, message_ts: str | None = None
    ) -> str:
        """A global one, or with a message one of its menu; the error, if any."""
        kind = "message" if message_ts else "global"
        if self._manifest.shortcut(callback_id, kind) is None:
            raise forms.NotPossible(f"There is no {kind} shortcut {callback_id!r}.")
        if self._workspace.person(person).is_stranger:
            return "This shortcut belongs to another workspace than you."
        payload = payloads.common(self._workspace, "message_action" if message_ts else "shortcut", person)
        payload["callback_id"] = callback_id
        payload["trigger_id"] = self._workspace.new_trigger(person)
        payload["action_ts"] = self._workspace.next_ts()
        if message_ts:
            message = self._message(person, channel or "", message_ts)
            payload |= payloads.on_message(self._workspace, message, {})
            del payload["container"], payload["state"]
            payload["message_ts"] = message.ts
            payload["response_url"] = self._urls.mint(person, message.channel, message)
        answer = await self._deliveries.send(payload, "interactive")
        return "" if answer.acknowledged else answer.error

    # ---------------------------------------------------------------- where it happens

    def _place(self, person: str, container: Mapping[str, Any]) -> tuple[View | None, Message | None]:
        if container.get("type") == "view":
            return self._own(person, str(container.get("view_id"))), None
        message = self._message(person, str(container.get("channel_id")), str(container.get("message_ts")))
        if message.bot_id != self._workspace.bot_id:
            raise forms.NotPossible(f"Message {message.ts} is not the app's.")
        return None, message

    def _own(self, person: str, view_id: str) -> View:
        view = self._workspace.view(view_id)
        if view.person != person:
            raise SlackError("view_not_found", f"{view_id} is not open for {person}")
        return view

    def _message(self, person: str, channel: str, ts: str) -> Message:
        message = self._workspace.message(channel, ts)
        if not self._workspace.sees_message(person, message):
            raise SlackError("message_not_found", f"{person} does not see {ts!r}")
        return message

    def _found(self, view: View | None, message: Message | None, block_id: str, action_id: str) -> forms.Placed:
        return forms.find(self._blocks(view, message), block_id, action_id)

    def _blocks(self, view: View | None, message: Message | None) -> list[Wire]:
        if view is not None:
            return list(view.payload["blocks"])
        assert message is not None
        return message.blocks

    def _where(self, view: View | None, message: Message | None, values: Wire) -> Wire:
        if view is not None:
            return payloads.on_view(self._workspace, view, values)
        assert message is not None
        return payloads.on_message(self._workspace, message, values)

    def _state(self, person: str, view: View | None, message: Message | None, given: Mapping[str, Any] | None) -> Wire:
        """Every element's value: as it began, as it was left, as it is given now."""
        blocks = self._blocks(view, message)
        values = forms.initial(blocks)
        if view is not None:
            left: Wire = view.values
        else:
            assert message is not None
            left = self._filled.get((person, message.channel, message.ts), {})
        known = {(one.block_id, one.action_id): one for one in forms.placed(blocks) if one.holds}
        for source in (left, given or {}):
            for block_id, actions in source.items():
                for action_id, value in actions.items():
                    if (one := known.get((block_id, action_id))) is not None:
                        values[block_id][action_id] = forms.held(one, value)
        return values

    def _remember(self, person: str, view: View | None, message: Message | None, values: Wire) -> None:
        if view is not None:
            self._workspace.enter(view.id, values)
        elif message is not None:
            self._filled[person, message.channel, message.ts] = copy.deepcopy(values)


def _chosen(one: forms.Placed, given: Mapping[str, Any]) -> Wire:
    """What a click says where nothing is held: which option of an overflow, which face of a feedback."""
    match one.element["type"]:
        case "overflow":
            value = given.get("selected_option", given.get("value"))
            value = value.get("value") if isinstance(value, Mapping) else value
            for option in one.element.get("options", []):
                if option.get("value") == value:
                    return {"selected_option": {k: v for k, v in option.items() if k != "url"}}
            raise forms.NotPossible(f"There is no option {value!r} in {one.action_id!r}.")
        case "feedback_buttons":
            for face in ("positive_button", "negative_button"):
                button = one.element.get(face, {})
                if button.get("value") == given.get("value"):
                    return {"text": button.get("text"), "value": button.get("value")}
            raise forms.NotPossible(f"There is no answer {given.get('value')!r} in {one.action_id!r}.")
        case _:
            return {}
