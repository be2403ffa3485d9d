"""What you prefer: where you usually look, and whether threads are followed."""

from __future__ import annotations

from pydantic import Field

from bot.agent.preferences import ENVIRONMENT, FOLLOW, PreferenceStore, of_person
from bot.catalogue import Environment
from bot.door.context import Context
from bot.door.operation import Input, Output, Repeat, operation
from bot.guard.risk import Risk


class NoInput(Input):
    """Takes nothing."""


class PreferencesInput(Input):
    """What you prefer; what you leave away stays as it is."""

    environment: Environment | None = Field(None, description="The environment you mean when you name none.")
    follow_threads: bool | None = Field(
        None, description="Whether I listen to you in a thread that I am in, without being mentioned again."
    )


class PreferencesOutput(Output):
    """What holds for you."""

    environment: str
    follow_threads: bool


async def _current(context: Context) -> PreferencesOutput:
    kept = await context.get(PreferenceStore).all(of_person(context.identity.id))
    return PreferencesOutput(environment=str(kept.get(ENVIRONMENT) or ""), follow_threads=bool(kept.get(FOLLOW, True)))


@operation("preferences.show", title="My preferences", permission="preferences:own", examples=("my preferences",))
async def show(_: NoInput, context: Context) -> PreferencesOutput:
    """What holds for you, and you alone."""
    return await _current(context)


@operation(
    "preferences.set",
    title="Set my preferences",
    permission="preferences:own",
    risk=Risk.WRITE,
    about_gate=True,
    repeat=Repeat.SAFE,
    examples=("change my preferences",),
    undo="Set them again.",
)
async def set_preferences(wanted: PreferencesInput, context: Context) -> PreferencesOutput:
    """Choose what holds for you when you say nothing else."""
    store, scope = context.get(PreferenceStore), of_person(context.identity.id)
    for name, value in ((ENVIRONMENT, wanted.environment), (FOLLOW, wanted.follow_threads)):
        if value is not None:
            await store.set(scope, name, value, context.now)
    return await _current(context)
