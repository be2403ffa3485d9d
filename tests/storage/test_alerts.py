from __future__ import annotations

import asyncio
import math
import sys
from dataclasses import replace
from datetime import UTC, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from bot.errors import Tampered
from bot.watch.alerts import Alert, AlertCard, AlertState, Judgement, Lesson, Origin, Silence
from bot.watch.finding import Family, Finding, Subject
from storage.database import Database
from storage.models import AlertRow
from storage.repositories import AlertCardRepository, AlertRepository
from storage.repositories.records import Records
from tests.conftest import START
from tests.storage.test_repositories import RING
from tests.watch.made import alert, found

HOUR = timedelta(hours=1)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
TIMES = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-3, minutes=-30))]))
FINDINGS = st.builds(
    Finding,
    subject=st.builds(Subject, *[TEXTS] * 4),
    family=st.sampled_from(Family),
    direction=st.sampled_from(["high", "low", ""]),
    since=TIMES,
    seen=TIMES,
    words=TEXTS,
    value=NUMBERS | st.none(),
    expected=NUMBERS | st.none(),
    size=NUMBERS,
    ended=TIMES | st.none(),
)


@pytest.fixture
def alerts(database: Database) -> AlertRepository:
    return AlertRepository(database, RING)


@pytest.fixture
def cards(database: Database) -> AlertCardRepository:
    return AlertCardRepository(database)


async def test_an_alert_comes_back_as_it_was(alerts: AlertRepository) -> None:
    whole = alert(
        1,
        found(value=1.9, expected=0.45, size=7.5, query="up", ended=START),
        found("payments"),
        timezone="Europe/Berlin",
        origins=(Origin("payments", 0.8, "deploy 2.3"), Origin("cart", 0.1)),
        changes=("2.3 of payments",),
        calm_since=START,
        acknowledged_by="ada",
        acknowledged_at=START,
        silence="sil-1",
        held_back=True,
        judgements=(
            Judgement("ada", "noise", START, (Lesson("wat-1", "payments", "latency", 0.5, 1.5),)),
            Judgement("bob", "none", START + HOUR),
        ),
        source="alertmanager",
        link="https://example.org",
        reopened=2,
        flapping=True,
        version=7,
    )
    assert await alerts.swap(None, whole)
    assert await alerts.get("alt-1") == whole
    assert await alerts.find() == [whole]
    assert await alerts.get("alt-2") is None
    assert not await alerts.swap(None, whole), "it is there"


@given(findings=st.lists(FINDINGS, max_size=3))
def test_whatever_was_found_comes_back_from_its_row(findings: list[Finding]) -> None:
    rows: Records[Alert] = Records(Alert, AlertRow, RING, "judgements")
    before = alert(1, *findings)
    assert rows.read(rows.values(before)) == before  # type: ignore[arg-type]


def test_numbers_that_json_cannot_spell_do_not_make_an_alert_unreadable() -> None:
    rows: Records[Alert] = Records(Alert, AlertRow, RING, "judgements")
    odd = alert(1, found(size=math.inf, value=math.nan, expected=-math.inf))
    (back,) = rows.read(rows.values(odd)).findings  # type: ignore[arg-type]
    assert (back.size, back.value, back.expected) == (sys.float_info.max, None, -sys.float_info.max)


async def test_alerts_are_found_by_what_they_are_the_newest_first(alerts: AlertRepository) -> None:
    kept = [
        alert(1),
        alert(2, channel="C2"),
        alert(3, group="another"),
        alert(4, state=AlertState.RESOLVED, resolved_at=START + HOUR, changed_at=START + HOUR),
    ]
    for each in kept:
        await alerts.swap(None, each)

    async def ids(**wanted: object) -> list[str]:
        return [each.id for each in await alerts.find(**wanted)]  # type: ignore[arg-type]

    assert await ids() == ["alt-4", "alt-3", "alt-2", "alt-1"]
    assert await ids(states=(AlertState.FIRING,)) == ["alt-3", "alt-2", "alt-1"]
    assert await ids(channel="C2") == ["alt-2"]
    assert await ids(group=kept[0].group, limit=2) == ["alt-4", "alt-2"]
    assert await ids(since=START + timedelta(minutes=3)) == ["alt-4", "alt-3"]


async def test_of_many_who_change_an_alert_at_once_one_wins_with_all_that_was_judged(alerts: AlertRepository) -> None:
    first = alert(1)
    await alerts.swap(None, first)
    people = [f"p{number}" for number in range(6)]
    changes = [first.changed(START, judgements=(Judgement(each, "noise", START),)) for each in people]
    won = await asyncio.gather(*(alerts.swap(first, each) for each in changes))
    assert sorted(won) == [False] * 5 + [True]
    now = changes[won.index(True)]
    assert await alerts.get("alt-1") == now
    (mine,) = now.judgements
    for judgements in (
        (mine, Judgement("zoe", "useful", START + HOUR)),
        (replace(mine, verdict="useful", at=START + HOUR),),
        (),
    ):
        after = now.changed(START, judgements=judgements)
        assert await alerts.swap(now, after)
        assert await alerts.get("alt-1") == after
        now = after


async def test_a_word_of_before_lessons_were_kept_taught_nothing(alerts: AlertRepository, database: Database) -> None:
    word = Judgement("ada", "noise", START, (Lesson("wat-1", "payments", "latency", 0.5, 0.5),))
    await alerts.swap(None, alert(1, judgements=(word,)))
    async with database.writing() as connection:
        await connection.execute(text("UPDATE judgements SET lessons = NULL"))
    (kept,) = await alerts.find()
    assert kept.judgements == (replace(word, lessons=()),)


async def test_one_damaged_alert_does_not_hide_the_others(alerts: AlertRepository, database: Database) -> None:
    for number in (1, 2):
        await alerts.swap(None, alert(number))
    async with database.writing() as connection:
        await connection.execute(text("UPDATE alerts SET record_sealed = 'v1.test.AAAA' WHERE id = 'alt-1'"))
    assert [each.id for each in await alerts.find()] == ["alt-2"]
    with pytest.raises(Tampered, match="alerts"):
        await alerts.get("alt-1")


async def test_a_silence_holds_until_its_time_or_until_somebody_ends_it(alerts: AlertRepository) -> None:
    for number in (1, 2):
        silence = Silence(
            f"sil-{number}", START + number * HOUR, "ada", START, service="cart", reason="we know", workspace="T1"
        )
        await alerts.silence(silence)
        await alerts.silence(replace(silence, reason="pressed twice"))
    assert {each.id for each in await alerts.silences(START)} == {"sil-1", "sil-2"}
    assert await alerts.silences(START + HOUR) == [silence]
    ended = await alerts.unsilence("sil-2", START)
    assert ended == replace(silence, ended_at=START)
    assert await alerts.unsilence("sil-2", START + HOUR) == ended
    assert await alerts.unsilence("sil-3", START) is None
    assert [each.id for each in await alerts.silences(START)] == ["sil-1"]
    planned = replace(silence, id="sil-4", starts=START + HOUR)
    await alerts.silence(planned)
    assert planned in await alerts.silences(START)


async def test_what_is_over_for_long_enough_goes_with_all_that_hangs_on_it(
    alerts: AlertRepository, cards: AlertCardRepository
) -> None:
    judged = (Judgement("ada", "noise", START),)
    over = {"state": AlertState.RESOLVED, "judgements": judged}
    await alerts.swap(None, alert(1, **over, resolved_at=START))
    await alerts.swap(None, alert(2, **over, resolved_at=START + HOUR))
    await alerts.swap(None, alert(3))
    await alerts.silence(Silence("sil-1", START, "ada", START - HOUR))
    await cards.add(AlertCard("alt-1", "C1"))
    assert await alerts.purge(START) == 0
    assert await alerts.purge(START + HOUR) == 2
    assert [each.id for each in await alerts.find()] == ["alt-3", "alt-2"]
    assert await cards.of("alt-1") == []


# ---------------------------------------------------------------- cards


async def test_an_alert_has_one_card_in_a_channel(alerts: AlertRepository, cards: AlertCardRepository) -> None:
    await alerts.swap(None, alert(1))
    first = AlertCard("alt-1", "C1", "18.0", version=1)
    await cards.add(first)
    await asyncio.gather(*(cards.add(AlertCard("alt-1", "C1", f"{n}")) for n in range(6)))
    await cards.add(AlertCard("alt-1", "C2"))
    assert await cards.of("alt-1") == [first, AlertCard("alt-1", "C2")]
    assert await cards.of("alt-2") == []
    assert await cards.at("C1", "18.0") == first
    assert await cards.at("C2", "18.0") is None


@pytest.mark.parametrize("database_kind", ["sqlite"])
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(versions=st.lists(st.integers(1, 9), min_size=1, max_size=8))
async def test_whoever_notes_what_it_drew_knows_whether_it_drew_over_somebody(
    database: Database, versions: list[int]
) -> None:
    cards = AlertCardRepository(database)
    async with database.writing() as connection:
        await connection.execute(text("DELETE FROM alerts"))
    await AlertRepository(database, RING).swap(None, alert(1))
    await cards.add(AlertCard("alt-1", "C1"))
    before = AlertCard("alt-1", "C1")
    for shows in ("", "a claim"):  # without a message, and with one
        notes = [AlertCard("alt-1", "C1", f"{number}.0", each, shows) for number, each in enumerate(versions)]
        won = await asyncio.gather(*(cards.shown(before, each) for each in notes))
        assert sorted(won) == [False] * (len(versions) - 1) + [True]
        before = notes[won.index(True)]
        assert await cards.of("alt-1") == [before]


async def test_stale_is_what_a_channel_should_see_and_what_a_message_shows_no_more(
    alerts: AlertRepository, cards: AlertCardRepository
) -> None:
    first, quiet, over = alert(1), alert(2, silence="sil-1"), alert(3, state=AlertState.RESOLVED)
    for each in (first, quiet, over, alert(4), alert(5, held_back=True), alert(6, channel="")):
        await alerts.swap(None, each)
    assert await cards.stale() == [AlertCard("alt-4", "C1"), AlertCard("alt-1", "C1")], "nobody has added their cards"
    assert await cards.stale(limit=1) == [AlertCard("alt-4", "C1")]
    for each in (first, quiet, over):
        await cards.add(AlertCard(each.id, "C1"))
    await cards.add(AlertCard("alt-1", "C2"))
    assert [(each.alert, each.channel) for each in await cards.stale()] == [
        ("alt-4", "C1"),
        ("alt-1", "C1"),
        ("alt-1", "C2"),
    ]
    for card in await cards.stale():
        await cards.add(card)
        assert await cards.shown(card, replace(card, ts="1.0", version=1))
    assert await cards.stale() == []
    hidden = first.changed(START, silence="sil-1")
    await alerts.swap(first, hidden)
    assert [(each.alert, each.channel, each.ts, each.version) for each in await cards.stale()] == [
        ("alt-1", "C1", "1.0", 1),
        ("alt-1", "C2", "1.0", 1),
    ], "the message that is there says that it is quiet now"
    for card in await cards.stale():
        assert await cards.shown(card, replace(card, ts=None, version=hidden.version))
    assert await cards.stale() == [], "one that was lost is not posted while it is quiet"
    loud = quiet.changed(START, silence="")
    await alerts.swap(quiet, loud)
    assert await cards.stale() == [AlertCard("alt-2", "C1")]
