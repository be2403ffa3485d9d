"""What logs say that they did not say before: new, surging and vanished patterns."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.ports import Json
from bot.telemetry.signals import Level, LogLine
from bot.watch.finding import Family, Finding
from bot.watch.patterns import MOST, Lines, Patterns, Weight, counted
from bot.watch.spells import Key
from bot.watch.watches import EVERYWHERE, Place

START = datetime(2026, 3, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PANIC = "panic in worker"


def told(text: str, count: int, weight: Weight = "", service: str = "checkout") -> Lines:
    return Lines(service, weight, tuple(text.split()), text, count)


def steady(dice: np.random.Generator, rates: Mapping[str, float] | None = None) -> list[Lines]:
    rates = rates or {"request is served": 60.0, "cart is saved": 25.0, "cache was missed": 3.0, "pool grew": 0.05}
    counts = {text: int(dice.poisson(rate)) for text, rate in rates.items()}
    lines = [told(text, count) for text, count in counts.items() if count]
    failed = int(dice.poisson(0.3))
    return [*lines, *([told("payment was refused", failed, "error")] if failed else [])]


class Story:
    """Looks, a minute each, one after the other."""

    def __init__(self, seed: int = 1) -> None:
        self.finder, self.dice, self.number = Patterns("production"), np.random.default_rng(seed), 0
        self.ended: list[Finding] = []

    def look(self, lines: Iterable[Lines] | None = None, **how: object) -> tuple[Finding, ...]:
        start = START + self.number * MINUTE
        self.number += 1
        lines = steady(self.dice) if lines is None else lines
        found = self.finder.feed(start, start + MINUTE, lines, **how)  # type: ignore[arg-type]
        self.ended += [each for each in found if not each.open]
        return tuple(each for each in found if each.open)

    def quiet(self, looks: int) -> None:
        for _ in range(looks):
            assert self.look() == ()

    def with_more(self, *more: Lines) -> tuple[Finding, ...]:
        return self.look([*steady(self.dice), *more])


@pytest.fixture(scope="module")
def learned() -> Json:
    story = Story()
    story.quiet(180)
    return story.finder.dump()


@pytest.fixture
def story(learned: Json) -> Story:
    story = Story(2)
    story.finder, story.number = Patterns("production", kept=learned), 180
    return story


def test_a_new_error_is_found_in_the_look_that_shows_it_and_ends_once_it_stays_away(story: Story) -> None:
    (found,) = story.with_more(told(PANIC, 20, "error"))
    assert (found.family, found.subject.signal, found.subject.detail) == (Family.PATTERN, "logs", "new")
    assert found.words == f"new error lines, “{PANIC}”, 20 in all"
    assert found.size > 6
    assert story.with_more(told(PANIC, 20, "error"))[0].words.endswith("40 in all")
    for _ in range(5):
        assert story.look()[0].key == found.key
    while story.look():
        assert story.number < 200
    (ended,) = story.ended
    assert (ended.key, ended.seen) == (found.key, START + 182 * MINUTE)


@pytest.mark.parametrize(
    ("place", "told_of"),
    [(("checkout", "logs"), False), (("cart", "logs"), True), (("checkout", "traces"), True), (EVERYWHERE, False)],
)
def test_where_feedback_wants_more_it_takes_more(learned: Json, place: Place, told_of: bool) -> None:  # noqa: FBT001
    story = Story(2)
    story.finder, story.number = Patterns("production", learned={place: 1_000.0}, kept=learned), 180
    assert bool(story.with_more(told(PANIC, 20, "error"))) is told_of


def test_a_new_error_began_with_its_first_line_and_not_with_the_drip_before_the_flood(story: Story) -> None:
    def lines(count: int, second: int) -> Lines:
        return replace(told(PANIC, count, "error"), first=START + story.number * MINUTE + timedelta(seconds=second))

    assert story.with_more(lines(1, 10)) == ()
    assert story.with_more(lines(2, 10)) == ()
    (found,) = story.with_more(lines(40, 20))
    assert found.since == START + 182 * MINUTE + timedelta(seconds=20)
    assert story.with_more(lines(40, 0))[0].since == found.since


def test_of_new_lines_that_become_many_slowly_the_first_is_the_beginning(story: Story) -> None:
    first = START + 180 * MINUTE + timedelta(seconds=30)
    assert story.with_more(replace(told(PANIC, 10, "error"), first=first)) == ()
    (found,) = story.with_more(told(PANIC, 10, "error"))
    assert found.since == first


def test_a_few_new_lines_are_not_worth_a_word(story: Story) -> None:
    assert story.with_more(told(PANIC, 2, "error"), told("a new thing", 12)) == ()


def test_while_it_learns_nothing_is_new() -> None:
    story = Story()
    for number in range(50):
        assert story.with_more(told(f"thing {'x' * number} happened", 50, "error")) == ()


def test_a_deploy_that_renames_everything_is_one_finding(story: Story) -> None:
    for number in range(12):
        found = story.look([told(f"{verb} of request", 20 + number) for verb in ("begin", "middle", "end", "rest")])
        (one,) = found
        assert one.subject.detail == "new"
        assert one.words.startswith("4 new patterns of lines, above all “")
    assert story.ended == []


def test_a_surge_is_found_in_its_second_look_and_ends_after_three_that_are_as_usual(story: Story) -> None:
    assert story.with_more(told("payment was refused", 12, "error")) == ()
    (found,) = story.with_more(told("payment was refused", 12, "error"))
    assert (found.subject.detail, found.direction, found.since) == ("surging", "high", START + 180 * MINUTE)
    assert found.words.startswith("far more error lines, “payment was refused”: 1")
    for _ in range(3):
        story.look()
    (ended,) = story.ended
    assert ended.ended == START + 183 * MINUTE
    assert story.look() == ()


def test_a_little_more_for_some_time_is_found_too(story: Story) -> None:
    found: tuple[Finding, ...] = ()
    for _ in range(8):
        found = found or story.with_more(told("cache was missed", 9))
    assert [each.subject.detail for each in found] == ["surging"]


def test_more_traffic_is_no_surge(story: Story) -> None:
    rates = {"request is served": 300.0, "cart is saved": 125.0, "cache was missed": 15.0}
    for _ in range(20):
        assert story.look(steady(story.dice, rates)) == ()


def test_what_lasts_for_hours_is_how_things_are(story: Story) -> None:
    looks = [bool(story.with_more(told("payment was refused", 30, "error"))) for _ in range(200)]
    assert looks[1]
    assert not any(looks[140:])
    assert len(story.ended) == 1


def test_a_steady_pattern_that_stays_away_for_three_looks_has_vanished(story: Story) -> None:
    rest = {"cart is saved": 25.0, "cache was missed": 3.0}
    assert story.look(steady(story.dice, rest)) == ()
    assert story.look(steady(story.dice, rest)) == ()
    (found,) = story.look(steady(story.dice, rest))
    assert (found.subject.detail, found.direction, found.since) == ("vanished", "low", START + 180 * MINUTE)
    assert found.words.startswith("no more lines, “request is served”: usual is ")
    for _ in range(4):
        story.look()
    assert [each.key for each in story.ended] == [found.key]


def test_an_error_that_goes_away_is_not_missed() -> None:
    story = Story()
    for _ in range(180):
        story.with_more(told(PANIC, 40, "error"))
    story.quiet(10)


def test_a_page_that_was_cut_counts_for_the_part_that_was_read(story: Story) -> None:
    for _ in range(10):
        part = [Lines(each.service, each.weight, each.key, each.text, each.count // 4) for each in steady(story.dice)]
        kept = [each for each in part if each.count]
        assert story.look(kept, cut=True, totals={"checkout": 88.0}) == ()
    for _ in range(10):
        assert story.look([], cut=True, totals={"checkout": 88.0}) == ()
        assert story.look([], cut=True) == ()


def test_names_in_lines_are_no_new_patterns() -> None:
    story = Story()
    letters = "abcdefghijklmnop"
    for number in range(180):
        name = f"{letters[number % 16]}{letters[number * 7 % 13]}{letters[number * 5 % 11]}o"
        assert story.with_more(told(f"login of {name} was refused", 3, "warn")) == ()
    assert story.with_more(told("login of somebody was refused", 3, "warn")) == ()
    (book,) = json.loads(json.dumps(story.finder.dump()))["books"].values()
    assert sum("login" in each["key"] for each in book["patterns"]) == 1


def test_only_so_many_patterns_are_remembered() -> None:
    story = Story()
    letters = "abcdefghijklmnopqrstuvwxyz"
    for number in range(30):
        words = [f"{letters[number % 26]}{a}{b} by {b}{a}" for a in letters[:5] for b in letters[:6]]
        story.look([told(words_, 1) for words_ in words] + [told("request is served", 1)])
    (book,) = json.loads(json.dumps(story.finder.dump()))["books"].values()
    assert len(book["patterns"]) <= MOST


@pytest.mark.parametrize("bursts", [0.0, 6.0])
def test_on_steady_random_lines_there_is_no_false_alarm_in_six_hundred_pattern_hours(bursts: float) -> None:
    dice, finder, ended = np.random.default_rng(5), Patterns("production"), 0
    rates = 10 ** dice.uniform(-2, 2, 24)
    weights: Sequence[Weight] = [("", "", "warn", "error")[number % 4] for number in range(24)]
    looks = 1_500
    for number in range(looks):
        lively = rates * (1 + 0.4 * math.sin(number / 229))
        if bursts:
            lively = lively * dice.gamma(bursts, 1 / bursts, 24)
        lines = [
            Lines(f"service {each % 3}", weights[each], (f"word{chr(97 + each)}", "came", "by"), "", int(count))
            for each, count in enumerate(dice.poisson(lively))
            if count
        ]
        at = START + number * MINUTE
        ended += sum(not each.open for each in finder.feed(at, at + MINUTE, lines))
    assert ended == 0


CHAPTERS = st.lists(st.sampled_from(["calm", "panic", "surge", "silence"]), min_size=1, max_size=12)


@settings(max_examples=25, deadline=None)
@given(CHAPTERS, st.randoms(use_true_random=False))
def test_neither_the_order_of_lines_nor_a_restart_changes_what_is_found_and_each_ends_once(
    learned: Json, chapters: list[str], shuffled: Random
) -> None:
    one, other = (Patterns("production", kept=learned) for _ in range(2))
    dice, number = np.random.default_rng(7), 180
    live: set[Key] = set()
    for chapter in chapters:
        for _ in range(3):
            lines = [] if chapter == "silence" else steady(dice)
            lines += [told(PANIC, 9, "error")] * (chapter == "panic")
            lines += [told("payment was refused", 20, "error")] * (chapter == "surge")
            at = START + number * MINUTE
            found = one.feed(at, at + MINUTE, lines)
            split = [
                Lines(*(each.service, each.weight, each.key, each.text), 1) for each in lines for _ in range(each.count)
            ]
            shuffled.shuffle(split)
            assert other.feed(at, at + MINUTE, split) == found
            other = Patterns("production", kept=json.loads(json.dumps(other.dump())))
            over = [each.key for each in found if not each.open]
            assert len(over) == len(set(over))
            standing = {each.key for each in found if each.open}
            assert set(over) <= live <= standing | set(over)
            live = standing
            number += 1


def test_lines_are_put_together_by_service_level_and_template() -> None:
    def line(text: str, level: Level = "unknown", service: str = "checkout") -> LogLine:
        return LogLine(START, text, {"service": service}, level)

    page = [
        line("payment 17 failed", "error"),
        line("payment 18 failed", "fatal"),
        line("payment 19 failed", "warn"),
        line('{"level": "error", "msg": "payment 20 failed"}'),
        line("payment 21 failed", "error", "cart"),
    ]
    found = counted(page, lambda each: each.labels["service"])
    assert {(each.service, each.weight, each.count) for each in found} == {
        ("checkout", "error", 3),
        ("checkout", "warn", 1),
        ("cart", "error", 1),
    }
    assert len({each.key for each in found}) == 1
    assert {each.text for each in found} == {"payment <NUMBER> failed"}
