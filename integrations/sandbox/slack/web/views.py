"""Modals and the Home tab: views.open, push, update, publish."""

from __future__ import annotations

from integrations.sandbox.slack import rules, shapes
from integrations.sandbox.slack.records import SlackError, Trigger, View, Wire
from integrations.sandbox.slack.web.method import Call, method

_TICKET = "trigger_id|interactivity_pointer"


@method("views.open", required=(_TICKET, "view"))
def open_(call: Call) -> Wire:
    view = _view(call, "modal")
    return _shown(call, call.workspace.open_view(_ticket(call).person, view))


@method("views.push", required=(_TICKET, "view"))
def push(call: Call) -> Wire:
    view = _view(call, "modal")
    person = _ticket(call).person
    if not call.workspace.modals_of(person):
        raise SlackError("invalid_trigger_id", "no modal is open on which another could lie")
    return _shown(call, call.workspace.push_view(person, view))


@method("views.update", required=("view_id|external_id", "view"))
def update(call: Call) -> Wire:
    arguments = call.arguments
    if "view_id" in arguments and "external_id" in arguments:
        what = "[ERROR] Cannot provide both `view_id` and `external_id`"
        raise SlackError("invalid_arguments", messages=[what])
    held = call.workspace.view(arguments.maybe("view_id"), arguments.maybe("external_id"))
    view = _view(call, held.type)
    return _shown(call, call.workspace.update_view(held.id, view, hash=arguments.maybe("hash")))


@method("views.publish", required=("user_id", "view"))
def publish(call: Call) -> Wire:
    if not call.manifest.home:
        raise SlackError("not_enabled", "the manifest has no Home tab")
    view = _view(call, "home")
    user = call.arguments.text("user_id")
    if user not in call.workspace.people:
        raise SlackError("user_not_found", user)
    return _shown(call, call.workspace.publish_home(user, view, hash=call.arguments.maybe("hash")))


def _view(call: Call, kind: str) -> Wire:
    view: Wire = call.arguments.json("view")
    rules.check_view(view, kind)
    return view


def _ticket(call: Call) -> Trigger:
    name = "trigger_id" if "trigger_id" in call.arguments else "interactivity_pointer"
    return call.workspace.use_trigger(call.arguments.text(name))


def _shown(call: Call, view: View) -> Wire:
    return {"view": shapes.view(call.workspace, view)}
