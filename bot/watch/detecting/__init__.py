"""Whether what a series does now is what it does: one streaming detector, over any number of series at once."""

from bot.watch.detecting.bank import Bank, Kind, Verdict
from bot.watch.detecting.surprise import SENSITIVITY, surprise_for

__all__ = ["SENSITIVITY", "Bank", "Kind", "Verdict", "surprise_for"]
