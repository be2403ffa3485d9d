"""From what single samples show to events: believed once it has shown for long enough, over once it stays away."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, TypeVar

from pydantic import TypeAdapter, ValidationError

from bot.errors import InvalidInput
from bot.ports import Json
from bot.watch.finding import Direction, Family, Finding, Subject

Key = tuple[str, Subject, Family, Direction]


@dataclass(frozen=True, slots=True)
class Patience:
    """What it takes to begin, and to end. Samples in between that are not there do neither."""

    step: float = 60.0
    """Seconds between two samples; of a longer time no more than that counts."""
    holds: float = 0.0
    """Seconds that it must show."""
    back: int = 2
    """Samples in a row that are clearly back end it …"""
    calm: float = 0.0
    """… and so do so many that no longer show it, but are near, after so many seconds."""
    gap: float = 3_600.0
    """After so long without a sample nothing is known any more; far more than the minutes between two looks."""


@dataclass(frozen=True, slots=True)
class Spell:
    """Something that shows: an event once it is `open`."""

    finding: Finding
    at: datetime
    """The last sample."""
    held: float = 0.0
    open: bool = False
    quiet_since: datetime | None = None
    quiet: int = 0
    clear: int = 0
    calm: float = 0.0


T = TypeVar("T")


def restored(adapter: TypeAdapter[T], kept: Json) -> T:
    """What was dumped."""
    try:
        return adapter.validate_python(kept)
    except ValidationError as error:
        raise InvalidInput(
            f"The state of a watch cannot be read ({error.error_count()} errors).",
            mend="It begins anew; nothing has to be done.",
        ) from error


_SPELLS: Final = TypeAdapter(tuple[Spell, ...])


class Spells:
    """What shows now, by what it is; `dump` and `load` carry it on."""

    def __init__(self, patience: Patience, kept: Json = None) -> None:
        self.patience = patience
        known = restored(_SPELLS, kept) if kept else ()
        self._spells: dict[Key, Spell] = {each.finding.key: each for each in known}

    def dump(self) -> Json:
        kept: Json = _SPELLS.dump_python(tuple(self._spells.values()), mode="json")
        return kept

    def open(self, key: Key) -> Finding | None:
        spell = self._spells.get(key)
        return spell.finding if spell and spell.open else None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is open."""
        return tuple(each.finding for each in self._spells.values() if each.open)

    def look(
        self, at: datetime, shown: Iterable[Finding], near: Collection[Key] = (), unknown: Collection[Subject] = ()
    ) -> tuple[Finding, ...]:
        """What ended with this sample; `near` is hardly back, and of the `unknown` there is no sample."""
        news = {each.key: each for each in shown}
        ended = []
        for key, spell in list(self._spells.items()):
            if key in news:
                continue
            if key[1] in unknown:
                after = None if self._lost(spell, at) else spell
            else:
                after = self._quieter(spell, at, near=key in near)
            if after:
                self._spells[key] = after
            else:
                del self._spells[key]
                if spell.open:
                    last = spell.finding.seen if key[1] in unknown else at
                    ended.append(replace(spell.finding, ended=spell.quiet_since or last))
        return (*ended, *self._showing(news, at))

    def _showing(self, news: dict[Key, Finding], at: datetime) -> Iterator[Finding]:
        for key, finding in news.items():
            spell = self._spells.get(key)
            if spell and self._lost(spell, at):
                if spell.open:
                    yield replace(spell.finding, ended=spell.finding.seen)
                spell = None
            before = spell.finding if spell else finding
            held = spell.held + min((at - spell.at).total_seconds(), self.patience.step) if spell else 0.0
            is_open = bool(spell and spell.open) or held >= self.patience.holds
            self._spells[key] = Spell(before.seen_again(finding), at, held, is_open)

    def _lost(self, spell: Spell, at: datetime) -> bool:
        return (at - spell.at).total_seconds() > self.patience.gap

    def _quieter(self, spell: Spell, at: datetime, *, near: bool) -> Spell | None:
        if not spell.open:
            return None
        passed = min((at - spell.at).total_seconds(), self.patience.step) if spell.quiet else 0.0
        after = replace(
            spell,
            at=at,
            quiet_since=spell.quiet_since or at,
            quiet=spell.quiet + 1,
            clear=0 if near else spell.clear + 1,
            calm=spell.calm + passed,
        )
        back = self.patience.back
        over = after.clear >= back or (after.quiet >= back and after.calm >= self.patience.calm)
        return None if over else after
