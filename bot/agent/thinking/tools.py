"""The operations that somebody may use here, as a model sees them. The door judges every call anew."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bot.agent.model import Tool
from bot.agent.thinking.hypotheses import TOOL as NOTE
from bot.agent.thinking.results import TOOL as PAGE
from bot.door.checks import scope
from bot.door.outcomes import Origin
from bot.door.registry import AnyOperation, Registry
from bot.guard.people import Identity
from bot.guard.policies import PolicyEngine, Proposal
from bot.guard.risk import Risk
from bot.guard.roles import RoleBook
from bot.ports import Clock, Json

OF_THE_PLACE: Final = frozenset({"channel-profile", "module-availability"})
"""Policies that say of an operation, whatever its input, that it is not to be had here."""
LOCAL: Final = (NOTE, PAGE)
_RISKS: Final = {
    Risk.READ: "Changes nothing.",
    Risk.WRITE: "Changes something: the person is shown a form, and it runs if they send it.",
    Risk.DESTRUCTIVE: "Cannot simply be undone, and waits for approval.",
}
_EXAMPLES: Final = 2


class Toolbox:
    """Knows who may use what where."""

    def __init__(self, registry: Registry, roles: RoleBook, policies: PolicyEngine, clock: Clock) -> None:
        self._registry = registry
        self._roles = roles
        self._policies = policies
        self._clock = clock

    async def of(self, identity: Identity, origin: Origin) -> dict[str, AnyOperation]:
        """By name, in their order: the same people get the same list, and so the same cached prompt.

        A refusal by the place or by every role is left out; one that depends on the input, the door tells.
        """
        own = {tool.name for tool in LOCAL}
        return {
            each.name: each
            for each in self._registry
            if each.name not in own and _for_models(each) and await self._may(each, identity, origin)
        }

    async def _may(self, found: AnyOperation, identity: Identity, origin: Origin) -> bool:
        if self._roles.may(identity.roles, found.permission, None, None) is None:
            return False
        environment, service = scope(found, {})
        proposal = Proposal(
            operation=found.name,
            risk=found.risk,
            identity=identity,
            environment=environment,
            service=service,
            surface=origin.surface,
            channel=origin.channel,
            now=self._clock(),
            timeout=found.timeout or 1.0,
            running=0,
            workspace=origin.workspace,
            module=found.module,
        )
        names = OF_THE_PLACE.intersection(self._policies.names())
        return all([(await self._policies.get(name).evaluate(proposal)).allowed for name in sorted(names)])


def _for_models(found: AnyOperation) -> bool:
    """What works the gate itself is for people alone: a model that could approve would need no approval."""
    return found.risk is Risk.READ or not found.about_gate


def tools(operations: Mapping[str, AnyOperation]) -> tuple[Tool, ...]:
    """Sorted by name, so that the prompt stays the same from turn to turn."""
    return tuple(sorted((*map(tool, operations.values()), *LOCAL), key=lambda each: each.name))


def tool(found: AnyOperation) -> Tool:
    words = [f"{found.title}. {found.summary}", _RISKS[found.risk]]
    if found.examples:
        words.append("For example: " + "; ".join(found.examples[:_EXAMPLES]) + ".")
    if found.undo:
        words.append(f"Undone by: {found.undo}")
    schema = _bare(found.input.model_json_schema())
    assert isinstance(schema, dict)
    return Tool(found.name, "\n".join(words), {"properties": {}, **schema})


def _bare(schema: Json) -> Json:
    """Without the titles, which only repeat the names; a field that is called `title` has no text for its value."""
    match schema:
        case dict():
            return {
                key: _bare(value) for key, value in schema.items() if not (key == "title" and isinstance(value, str))
            }
        case list():
            return [_bare(each) for each in schema]
        case _:
            return schema
