from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.telemetry.units import duration, shown


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (0.412, "s", "412 ms"),
        (0.0, "s", "0 s"),
        (0.9997, "s", "1 s"),
        (0.000_25, "s", "250 µs"),
        (179.9, "s", "180 s"),
        (200.0, "s", "3.33 min"),
        (90_000.0, "s", "1.04 d"),
        (-2.0, "s", "−2 s"),
        (0.0031, "share", "0.31 %"),
        (0.07, "share", "7 %"),
        (0.99, "share", "99 %"),
        (0.990_01, "share", "99 %"),
        (0.9995, "share", "99.95 %"),
        (1.0, "share", "100 %"),
        (999_700.0, "", "1 M"),
        (12_340.0, "/s", "12.3 k/s"),
        (1_536.0, "bytes", "1.5 KiB"),
        (1_023.9, "bytes", "1 KiB"),
        (0.0123, "$", "$0.0123"),
        (1_234.5, "$/h", "$1,234.50/h"),
        (42.0, "tokens/s", "42 tokens/s"),
        (None, "s", "–"),
        (math.nan, "share", "–"),
        (math.inf, "s", "∞"),
        (-math.inf, "", "−∞"),
    ],
)
def test_numbers_are_said_as_people_say_them(value: float | None, unit: str, said: str) -> None:
    assert shown(value, unit) == said


@given(
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from(["", "s", "share", "bytes", "$", "$/h", "/s", "tokens/s"]),
)
def test_whatever_the_number_it_is_short(value: float, unit: str) -> None:
    said = shown(value, unit)
    assert 0 < len(said) <= 32
    assert not said.rstrip(" %").endswith(".")


@given(st.floats(min_value=0.5, max_value=1, exclude_max=True))
def test_a_share_below_one_is_never_a_hundred_per_cent(share: float) -> None:
    assert shown(share, "share") != "100 %"


@given(st.floats(min_value=1e-6, max_value=1e9))
def test_a_duration_keeps_three_digits(seconds: float) -> None:
    number, unit = duration(seconds).split()
    sizes = {"d": 86_400, "h": 3_600, "min": 60, "s": 1, "ms": 1e-3, "µs": 1e-6}
    assert float(number.replace(",", "")) * sizes[unit] == pytest.approx(seconds, rel=0.006)
