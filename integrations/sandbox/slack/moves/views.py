"""Modals and the Home tab, and the tickets (trigger ids) that open modals."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from integrations.sandbox.slack import rules
from integrations.sandbox.slack.records import SlackError, Trigger, View, Wire, copied
from integrations.sandbox.slack.tables import Tables

TRIGGER_SECONDS = 3.0
STACK_LIMIT = 3


class ViewMoves(Tables):
    """What can be done with a view."""

    # ---------------------------------------------------------------- tickets

    def new_trigger(self, person: str, *, view: str | None = None) -> str:
        """For each interaction; `view` is the modal that it happened in."""
        now = self.clock()
        self.triggers = {name: held for name, held in self.triggers.items() if now - held.born < 10 * TRIGGER_SECONDS}
        number = int(self.next_ts().replace(".", ""))
        secret = hashlib.sha256(f"{person}{number}".encode()).hexdigest()[:32]
        trigger = Trigger(f"{number}.{len(self.people)}.{secret}", person, now, view)
        self.triggers[trigger.id] = trigger
        return trigger.id

    def use_trigger(self, trigger_id: str) -> Trigger:
        """Slack takes each once, within three seconds."""
        trigger = self.triggers.get(trigger_id)
        if trigger is None:
            # Long gone ones look like what they were.
            known = trigger_id.count(".") == 2  # noqa: PLR2004  as they are made above
            raise SlackError("expired_trigger_id" if known else "invalid_trigger_id", f"no trigger {trigger_id!r}")
        if trigger.used:
            raise SlackError("exchanged_trigger_id", f"{trigger_id!r} opened a view before")
        if self.clock() - trigger.born > TRIGGER_SECONDS:
            raise SlackError("expired_trigger_id", f"{trigger_id!r} is older than {TRIGGER_SECONDS:g} seconds")
        trigger.used = True
        return trigger

    # ---------------------------------------------------------------- modals

    def open_view(self, person: str, payload: Mapping[str, Any]) -> View:
        """A new modal; those that were open are gone."""
        rules.check_view(payload, "modal")
        self._free_external_id(payload)
        for old in self.stacks.pop(person, []):
            self.views[old].open = False
        return self._put(person, payload, "view_opened")

    def push_view(self, person: str, payload: Mapping[str, Any]) -> View:
        """On top of the modal that is open."""
        rules.check_view(payload, "modal")
        self._free_external_id(payload)
        stack = self.stacks.get(person, [])
        if len(stack) >= STACK_LIMIT:
            raise SlackError("push_limit_reached", f"{STACK_LIMIT} views are open")
        return self._put(person, payload, "view_pushed")

    def update_view(
        self,
        view_id: str | None,
        payload: Mapping[str, Any],
        *,
        hash: str | None = None,  # noqa: A002  Slack's word
        external_id: str | None = None,
    ) -> View:
        view = self.view(view_id, external_id)
        if hash is not None and hash != view.hash:
            raise SlackError("hash_conflict", f"{view.id} changed since {hash!r}")
        rules.check_view(payload, view.type)
        self._free_external_id(payload, but=view.id)
        view.payload = self._completed(payload)
        view.hash = self._next_hash(view.payload)
        kept = {(block["block_id"], action) for block in view.payload["blocks"] for action in rules.actions_of(block)}
        view.values = {
            block: left
            for block, actions in view.values.items()
            if (left := {action: value for action, value in actions.items() if (block, action) in kept})
        }
        self.changed("view_updated", view=view.id, user=view.person)
        return view

    def view(self, view_id: str | None, external_id: str | None = None) -> View:
        """One that is open, by either of its names."""
        found = self.views.get(view_id or "")
        if found is None and external_id:
            found = next(
                (v for v in self.views.values() if v.open and v.payload.get("external_id") == external_id), None
            )
        if found is None or not found.open:
            raise SlackError("not_found", f"no open view {view_id or external_id!r}")
        return found

    def modals_of(self, person: str) -> list[View]:
        """Bottom first; the last is on top."""
        return [self.views[view] for view in self.stacks.get(person, [])]

    def enter(self, view_id: str, values: Mapping[str, Mapping[str, Any]]) -> View:
        """What a person has put into inputs so far: block_id → action_id → value."""
        view = self.view(view_id)
        for block, actions in values.items():
            view.values.setdefault(block, {}).update(copied(dict(actions)))
        return view

    def close_view(self, person: str, view_id: str, *, clear: bool = False) -> list[View]:
        """The view and what lies on it, or with `clear` the whole stack; topmost first."""
        stack = self.stacks.get(person, [])
        if view_id not in stack:
            raise SlackError("view_not_found", f"{person} has no view {view_id!r} open")
        keep = [] if clear else stack[: stack.index(view_id)]
        gone = [self.views[view] for view in reversed(stack[len(keep) :])]
        self.stacks[person] = keep
        for view in gone:
            view.open = False
            self.changed("view_closed", view=view.id, user=person, is_cleared=clear, payload=view.as_json())
        for view in gone:
            del self.views[view.id]
        return gone

    # ---------------------------------------------------------------- Home

    def publish_home(self, person: str, payload: Mapping[str, Any], *, hash: str | None = None) -> View:  # noqa: A002
        rules.check_view(payload, "home")
        if self.person(person).is_stranger:
            raise SlackError("user_not_found", f"{person} belongs to another workspace")
        known = self.views.get(self.homes.get(person, ""))
        if hash is not None and known is not None and known.hash != hash:
            raise SlackError("hash_conflict", f"the Home tab of {person} changed since {hash!r}")
        if known is None:
            view = self._made(person, payload, "home")
            self.homes[person] = view.id
        else:
            view = known
            view.payload = self._completed(payload)
            view.hash = self._next_hash(view.payload)
        self.changed("home_published", view=view.id, user=person)
        return view

    def open_home(self, person: str, tab: str = "home") -> View | None:
        """A person looks at the app's Home (or Messages) tab; the app is told."""
        if self.person(person).is_stranger:
            return None
        channel = next(
            (c.id for c in self.channels.values() if c.kind == "im" and set(c.members) == {person, self.bot_user_id}),
            "",
        )
        self.changed("app_home_opened", user=person, tab=tab, channel=channel)
        return self.views.get(self.homes.get(person, ""))

    # ---------------------------------------------------------------- making

    def _put(self, person: str, payload: Mapping[str, Any], kind: str) -> View:
        stack = self.stacks.setdefault(self.person(person).id, [])
        view = self._made(person, payload, "modal")
        if stack:
            view.previous_view_id, view.root_view_id = stack[-1], self.views[stack[-1]].root_view_id
        stack.append(view.id)
        self.changed("view_opened" if kind == "view_opened" else "view_pushed", view=view.id, user=person)
        return view

    def _made(self, person: str, payload: Mapping[str, Any], kind: str) -> View:
        view_id = self.next_id("V")
        completed = self._completed(payload)
        view = View(
            id=view_id,
            type="home" if kind == "home" else "modal",
            person=person,
            payload=completed,
            hash=self._next_hash(completed),
            root_view_id=view_id,
        )
        self.views[view_id] = view
        return view

    def _completed(self, payload: Mapping[str, Any]) -> Wire:
        completed: Wire = copied(dict(payload))
        completed["blocks"] = rules.with_ids(payload["blocks"], lambda: self.next_id("b"))
        return completed

    def _next_hash(self, payload: Wire) -> str:
        moment = self.next_ts()
        digest = hashlib.sha256(f"{moment}{json.dumps(payload, sort_keys=True)}".encode()).hexdigest()
        return f"{moment.partition('.')[0]}.{digest[:8]}"

    def _free_external_id(self, payload: Mapping[str, Any], *, but: str | None = None) -> None:
        wanted = payload.get("external_id")
        if wanted and any(
            v.payload.get("external_id") == wanted and v.id != but and v.open for v in self.views.values()
        ):
            raise SlackError("duplicate_external_id", f"{wanted!r} is open already")
