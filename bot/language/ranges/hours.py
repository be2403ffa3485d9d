"""Hours of the day as people say them: 3pm, 15:30, noon, half past two, 2 to 4pm."""

from __future__ import annotations

from dataclasses import replace

from bot.language.ranges.here import zone
from bot.language.ranges.reading import NOON, Clock, Read, Reader
from bot.language.ranges.words import HALVES, NUMBERS, TO, ZONES


class Hours(Reader):
    """Reads hours, alone and in pairs."""

    def clock(self, i: int, *, bare: bool = False) -> Read[Clock]:
        """3pm, 15:30, noon, half past two, 3 in the afternoon, 14:00 UTC; a mere 3 where it is `bare`."""
        word = self.word(i)
        if word in ("noon", "midday", "midnight"):
            return (Clock(0, text=word) if word == "midnight" else Clock(NOON, half="pm", text=word)), i + 1
        if word in ("half", "quarter") and self.word(i + 1) in ("past", "to"):
            return self._dial(i)
        if not (read := self._figures(i)):
            return None
        found, j = read
        if self.word(j) == "o'clock":
            found, j = replace(found, sure=True), j + 1
        if not found.half and self.word(j) in ("am", "pm"):
            found, j = replace(found, half=self.word(j), sure=True), j + 1
        k = j + 2 if (self.word(j), self.word(j + 1)) == ("in", "the") else j + 1 if self.word(j) == "at" else 0
        if k and not found.half and found.hour <= NOON and (half := HALVES.get(self.word(k))):
            found, j = replace(found, half=half, sure=True), k + 1
        if found.sure and self.word(j) in ZONES:
            found, j = replace(found, tz=zone(ZONES[self.word(j)])), j + 1
        if not found.sure and not (bare and found.hour <= 24):  # noqa: PLR2004 - hours of a day
            return None
        return replace(found, text=self.said(i, j)), j

    def _figures(self, i: int) -> Read[Clock]:
        """15:30, 3pm, 3, three."""
        token, word = self.at(i), self.word(i)
        if token.kind == "clock":
            hour, minute = (int(part) for part in token.word.split(":")[:2])
            return Clock(hour, minute), i + 1
        if token.kind == "number" and token.word in ("", "am", "pm") and token.number == int(token.number):
            return Clock(int(token.number), half=token.word, sure=bool(token.word)), i + 1
        if word not in ("a", "an", "couple", "few") and 0 < NUMBERS.get(word, 0) <= NOON:
            return Clock(NUMBERS[word], sure=False), i + 1
        return None

    def _dial(self, i: int) -> Read[Clock]:
        """Half past two, quarter to 3pm."""
        found = self.clock(i + 2, bare=True) if self.at(i + 2).kind != "clock" else None
        to = self.word(i + 1) == "to"
        if not found or not 1 <= found[0].hour <= NOON or found[0].minute or (to and self.word(i) == "half"):
            return None
        clock, j = found
        hour, minute = ((clock.hour - 2) % NOON + 1, 45) if to else (clock.hour, 30 if self.word(i) == "half" else 15)
        return replace(clock, hour=hour, minute=minute, sure=True, spoken=not clock.half, text=self.said(i, j)), j

    def clocks(self, i: int, *, loose: bool) -> Read[tuple[Clock, Clock]]:
        """2 to 4pm, 10:30 and 11, 14:00-15:30; of mere numbers only where it is `loose`."""
        if not (first := self.clock(i, bare=True)):
            return None
        joint = self.word(first[1])
        if joint not in TO and not (loose and joint == "and"):
            return None
        second = self.clock(first[1] + 1, bare=True)
        if not second or not (first[0].sure or second[0].sure or loose):
            return None
        if not second[0].sure and not self.free(second[1]):
            return None
        return (first[0], second[0]), second[1]
