"""The memory: what was said, done and learned, found again where it may be seen, and forgotten when it should be."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from bot.memory.budget import fill
from bot.memory.compression import Turn, Window, shortened, truncated, window
from bot.memory.lexical import terms
from bot.memory.patterns import MOST, Outcome, Past, Pattern, Recommendation, recommended
from bot.memory.relevance import IMPORTANT, Kind, relevance
from bot.memory.semantic import Embedder, Vector, cosines
from bot.memory.store import LEARNED, Found, Item, Kept, MemoryStore, Tier, Where
from bot.memory.tokens import tokens
from bot.ports import Clock, Json

WITHOUT_SESSION: Final = timedelta(hours=12)
MEDIUM: Final = timedelta(days=7)
LONG: Final = timedelta(days=365)
WHOLE: Final = 4_000
"""Tokens of an item that are kept; of a log that was pasted, its beginning and its end."""
PROMOTED: Final = 200
"""Tokens that an item takes at most once it has outlived its thread."""
NOTHING: Final = 0.25
"""What is less relevant than this only wastes room."""
UNRELATED: Final = 0.1
"""The cosine of two sentences that have nothing to do with each other, but that both are sentences about machines."""
PAGE, READ = 500, 250_000
LESSONS: Final = (Kind.PATTERN, Kind.PREFERENCE, Kind.CORRECTION)
PINNED: Final = (Kind.INCIDENT, Kind.APPROVAL, Kind.DECISION)
PINS: Final = 20
AT_HAND: Final = 8_000
"""Tokens that are compressed on the spot; more of them in a thread, so that nobody else waits."""
CORRECTIONS: Final = 5
"""More than so many within a week, and somebody should look at what goes wrong."""


@dataclass(frozen=True, slots=True)
class Retrieved:
    """What may help with a question, the most relevant first, within its budget."""

    items: tuple[Kept, ...]
    total_tokens: int
    relevance_scores: Mapping[int, float]
    """By the id of the item."""


@dataclass(frozen=True, slots=True)
class Command:
    """What somebody asked, and what it led to; enough to ask for it again."""

    at: datetime
    asked: str
    operation: str
    values: Mapping[str, Json]
    outcome: str
    workspace: str
    channel: str
    thread: str


@dataclass(frozen=True, slots=True)
class Correction:
    """What was wrong, and what is right."""

    original: str
    corrected: str
    context: str = ""


class Memory:
    """One for the whole bot. What it may keep of a person is theirs to say, and nothing unless they say so."""

    def __init__(self, store: MemoryStore, embedder: Embedder | None, clock: Clock) -> None:
        """Without an embedder, shared words stand for meaning."""
        self._store = store
        self.embedder = embedder
        self._clock = clock

    # ------------------------------------------------------------ taking in

    async def remember(self, item: Item, where: Where) -> int | None:
        """Into the thread, and, if it is important, beyond it. The id, if it is kept at all."""
        author = item.author or (where.person if where.private else "")
        ends = None if where.session else self._clock() + WITHOUT_SESSION
        kept = self._kept(item, Tier.SHORT, where.in_thread, truncated(item.text, WHOLE), author, ends, where.session)
        lasting = await self._lasting(item, where) if item.weight >= IMPORTANT else None
        ids = await self._store.add([kept, lasting] if lasting else [kept], forms=True)
        return ids[-1] if ids else None

    async def promote(self, item: Item, where: Where) -> int | None:
        """A short version that outlives the thread: nothing private, and nobody's name, without their consent."""
        lasting = await self._lasting(item, where)
        ids = await self._store.add([lasting]) if lasting else ()
        return ids[0] if ids else None

    async def _lasting(self, item: Item, where: Where) -> Kept | None:
        author = item.author or where.person
        consented = bool(author) and await self.consent(author)
        if (where.private or item.kind is Kind.PREFERENCE) and not consented:
            return None
        learned = item.kind in LESSONS
        place = replace(where, private=True) if item.kind is Kind.PREFERENCE else where
        scope, tier, stays = (place.learned, Tier.LONG, LONG) if learned else (place.lasting, Tier.MEDIUM, MEDIUM)
        owner = author if consented and (item.author or where.private or item.kind is Kind.PREFERENCE) else ""
        said = shortened(truncated(item.text, WHOLE), PROMOTED)
        return self._kept(item, tier, scope, said, owner, self._clock() + stays, None)

    async def did(
        self, asked: str, operation: str, values: Mapping[str, Json], outcome: str, where: Where
    ) -> int | None:
        """A request, and the operation that it led to."""
        place = {"workspace": where.workspace, "channel": where.channel, "thread": where.thread}
        meta: dict[str, Json] = {"operation": operation, "values": dict(values), "outcome": outcome, **place}
        return await self.remember(Item(Kind.OPERATION, asked, where.person, meta), where)

    async def learn(self, pattern: Pattern, where: Where) -> int | None:
        """From what was confirmed or judged; that no error came teaches nothing."""
        if not pattern.worth_learning:
            return None
        meta: dict[str, Json] = {
            "action": pattern.action,
            "outcome": pattern.outcome.value,
            "features": dict(pattern.features),
        }
        told = " ".join((pattern.situation, *(str(each) for each in pattern.features.values() if each)))
        return await self.promote(Item(Kind.PATTERN, told, where.person if where.private else "", meta), where)

    async def correct(self, correction: Correction, where: Where) -> bool:
        """True when so much was corrected here of late that somebody should look into it."""
        meta: dict[str, Json] = {"original": truncated(correction.original, PROMOTED), "context": correction.context}
        await self.promote(Item(Kind.CORRECTION, correction.corrected, where.person, meta), where)
        lately = await self._store.count(where.learned, Kind.CORRECTION, self._clock() - MEDIUM)
        return lately > CORRECTIONS

    # ------------------------------------------------------------ finding again

    async def retrieve(self, query: str, where: Where, budget: int) -> Retrieved:
        """Of the thread, the last week of this channel or person, and what was learned: what fits the budget."""
        now = self._clock()
        found = await self._store.search(where.scopes, terms(query), now)
        scores = {
            each.item.id: relevance(alike, now - each.item.created_at, each.item.importance)
            for each, alike in zip(found, self._alike(query, found), strict=True)
        }
        whole = [each.item for each in found if each.item.source not in scores]  # not both an item and its short form
        ranked = sorted(whole, key=lambda item: (-scores[item.id], -item.id))
        once = {(item.kind, item.text): item for item in reversed(ranked)}  # of those that say the same, the best
        fitting = (item for item in ranked if scores[item.id] >= NOTHING and once[item.kind, item.text] is item)
        filled = fill(fitting, budget, _shorter)
        return Retrieved(filled.items, filled.tokens, {item.id: scores[item.id] for item in filled.items})

    async def thread(self, session: str, budget: int, where: Where | None = None) -> Window:
        """Earlier turns within a budget. `where` brings in what was decided, should the turns be compressed."""
        pages: list[Sequence[Turn]] = []
        before, total = None, 0
        while total < READ:
            page = await self._store.page(session, before, PAGE)
            turns = [
                Turn(each.author, each.role, each.text, each.tokens or tokens(each.text)) for each in page.messages
            ]
            pages.append(turns)
            total += sum(each.tokens for each in turns)
            if (before := page.before) is None:
                break
        said = [turn for page in reversed(pages) for turn in page]
        whole = window(said, budget)
        if not whole.compressed:
            return whole
        pins = await self._store.newest(where.in_thread, PINNED, self._clock(), PINS) if where else ()
        pinned = [Turn.of(each.author or "record", "user", each.text, pinned=True) for each in reversed(pins)]
        if total < AT_HAND:
            return window([*pinned, *said], budget)
        return await asyncio.to_thread(window, [*pinned, *said], budget)

    async def recommend(self, situation: str, where: Where) -> Sequence[Recommendation]:
        """What helped when things were alike: five at most, each with its reason."""
        now = self._clock()
        places = tuple(scope for scope in where.scopes if scope.startswith(LEARNED))
        found = await self._store.search(places, terms(situation), now)
        pasts, wishes = [], []
        for each, alike in zip(found, self._alike(situation, found), strict=True):
            if each.item.kind is Kind.PATTERN:
                outcome = Outcome(str(each.item.meta["outcome"]))
                pasts.append(Past(str(each.item.meta["action"]), outcome, alike, each.item.created_at))
            elif each.item.kind is Kind.PREFERENCE and alike > 0:
                wishes.append(_wished(each.item, alike))
        return sorted((*recommended(pasts, now), *wishes), key=lambda each: (-each.confidence, each.action))[:MOST]

    async def history(self, person: str, limit: int = 50) -> Sequence[Command]:
        """What somebody asked, the newest first. For their own eyes: it holds what they asked in private, too."""
        done = await self._store.of(person, (Kind.OPERATION,), 2 * limit)
        known = {each.id for each in done}
        return [_command(each) for each in done if each.source not in known][:limit]

    async def kept_of(self, person: str, limit: int = 5_000) -> Sequence[Sequence[Kept]]:
        """What is theirs, the newest first: each as it was, then as it was kept for longer. For their own eyes."""
        theirs = await self._store.of(person, limit=limit)
        known = {each.id for each in theirs}
        things: defaultdict[int, list[Kept]] = defaultdict(list)
        for each in theirs:
            things[each.source if each.source is not None and each.source in known else each.id].append(each)
        return [sorted(thing, key=lambda each: each.id) for thing in things.values()]

    async def learned(self, where: Where, limit: int = 100) -> Sequence[Kept]:
        """What was learned here, the newest first, for people to look over."""
        places = [scope for scope in where.scopes if scope.startswith(LEARNED)]
        found = [each for place in places for each in await self._store.newest(place, LESSONS, self._clock(), limit)]
        return sorted(found, key=lambda each: (each.created_at, each.id), reverse=True)[:limit]

    # ------------------------------------------------------------ letting go

    async def unlearn(self, item: int, where: Where) -> bool:
        """A wrong lesson goes; only from where it may be seen."""
        return await self._store.drop(item, [scope for scope in where.scopes if scope.startswith(LEARNED)])

    async def consent(self, person: str) -> bool:
        """Whether what concerns them may outlive its conversation. They set the preference `remember`."""
        return await self._store.consents(person)

    async def withdraw(self, person: str) -> int:
        """Consent was taken back: what outlived its thread goes now."""
        return await self._store.forget(person, (Tier.MEDIUM, Tier.LONG))

    async def forget(self, person: str) -> int:
        return await self._store.forget(person)

    async def forget_one(self, person: str, item: int) -> bool:
        """One thing of theirs, in all the forms that it is kept in."""
        forms = [each for thing in await self.kept_of(person) if item in {one.id for one in thing} for each in thing]
        for each in forms:
            await self._store.drop(each.id, (each.scope,))
        return bool(forms)

    async def expire(self, now: datetime) -> int:
        return await self._store.expire(now)

    # ------------------------------------------------------------ within

    def _kept(
        self, item: Item, tier: Tier, scope: str, text: str, author: str, ends: datetime | None, session: str | None
    ) -> Kept:
        vector = self.embedder([text])[0].astype(np.float16) if self.embedder else None
        return Kept(
            kind=item.kind,
            tier=tier,
            scope=scope,
            text=text,
            tokens=tokens(text),
            importance=item.weight,
            created_at=self._clock(),
            author=author,
            meta=item.meta,
            expires_at=ends,
            session=session,
            vector=vector,
        )

    def _alike(self, query: str, found: Sequence[Found]) -> Sequence[float]:
        """By words, and where there are vectors by meaning too: names and numbers have no meaning to a model."""
        by_words = [each.lexical for each in found]
        if self.embedder is None or not found:
            return by_words
        asked = self.embedder([query])[0]
        none = np.zeros_like(asked)
        vectors: Vector = np.array(
            [none if each.item.vector is None else each.item.vector for each in found], np.float32
        )
        by_meaning = (cosines(asked, vectors) - UNRELATED) / (1 - UNRELATED)
        return [max(one, (one + float(other)) / 2) for one, other in zip(by_words, by_meaning, strict=True)]


def _shorter(item: Kept, room: int) -> Kept | None:
    said = shortened(item.text, room)
    return replace(item, text=said, tokens=tokens(said)) if said else None


def _wished(item: Kept, alike: float) -> Recommendation:
    reason = f"You said so on {item.created_at:%Y-%m-%d %H:%M} UTC"
    return Recommendation(item.text, reason, round(min(1.0, alike), 4), "preference")


def _command(item: Kept) -> Command:
    meta = item.meta
    values = meta.get("values")
    return Command(
        at=item.created_at,
        asked=item.text,
        operation=str(meta.get("operation", "")),
        values=values if isinstance(values, dict) else {},
        outcome=str(meta.get("outcome", "")),
        workspace=str(meta.get("workspace", "")),
        channel=str(meta.get("channel", "")),
        thread=str(meta.get("thread", "")),
    )
