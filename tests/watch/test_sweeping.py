"""All signals of all services at once: what is found, what is too slight, what is missing, and going on elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

from bot import defaults
from bot.catalogue import load_model
from bot.errors import InvalidInput
from bot.telemetry.signals import Floats
from bot.telemetry.vocabulary import Vocabulary
from bot.watch.finding import Family, Finding, Subject
from bot.watch.sweeping import GONE, STEP, Sheet, Sweep
from bot.watch.watches import EVERYWHERE, Learned

SIGNALS = load_model(defaults.path("signals.yaml"), Vocabulary).metrics
LATENCY = Subject("checkout", "production", "latency")
ERRORS = Subject("checkout", "production", "error_rate")
HITS = Subject("checkout", "production", "cache_hits")
HOURS = 12
START = 1_773_792_000.0 - HOURS * 3600


def usual(level: float, seed: int, columns: int = HOURS * 60, spread: float = 0.03) -> Floats:
    return level * (1.0 + spread * np.random.default_rng(seed).standard_normal(columns))


def sheet(rows: dict[Subject, Floats], start: float = START) -> Sheet:
    values = np.array(list(rows.values()), dtype=np.float64)
    return Sheet(tuple(rows), start + STEP * np.arange(values.shape[1], dtype=np.float64), values)


def swept(rows: dict[Subject, Floats], sweep: Sweep | None = None, start: float = START) -> list[Finding]:
    """Everything that was ever open, as it was last told."""
    found: dict[object, Finding] = {}
    for moment in (sweep or Sweep(SIGNALS)).feed(sheet(rows, start)):
        found |= {(each.key, each.since): each for each in moment.findings}
    return list(found.values())


def test_what_rises_is_found_with_its_numbers() -> None:
    values = usual(0.4, 1)
    values[-20:] *= 4
    (found,) = swept({LATENCY: values, ERRORS: usual(0.004, 2)})
    assert found.subject == LATENCY
    assert (found.family, found.direction, found.open) == (Family.DEVIATION, "high", True)
    assert found.words.startswith("latency is 1.")
    assert found.since.timestamp() == START + STEP * (HOURS * 60 - 20)
    assert found.expected == pytest.approx(0.4, rel=0.1)
    assert found.sure > 0.8


def test_it_is_over_when_it_is_back() -> None:
    values = usual(0.4, 1)
    values[-60:-40] *= 4
    (found,) = swept({LATENCY: values})
    assert found.ended is not None
    assert 40 * STEP >= START + STEP * HOURS * 60 - found.ended.timestamp() >= 30 * STEP


@pytest.mark.parametrize(("subject", "way", "words"), [(LATENCY, "up", "latency"), (HITS, "down", "cache hit")])
def test_what_is_over_says_how_far_it_went_and_the_way_back_is_no_number_of_it(
    subject: Subject, way: str, words: str
) -> None:
    values = usual(0.4, 1)
    values[-60:-40] = [1.2, 1.6, *[1.1] * 12, *np.linspace(1.1, 0.42, 6)] if way == "up" else [0.1, 0.04, *[0.1] * 18]
    (found,) = swept({subject: values})
    assert found.ended is not None
    assert found.value == (1.6 if way == "up" else 0.04)
    assert found.words.startswith(words)
    assert f" was {way} to " in found.words


@pytest.mark.parametrize(("subject", "factor", "told"), [(LATENCY, 0.2, 0), (HITS, 3.0, 0), (HITS, 0.2, 1)])
def test_what_is_better_than_usual_is_no_trouble(subject: Subject, factor: float, told: int) -> None:
    values = usual(0.3, 3)
    values[-20:] *= factor
    assert len(swept({subject: values})) == told


def test_what_is_slight_is_not_worth_a_word_however_unusual() -> None:
    values = usual(0.4, 4, spread=0.0005)
    values[-20:] *= 1.05
    assert swept({LATENCY: values}) == []


def test_what_feedback_made_quieter_is_quieter_there_and_nowhere_else() -> None:
    rows = {}
    for number, service in enumerate(("checkout", "cart")):
        values = usual(0.4, 40 + number)
        values[-20:] *= 4
        rows[Subject(service, "production", "latency")] = values

    def heard(learned: Learned) -> set[str]:
        moments = list(Sweep(SIGNALS).feed(sheet(rows), learned=learned))
        return {each.subject.service for moment in moments for each in moment.findings}

    assert heard({}) == {"checkout", "cart"}
    assert heard({("checkout", "latency"): 1_000.0}) == {"cart"}
    assert heard({("checkout", "error_rate"): 1_000.0}) == {"checkout", "cart"}
    assert heard({EVERYWHERE: 1_000.0}) == set()


def test_errors_below_what_is_notable_are_not_told() -> None:
    values = np.full(HOURS * 60, 0.0)
    values[-20:] = SIGNALS["error_rate"].notable * 0.8
    assert swept({ERRORS: values}) == []


def test_a_series_that_others_outlive_is_missed_and_comes_back() -> None:
    values = usual(0.4, 5)
    values[-30:-15] = np.nan
    (found,) = swept({LATENCY: values, ERRORS: usual(0.004, 6)})
    assert found.family is Family.ABSENCE
    assert found.since.timestamp() == START + STEP * (HOURS * 60 - 30)
    assert found.ended is not None


def test_where_nobody_tells_anything_nothing_is_missed() -> None:
    values, other = usual(0.4, 5), usual(0.004, 6)
    values[-30:] = other[-30:] = np.nan
    assert swept({LATENCY: values, ERRORS: other}) == []


def test_a_short_gap_is_no_absence() -> None:
    values = usual(0.4, 5)
    values[-30 : -30 + GONE - 1] = np.nan
    assert swept({LATENCY: values, ERRORS: usual(0.004, 6)}) == []


def test_it_goes_on_in_another_process_as_if_nothing_had_been() -> None:
    values, errors = usual(0.4, 7), usual(0.004, 8)
    values[-20:] *= 4
    whole = swept({LATENCY: values, ERRORS: errors})
    first = Sweep(SIGNALS)
    swept({LATENCY: values[:-15], ERRORS: errors[:-15]}, first)
    again = Sweep.load(first.dump(), SIGNALS)
    start = START + STEP * (HOURS * 60 - 15)
    (found,) = swept({LATENCY: values[-15:], ERRORS: errors[-15:]}, again, start)
    assert found.since == whole[0].since
    assert found.value == whole[0].value
    assert found.size == pytest.approx(whole[0].size, rel=1e-3)


def test_a_series_that_is_new_does_not_disturb_the_others() -> None:
    values = usual(0.4, 9)
    sweep = Sweep(SIGNALS)
    assert swept({LATENCY: values}, sweep) == []
    later = usual(0.4, 10, 40)
    later[-10:] *= 4
    start = START + STEP * HOURS * 60
    (found,) = swept({ERRORS: usual(0.004, 11, 40), LATENCY: later}, sweep, start)
    assert found.subject == LATENCY


@pytest.mark.parametrize("blob", [b"", b"abc", b"\x00\x00\x00\x02{}", b"\xff" * 40])
def test_a_state_that_cannot_be_read_is_said_to_be_so(blob: bytes) -> None:
    with pytest.raises(InvalidInput, match="begins anew"):
        Sweep.load(blob, SIGNALS)
