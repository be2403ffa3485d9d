"""Templates of logs: what is masked, what is one template, and what is new or surging."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.telemetry.pattern_masks import mask
from bot.telemetry.pattern_mining import MOST_COARSE, MOST_KEYS, values_of, variables
from bot.telemetry.patterns import Miner, message_of, mine, patterns
from bot.telemetry.signals import Level, LogLine, Window

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = Window(START, START + timedelta(hours=1))
UUID = "3f2504e0-4f89-11d3-9a0c-0305e82c3301"
NAMES = ("alice", "bruno", "carla", "dirk", "emma", "fritz", "greta", "hanna")


def line(seconds: float, text: str, level: Level = "unknown", **labels: str) -> LogLine:
    return LogLine(START + timedelta(seconds=seconds), text, labels, level)


def over(count: int, text: str, *, hours: float = 0.0) -> list[LogLine]:
    return [line(3_600 * (hours + at / count), text.format(at)) for at in range(count)]


# ---------------------------------------------------------------- masks


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (f"2025-11-25T10:00:01Z id {UUID} from 10.0.0.12", "<TIMESTAMP> id <UUID> from <IP>"),
        ("2025-11-25 10:00:01,123+02:00 up", "<TIMESTAMP> up"),
        ("Fri Jun 17 07:07:00 2005 up", "<TIMESTAMP> up"),
        ("at 12/Dec/2015:18:31:08 +0000 up", "at <TIMESTAMP> up"),
        (UUID.upper(), "<UUID>"),
        ("-" * 36, "-" * 36),
        ("to 10.0.0.12:8080 and fe80::1", "to <IP> and <IP>"),
        ("read/write 3/4", "read/write <NUMBER>/<NUMBER>"),
        ("GET /v1/orders/17 in 12ms", "GET <PATH> in <NUMBER>"),
        ("see https://a.example/x?y=1.", "see <URL>."),
        (r"open C:\logs\a.txt", "open <PATH>"),
        ("at 0xdeadbeef of 7f3a9b2c1d", "at <HEX> of <HEX>"),
        ("std::string a::b utf8 eth0", "std::string a::b utf8 eth0"),
        ("blk_-123 job_17_4", "blk_-<NUMBER> job_<NUMBER>_<NUMBER>"),
        ("-1.5e-3 45% 3.2KB 1,024", "<NUMBER> <NUMBER> <NUMBER> <NUMBER>"),
        ("worker.py:120 db.example.com:5432", "worker.py:<NUMBER> <HOST>"),
    ],
)
def test_what_varies_by_its_looks_is_masked_in_the_right_order(text: str, masked: str) -> None:
    assert mask(text) == masked


# ---------------------------------------------------------------- messages


def test_the_message_of_json_and_logfmt_decides() -> None:
    text, fields, level = message_of('{"level":"WARNING","msg":"disk 3 is full","trace_id":"ab","n":{"m":1}}')
    assert (text, level) == ("disk 3 is full", "warn")
    assert fields["trace_id"] == "ab"
    assert json.loads(fields["n"]) == {"m": 1}
    text, fields, level = message_of(r'ts=1 level=err msg="cannot open \"a b\"" path=/tmp/x empty=')
    assert (text, level) == ('cannot open "a b"', "error")
    assert fields["path"] == "/tmp/x"
    assert not fields["empty"]


def test_a_line_that_only_looks_like_json_is_text() -> None:
    assert message_of('{"msg": "half')[0] == '{"msg": "half'
    assert message_of("[1, 2]")[0] == "[1, 2]"
    assert message_of('{"a": 1, "b": "two"}')[0] == "a=1 b=two"
    assert message_of("{" * 60_000 + "}")[1] == {}


def test_a_level_is_found_where_it_is_said() -> None:
    assert message_of("2026-03-02 ERROR no route")[2] == "error"
    assert message_of("[warn] slow")[2] == "warn"
    assert message_of("an error is likely")[2] == "unknown"


def test_a_stack_trace_is_its_first_line_and_what_was_raised() -> None:
    trace = 'Traceback (most recent call last):\n  File "a.py", line {0}, in f\n{1}: no key {0}'
    mined = mine([trace.format(3, "KeyError"), trace.format(9, "KeyError"), trace.format(3, "acme.TimeoutError")])
    assert mined.ids[0] == mined.ids[1] != mined.ids[2]
    assert mined.groups[0].template.endswith("KeyError")
    java = "request 7 failed\n\tat a.b.C(D.java:7)\nCaused by: java.io.IOException: broken pipe"
    assert message_of(java)[0] == "request 7 failed java.io.IOException"


# ---------------------------------------------------------------- mining


def test_numbers_ids_and_lists_do_not_make_templates() -> None:
    lines = [f"asked 10.0.0.{n}:50 to delete {' '.join(f'blk_-{n}{m}77' for m in range(1, n))}" for n in range(3, 30)]
    mined = mine(lines)
    assert len(mined.groups) == 1
    assert mined.groups[0].template == "asked <IP> to delete <*>"


def test_words_that_vary_alone_in_one_place_are_values() -> None:
    lines = [f"password of {name} was changed from 10.0.0.{at}" for at, name in enumerate(NAMES)]
    mined = mine(lines)
    assert [group.template for group in mined.groups] == ["password of <*> was changed from <IP>"]


def test_a_few_words_in_one_place_are_the_message() -> None:
    lines = [f"link {word} on port {at}" for word in ("up", "down") for at in range(20)]
    assert sorted(group.template for group in mine(lines).groups) == [
        "link down on port <NUMBER>",
        "link up on port <NUMBER>",
    ]


def test_a_name_behind_user_and_a_value_behind_equals_vary_sooner() -> None:
    lines = [f"session opened for user {name} by uid={at}" for at, name in enumerate(NAMES[:3])]
    lines += [f"acquired lock={at} tag={tag} on queue" for at, tag in enumerate(("View", "Audio", "Radio"))]
    assert {group.template for group in mine(lines).groups} == {
        "session opened for user <*> by uid=<NUMBER>",
        "acquired lock=<NUMBER> tag=<*> on queue",
    }


def test_one_word_messages_stay_apart() -> None:
    assert len(mine(["normal", "warning", "critical", "running", "closing", "starting"] * 3).groups) == 6


def test_digits_at_the_end_are_written_as_numbers_where_they_vary() -> None:
    lines = ["eth0 link is up", "eth1 link is up", "lo link is down"]
    assert {group.template for group in mine(lines).groups} == {"eth<NUMBER> link is up", "lo link is down"}


def test_a_stray_word_joins_the_template_of_many_values() -> None:
    lines = [f"synchronized to 10.0.0.{at}, stratum 3" for at in range(20)] + ["synchronized to LOCAL(0), stratum 10"]
    assert [group.template for group in mine(lines).groups] == ["synchronized to <*>, stratum <NUMBER>"]


def test_an_optional_field_is_another_template() -> None:
    lines = [f"failed rhost=10.0.0.{at}" for at in range(9)] + [
        f"failed rhost=10.0.0.{at} user=root" for at in range(3)
    ]
    assert len(mine(lines).groups) == 2


def test_groups_say_where_their_lines_are() -> None:
    mined = mine([f"got {at}" if at % 3 else "idle" for at in range(90)])
    first, second = mined.groups
    assert (first.template, first.count, first.first, first.last) == ("got <NUMBER>", 60, 1, 89)
    assert (second.template, second.count, second.sample) == ("idle", 30, (0, 21, 42, 66, 87))


def test_values_are_counted_in_each_place() -> None:
    texts = [f"GET /v1/orders took {7 if at < 8 else at} ms (queue {at})" for at in range(10)]
    (group,) = mine(texts).groups
    assert group.template == "GET <PATH> took <NUMBER> ms (queue <NUMBER>)"
    path, took, queue = variables(group.template, texts)
    assert path.values == (("/v1/orders", 10),)
    assert took.values[0] == ("7", 8)
    assert (queue.distinct, queue.read) == (10, 10)


def test_values_are_none_where_a_line_is_written_otherwise() -> None:
    assert values_of("a <*> b <*>", "a x b y z") == ["x", "y z"]
    assert values_of("a <*> b", "a b") is None
    assert values_of("a <*> b", "a x c") is None
    assert values_of("same", "same") == []


def test_a_miner_is_fed_line_by_line() -> None:
    miner = Miner()
    numbers = [miner.add(text) for text in ("got 1", "got 2", "lost 3")]
    assert numbers == [0, 0, 1]
    assert [key for key, _ in miner.templates(numbers).values()] == [("got", "*"), ("lost", "*")]


@pytest.mark.parametrize(
    "text",
    ["", " ", "\x00\xff" * 900, "a" * 1_000_000, "<" * 5_000, "1:" * 5_000, '="' * 5_000, "😀 ünï ☃", "\n\n", "{}"],
    ids=range(10),
)
def test_hostile_lines_are_grouped_too(text: str) -> None:
    mined = mine([text, text, "ok"])
    assert mined.ids[0] == mined.ids[1] != mined.ids[2]
    assert all(len(group.template) <= 4_000 for group in mined.groups)


def test_more_templates_than_are_kept_are_told_apart_by_their_first_words() -> None:
    letters = "abcdefghij"
    words = ["".join(letters[int(digit)] for digit in f"{at:05}") for at in range(MOST_KEYS + 3_000)]
    lines = [f"{word} {word[::-1]} and {word}s" for word in words]
    mined = mine(lines)
    assert len(mined.ids) == len(lines)
    assert len(mined.groups) <= MOST_KEYS + MOST_COARSE + 1


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=60), max_size=30))
def test_every_line_is_in_one_group(lines: list[str]) -> None:
    mined = mine(lines)
    assert sorted(at for group in mined.groups for at in group.members) == list(range(len(lines)))
    assert all(at in mined.groups[group].members for at, group in enumerate(mined.ids))
    assert mined == mine(lines)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 10**12), min_size=2, max_size=30))
def test_other_numbers_make_no_other_template(numbers: Sequence[int]) -> None:
    mined = mine([f"order {number} was paid in {number % 977} ms by node-{number % 13}" for number in numbers])
    assert len(mined.groups) == 1


# ---------------------------------------------------------------- patterns


def test_patterns_are_sorted_and_say_when_how_badly_and_whose() -> None:
    lines = over(30, "cache miss for {}") + [
        line(3_000 + at, f'{{"level":"error","msg":"no route to 10.0.0.{at}","trace_id":"t{at % 3}"}}')
        for at in range(10)
    ]
    found = patterns(lines, HOUR)
    miss, route = found.patterns
    assert [each.occurrences for each in found.patterns] == [30, 10]
    assert (miss.share, sum(miss.buckets), miss.buckets[0]) == (0.75, 30, 3)
    assert route.levels == {"error": 10}
    assert route.buckets == (0,) * 10 + (10, 0)
    assert route.traces == ("t0", "t1", "t2")
    assert [example.at for example in miss.examples] == sorted(example.at for example in miss.examples)
    assert (miss.examples[0].text, miss.examples[-1].text) == ("cache miss for 0", "cache miss for 29")
    assert route.against is None
    assert found.levels == {"unknown": 30, "error": 10}


def test_a_pattern_that_was_never_there_is_new() -> None:
    found = patterns(over(20, "served {}") + over(8, "refused {} badly"), HOUR, over(20, "served {}", hours=-1))
    (new,) = found.new
    assert new.template == "refused <NUMBER> badly"
    assert new.words == "new, 8 times and never in the window before"
    assert not found.surging


def test_one_line_is_new_but_may_be_chance() -> None:
    found = patterns(over(1, "odd {}"), HOUR, over(20, "served {}", hours=-1))
    assert "chance" in found.patterns[0].words
    assert found.gone == (("served <NUMBER>", 20),)


def test_a_surge_is_one_of_its_own_and_beyond_chance() -> None:
    before = over(400, "served {}", hours=-1) + over(10, "retry {} of it", hours=-1)
    found = patterns(over(420, "served {}") + over(60, "retry {} of it"), HOUR, before)
    (surging,) = found.surging
    assert surging.template == "retry <NUMBER> of it"
    assert surging.against is not None
    assert surging.against.ratio == pytest.approx(6.0)
    assert "6 times as often" in surging.words


def test_more_of_everything_is_no_surge_of_one() -> None:
    before = over(100, "served {}", hours=-1) + over(100, "asked for {}", hours=-1)
    assert not patterns(over(400, "served {}") + over(400, "asked for {}"), HOUR, before).surging


def test_few_lines_are_no_surge() -> None:
    before = over(400, "served {}", hours=-1) + over(2, "retry {} of it", hours=-1)
    assert not patterns(over(400, "served {}") + over(5, "retry {} of it"), HOUR, before).surging


def test_a_cut_page_is_compared_over_what_it_covers() -> None:
    page = [line(3_600 - 60 + at / 10, f"served {at}") for at in range(600)]
    before = [line(-60 + at / 10, f"served {at}") for at in range(600)]
    found = patterns(page, HOUR, before, cut=True, before_cut=True)
    assert found.read.seconds == pytest.approx(60.0)
    assert found.patterns[0].against is not None
    assert found.patterns[0].against.ratio == pytest.approx(1.0)
    assert "only the page that was read" in found.words
    whole = over(36_000, "served {}", hours=-1)
    against = patterns(page, HOUR, whole, cut=True).patterns[0].against
    assert against is not None
    assert against.ratio == pytest.approx(1.0, rel=0.01)


def test_no_lines_give_no_patterns() -> None:
    found = patterns((), HOUR, ())
    assert (found.patterns, found.lines, found.gone) == ((), 0, ())
    assert found.words == "0 lines of 0 patterns."
