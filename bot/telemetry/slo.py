"""How a service does against what was promised: attainment, error budget, and how fast the budget burns.

Counts are of events, good and all, as windows of a counter give them; a share of time is a count of good minutes.
Where there was no traffic nothing is defined, and nothing is what is said.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from bot.errors import InvalidInput

MINUTE: Final = 60.0
HOUR: Final = 3_600.0
DAY: Final = 86_400.0
FARTHEST: Final = 3_650 * DAY
"""An end of the budget later than this is no end."""


@dataclass(frozen=True, slots=True)
class Objective:
    """What share of events is to be good, over a rolling window."""

    target: float
    seconds: float = 30 * DAY

    def __post_init__(self) -> None:
        if not 0.0 < self.target < 1.0:
            raise InvalidInput(
                f"An objective of {self.target:g} leaves no budget, or asks for nothing.",
                mend="Give a share between 0 and 1, such as 0.999.",
            )
        if not (self.seconds > 0 and math.isfinite(self.seconds)):
            raise InvalidInput(f"{self.seconds:g} s is no window.", mend="Give a positive length, such as 30 days.")

    @property
    def allowance(self) -> float:
        """The share that may be bad."""
        return round(1.0 - self.target, 12)  # as people mean it: 1 - 0.999 is 0.001


@dataclass(frozen=True, slots=True)
class Counted:
    """Events of one window. What a backend extrapolates may have more good ones than there are at all."""

    good: float
    total: float

    @property
    def bad_share(self) -> float | None:
        """None without traffic."""
        if not (math.isfinite(self.good) and math.isfinite(self.total) and self.total > 0):
            return None
        return min(1.0, max(0.0, (self.total - self.good) / self.total))


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the budget, in events, in minutes of nothing but bad events, and as a share of the whole."""

    events: float
    minutes: float
    share: float


@dataclass(frozen=True, slots=True)
class Budget:
    """What may be bad within the window, and what of that was; `left` is negative once too much was."""

    objective: Objective
    attainment: float
    met: bool
    allowed: Part
    used: Part
    left: Part


@dataclass(frozen=True, slots=True)
class Rule:
    """Both windows burn faster than `factor`: the long one says that it matters, the short one that it still does."""

    long: float
    short: float
    factor: float
    urgency: Literal["page", "ticket"]


RULES: Final = (
    Rule(HOUR, 5 * MINUTE, 14.4, "page"),
    Rule(6 * HOUR, 30 * MINUTE, 6.0, "page"),
    Rule(3 * DAY, 6 * HOUR, 1.0, "ticket"),
)
WINDOWS: Final = tuple(sorted({seconds for rule in RULES for seconds in (rule.long, rule.short)}))
"""What has to be counted to judge the rules."""


@dataclass(frozen=True, slots=True)
class Burn:
    """A rule and how fast its windows burn; None where there was no traffic."""

    rule: Rule
    long: float | None
    short: float | None

    @property
    def firing(self) -> bool:
        rates = (self.long, self.short)
        return all(rate is not None and rate >= self.rule.factor for rate in rates)


def budget(objective: Objective, counted: Counted) -> Budget | None:
    """None without traffic."""
    bad = counted.bad_share
    if bad is None:
        return None
    events, minutes = counted.total * objective.allowance, objective.seconds / MINUTE * objective.allowance
    share = bad / objective.allowance
    return Budget(
        objective,
        attainment=1.0 - bad,
        met=bad <= objective.allowance,
        allowed=Part(events, minutes, 1.0),
        used=Part(events * share, minutes * share, share),
        left=Part(events * (1.0 - share), minutes * (1.0 - share), 1.0 - share),
    )


def burn_rate(objective: Objective, counted: Counted) -> float | None:
    """1 uses the budget up exactly over the objective's window; None without traffic."""
    bad = counted.bad_share
    return None if bad is None else bad / objective.allowance


def burns(objective: Objective, counted: Mapping[float, Counted], rules: Sequence[Rule] = RULES) -> tuple[Burn, ...]:
    """Each rule judged; `counted` is by the seconds of the window, and one that is not there had no traffic."""
    rates = {seconds: burn_rate(objective, counts) for seconds, counts in counted.items()}
    return tuple(Burn(rule, rates.get(rule.long), rates.get(rule.short)) for rule in rules)


def runs_out(found: Budget, rate: float | None, now: datetime) -> datetime | None:
    """When the budget is gone if it burns on like this: now if it is, None if not within ten years (or unknown)."""
    if found.left.share <= 0.0:
        return now
    if rate is None or rate <= 0.0:
        return None
    seconds = found.left.share * found.objective.seconds / rate
    return now + timedelta(seconds=seconds) if seconds <= FARTHEST else None


def phrase(objective: Objective, found: Budget | None) -> str:
    """In words: "met: 99.95 % of 99.9 % over 30 days; 50 % of the error budget is left (21.6 min)"."""
    days = f"{objective.seconds / DAY:.3g} days"
    if found is None:
        return f"no traffic in {days}: neither attainment nor budget is defined"
    kept = "met" if found.met else "missed"
    if found.left.share <= 0.0:
        rest = f"{found.used.share:,.2g} times the error budget is used"
    else:
        rest = f"{100 * found.left.share:.0f} % of the error budget is left ({_minutes(found.left.minutes)})"
    return f"{kept}: {good(found.attainment)} of {good(objective.target)} over {days}; {rest}"


def good(share: float) -> str:
    """A share near 1, with as many nines as tell it from 1: "99.95 %"; it is never rounded up to 100."""
    bad = 100.0 * (1.0 - share)
    digits = 2 if bad <= 0 else max(2, min(6, 1 - math.floor(math.log10(bad))))
    floor = math.floor(100.0 * share * 10**digits + 1e-6) / 10**digits
    return f"{floor:.{digits}f}".rstrip("0").rstrip(".") + " %"


def _minutes(minutes: float) -> str:
    return f"{minutes / 60:.1f} h" if minutes >= 120 else f"{minutes:.1f} min"  # noqa: PLR2004  two hours
