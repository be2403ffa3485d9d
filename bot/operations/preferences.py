"""What you prefer: where you usually look, whether threads are followed, and whether you are remembered."""

from __future__ import annotations

from pydantic import Field

from bot.agent.preferences import ENVIRONMENT, FOLLOW, PreferenceStore, of_person
from bot.catalogue import Environment
from bot.door.context import Context
from bot.door.operation import Input, Output, Repeat, operation
from bot.guard.risk import Risk
from bot.memory.memory import Memory
from bot.memory.store import REMEMBER


class NoInput(Input):
    """Takes nothing."""


class PreferencesInput(Input):
    """What you prefer; what you leave away stays as it is."""

    environment: Environment | None = Field(None, description="The environment you mean when you name none.")
    follow_threads: bool | None = Field(
        None, description="Whether I listen to you in a thread that I am in, without being mentioned again."
    )
    remember: bool | None = Field(
        None, description="Whether I may remember what we did beyond a conversation; off unless you say so."
    )


class PreferencesOutput(Output):
    """What holds for you."""

    environment: str
    follow_threads: bool
    remember: bool
    note: str = ""


async def _current(context: Context, note: str = "") -> PreferencesOutput:
    kept = await context.get(PreferenceStore).all(of_person(context.identity.id))
    return PreferencesOutput(
        environment=str(kept.get(ENVIRONMENT) or ""),
        follow_threads=bool(kept.get(FOLLOW, True)),
        remember=kept.get(REMEMBER) is True,
        note=note,
    )


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
    examples=("change my preferences", "remember me from now on", "stop remembering me"),
    undo="Set them again; what was forgotten stays forgotten.",
)
async def set_preferences(wanted: PreferencesInput, context: Context) -> PreferencesOutput:
    """Choose what holds for you when you say nothing else. I forget what I kept of you once I may not remember."""
    store, scope = context.get(PreferenceStore), of_person(context.identity.id)
    chosen = ((ENVIRONMENT, wanted.environment), (FOLLOW, wanted.follow_threads), (REMEMBER, wanted.remember))
    for name, value in chosen:
        if value is not None:
            await store.set(scope, name, value, context.now)
    gone = await context.get(Memory).withdraw(context.identity.id) if wanted.remember is False else 0
    return await _current(context, _note(gone))


def _note(gone: int) -> str:
    many = "One item" if gone == 1 else f"{gone:,} items"
    return f"{many} that I had kept of you beyond a conversation {'is' if gone == 1 else 'are'} gone." if gone else ""
