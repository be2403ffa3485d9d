"""People and user groups: users.*, usergroups.*."""

from __future__ import annotations

from integrations.sandbox.slack import shapes
from integrations.sandbox.slack.records import Person, SlackError, Wire
from integrations.sandbox.slack.web.conversations import listed, listing
from integrations.sandbox.slack.web.method import Call, method, page


def _shown(call: Call, person: Person) -> Wire:
    return shapes.person(call.workspace, person, email="users:read.email" in call.manifest.scopes)


@method("users.info", "users:read", required=("user",))
def info(call: Call) -> Wire:
    person = call.workspace.people.get(call.arguments.text("user"))
    if person is None:
        raise SlackError("user_not_found", call.arguments.text("user"))
    return {"user": _shown(call, person)}


@method("users.list", "users:read")
def list_(call: Call) -> Wire:
    everybody = [_shown(call, person) for person in call.workspace.people.values()]
    part, more = page(call, everybody, otherwise=1_000)
    return {"members": part, "cache_ts": int(call.workspace.clock()), "response_metadata": more}


@method("users.lookupByEmail", "users:read.email", required=("email",))
def lookup_by_email(call: Call) -> Wire:
    email = call.arguments.text("email").lower()
    for person in call.workspace.people.values():
        if person.email and person.email.lower() == email and not person.deleted:
            return {"user": _shown(call, person)}
    raise SlackError("users_not_found", email)


@method("users.conversations", by=listing)
def conversations(call: Call) -> Wire:
    """The conversations of a person that the bot may know of."""
    user = call.arguments.text("user", call.bot)
    if user not in call.workspace.people:
        raise SlackError("user_not_found", user)
    theirs = [one for one in call.workspace.channels_of(user) if call.workspace.can_see(call.bot, one.id)]
    return listed(call, theirs)


@method("usergroups.list", "usergroups:read")
def groups(call: Call) -> Wire:
    users, count = call.arguments.flag("include_users"), call.arguments.flag("include_count")
    held = call.workspace.groups.values()
    return {"usergroups": [shapes.group(call.workspace, one, users=users, count=count) for one in held]}


@method("usergroups.users.list", "usergroups:read", required=("usergroup",))
def group_users(call: Call) -> Wire:
    group = call.workspace.groups.get(call.arguments.text("usergroup"))
    if group is None:
        raise SlackError("no_such_subteam", call.arguments.text("usergroup"))
    return {"users": list(group.users)}
