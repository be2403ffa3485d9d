"""Watches as people keep them: the same aim in one place is one watch, and there are only so many."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from bot.agent.choosing import called
from bot.errors import Conflict, NotFound, Refusal
from bot.guard.canonical import digest, parameters_hash
from bot.watch.watches import Aim, Watch, WatchState, WatchStore

MOST: Final = 200
"""Of a workspace."""
ALIVE: Final = (WatchState.ACTIVE, WatchState.PAUSED)
TRIES: Final = 20
MOST_NAMED: Final = 5


def id_of(aim: Aim, workspace: str, channel: str) -> str:
    """Whoever asks for the same in the same place means the same watch."""
    said = asdict(aim)
    if not aim.only:  # it came later: what was there before keeps its id
        del said["only"]
    return f"wch-{digest(workspace, channel, parameters_hash('watch', said))[:10]}"


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks, and from where."""

    person: str
    workspace: str = ""
    channel: str = ""

    def sees(self, watch: Watch) -> bool:
        """What speaks in a direct message is nobody else's business."""
        private = watch.channel.startswith("D") and watch.channel != self.channel and watch.created_by != self.person
        return watch.workspace == self.workspace and not private


def works(watch: Watch, at: datetime) -> bool:
    """Whether it looks when it is due; or, of one that never is, whether what it hears is told."""
    woken = watch.state is WatchState.PAUSED and watch.paused_until is not None and at >= watch.paused_until
    return watch.state is WatchState.ACTIVE or woken


async def named(store: WatchStore, said: str, viewer: Viewer) -> Watch:
    """By its id, or by words that only one of those that live has."""
    found = await store.get(said.strip())
    if found is not None and viewer.sees(found):
        return found
    living = [each for each in await store.find(states=ALIVE) if viewer.sees(each)]
    fitting = called(said.strip(), living, _about)
    if len(fitting) != 1:
        which = "; ".join(f"{each.id} is {each.name}" for each in fitting[:MOST_NAMED])
        mend = f"Say which: {which}." if fitting else "`watches.list` shows those that there are."
        raise NotFound(f"{len(fitting) or 'no'} watches are called {said[:80]!r}", mend=mend)
    return fitting[0]


def _about(watch: Watch) -> tuple[str, str, str, str]:
    return watch.name, watch.aim.metric, watch.aim.scope.service, watch.aim.scope.environment


async def make(store: WatchStore, watch: Watch) -> tuple[Watch, bool]:
    """Keep it, and whether it is new; one that was deleted is made anew."""
    kept = await store.get(watch.id)
    if kept is not None and kept.state in ALIVE:
        return kept, False
    living = [each for each in await store.find(states=ALIVE, limit=2 * MOST) if each.workspace == watch.workspace]
    if len(living) >= MOST:
        raise Refusal(f"there are {len(living)} watches, and {MOST} is the most", mend="Delete some that say nothing.")
    if kept is None:
        added = await store.add(watch)
        return added, added == watch
    fields = {name: getattr(watch, name) for name in ("name", "created_by", "created_at", "every", "sensitivity")}
    return await tune(store, watch.id, watch.created_at, state=WatchState.ACTIVE, paused_until=None, **fields), True


async def change(store: WatchStore, watch_id: str, **fields: object) -> Watch:
    """Set some fields; what is so already stays as it is."""
    for _ in range(TRIES):
        watch = await store.get(watch_id)
        if watch is None:
            raise NotFound(f"there is no watch {watch_id[:80]!r}", mend="`watches.list` shows those that there are.")
        if all(getattr(watch, name) == value for name, value in fields.items()):
            return watch
        after = watch.changed(**fields)
        if await store.swap(watch, after):
            return after
    raise Conflict(f"watch {watch_id} is being changed by others", mend="Look at it again.")


async def tune(store: WatchStore, watch_id: str, at: datetime, **fields: object) -> Watch:
    """Set by hand; what feedback taught it is lost."""
    return await change(store, watch_id, tuned=0.0, tunings=(), tuned_at=at, **fields)


async def pause(store: WatchStore, watch_id: str, until: datetime | None) -> Watch:
    return await change(store, watch_id, state=WatchState.PAUSED, paused_until=until)


async def resume(store: WatchStore, watch_id: str) -> Watch:
    return await change(store, watch_id, state=WatchState.ACTIVE, paused_until=None)


async def remove(store: WatchStore, watch_id: str) -> Watch:
    return await change(store, watch_id, state=WatchState.DELETED, paused_until=None)
