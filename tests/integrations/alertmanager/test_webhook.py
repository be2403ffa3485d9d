"""Alertmanager's webhook: what it means, what is not let in, and that saying it twice changes nothing."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from bot.errors import InvalidInput, Unavailable
from bot.watch.finding import Family, Finding, Subject
from bot.watch.outside import Report, of_watch, standing
from handlers.http import MOST_BODY
from tests.conftest import MovedClock
from tests.integrations.alertmanager.posting import TOKEN, Desk, recorded, serving

AT = datetime(2026, 11, 21, 13, 30, tzinfo=UTC)
NEVER = "0001-01-01T00:00:00Z"


@pytest.fixture
def desk() -> Desk:
    return Desk(MovedClock(AT))


@pytest.fixture
async def server(desk: Desk) -> AsyncIterator[Desk]:
    async with serving(desk):
        yield desk


async def findings(desk: Desk, payload: dict[str, Any]) -> list[Finding]:
    """Without what says whether all of them came."""
    await desk.adapter().take(json.dumps(payload).encode())
    return [each for each in desk.reports[-1].findings if each.subject.signal != "alerts left out"]


def firing(labels: dict[str, str], **fields: Any) -> dict[str, Any]:
    one = {"status": "firing", "labels": labels, "startsAt": "2026-11-21T13:20:00Z", "endsAt": NEVER}
    return recorded("firing", alerts=[one | fields])


# ---------------------------------------------------------------- what it means


async def test_a_firing_alert_is_a_finding_with_its_service_words_and_rule(desk: Desk) -> None:
    (found,) = await findings(desk, recorded("firing"))
    assert found.subject == Subject("payments", "", "HighErrorRate", "cluster=eval team=payments")
    assert found.family is Family.OUTSIDE
    assert found.words == "payments error ratio 29.99%"
    assert found.since == datetime(2026, 11, 21, 13, 27, 13, 176_000, tzinfo=UTC)
    assert found.query == "service:http_error_ratio:rate5m > 0.05"
    assert found.open
    assert desk.reports[0].source == "Alertmanager"
    assert desk.reports[0].link.startswith("http://127.0.0.1:19090/graph?")


async def test_several_alerts_of_a_group_stay_apart_and_link_to_all_of_them(desk: Desk) -> None:
    found = await findings(desk, recorded("two_firing"))
    assert {each.subject.service for each in found} == {"deadjob", "shop"}
    assert desk.reports[0].link == "http://127.0.0.1:19093"


async def test_a_resolved_alert_ends_the_finding_of_the_same_key(desk: Desk) -> None:
    (began,) = await findings(desk, recorded("manual_firing"))
    (ended,) = await findings(desk, recorded("manual_resolved"))
    assert began.key == ended.key
    assert ended.ended == datetime(2026, 11, 21, 13, 27, 42, tzinfo=UTC)


@pytest.mark.parametrize(("first", "second"), [("critical", "warning"), ("warning", "info"), ("page", "error")])
async def test_what_is_more_severe_weighs_more_and_is_the_same_alert(desk: Desk, first: str, second: str) -> None:
    (worse,) = await findings(desk, firing({"alertname": "A", "severity": first}))
    (milder,) = await findings(desk, firing({"alertname": "A", "severity": second}))
    assert worse.size > milder.size
    assert worse.key == milder.key


async def test_service_and_environment_are_found_by_the_names_of_the_installation(desk: Desk) -> None:
    (found,) = await findings(desk, firing({"alertname": "A", "app": "Vector DB", "namespace": "prod"}))
    assert (found.subject.service, found.subject.environment) == ("vector-db", "production")
    (strange,) = await findings(desk, firing({"alertname": "A", "service": "nobody-knows", "env": "canary"}))
    assert (strange.subject.service, strange.subject.environment) == ("nobody-knows", "canary")


async def test_two_prometheus_that_watch_the_same_tell_of_one_alert(desk: Desk) -> None:
    payload = firing({"alertname": "A", "replica": "a"})
    other = firing({"alertname": "A", "replica": "b"}, status="resolved", endsAt="2026-11-21T13:25:00Z")
    (found,) = await findings(desk, payload | {"alerts": [*payload["alerts"], *other["alerts"]]})
    assert found.open


async def test_what_only_shows_that_alerting_works_is_for_nobody(desk: Desk) -> None:
    assert await findings(desk, firing({"alertname": "Watchdog", "severity": "none"})) == []


async def test_alerts_that_were_left_out_are_told_until_all_are_sent(desk: Desk) -> None:
    said = await desk.adapter().take(json.dumps(recorded("firing", truncatedAlerts=7)).encode())
    assert said == {"taken": 1, "left_out": 7}
    more = desk.reports[0].findings[-1]
    assert more.open
    assert "7 more alerts" in more.words
    await desk.adapter().take(json.dumps(recorded("firing")).encode())
    assert desk.reports[1].findings[-1].key == more.key
    assert not desk.reports[1].findings[-1].open


async def test_only_addresses_of_the_web_become_links(desk: Desk) -> None:
    for url in ("javascript:alert(1)", "file:///etc/passwd", "http://", "https://a b", "http://[", "x" * 5_000):
        await findings(desk, recorded("firing", externalURL=url) | {"alerts": recorded("two_firing")["alerts"]})
        assert desk.reports[-1].link == "", url


async def test_times_that_lie_ahead_are_now(desk: Desk) -> None:
    later = (AT + timedelta(hours=3)).isoformat()
    (found,) = await findings(desk, firing({"alertname": "A"}, startsAt=later))
    assert found.since == AT
    (ended,) = await findings(desk, firing({"alertname": "A"}, status="resolved", endsAt=later))
    assert ended.ended == AT


async def test_texts_of_any_length_and_kind_become_short_lines(desk: Desk) -> None:
    labels = {"alertname": "A\n\u202eB" * 99, **{f"label{n}": "x" * 900 for n in range(20)}}
    (found,) = await findings(desk, firing(labels, annotations={"summary": "one\ntwo\x00" + "y" * 9_000}))
    (other,) = await findings(desk, firing(labels | {"label19": "z"}))
    for text in (found.subject.signal, found.subject.detail, found.words):
        assert text.isprintable()
        assert len(text) <= 400
    assert found.subject != other.subject, "what tells them apart was cut away"


async def test_fields_that_nobody_knows_yet_are_not_minded(desk: Desk) -> None:
    payload = recorded("firing", orgId=1, title="x", version="1", appVersion={"a": []})
    payload["alerts"][0] |= {
        "valueString": "[ var='A' ]",
        "silenceURL": "https://grafana.example.com/s",
        "values": None,
    }
    assert len(await findings(desk, payload)) == 1


# ---------------------------------------------------------------- what is not let in


async def test_a_delivery_is_taken_and_counted(server: Desk) -> None:
    answer = await server.post(recorded("two_firing"))
    assert (answer.status_code, answer.json()) == (200, {"taken": 2, "left_out": 0})
    assert len(server.reports) == 1


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}", TOKEN, "Bearer ÿþ"],
)
async def test_without_the_token_nothing_comes_in(server: Desk, header: str) -> None:
    answer = await server.post(recorded("firing"), authorization=header)
    assert answer.status_code == 401
    assert "LLM_COPILOT_ALERTMANAGER_TOKEN" in answer.json()["error"]
    assert TOKEN not in answer.text
    assert server.reports == []


async def test_without_a_token_in_the_settings_there_is_no_such_route_and_the_log_says_why(desk: Desk) -> None:
    async with serving(desk, token=None):
        with capture_logs() as said:
            answer = await desk.post(recorded("firing"))
    assert answer.status_code == 404
    assert [each["mend"] for each in said] == ["Set LLM_COPILOT_ALERTMANAGER_TOKEN to let it in."]
    assert desk.reports == []


async def test_an_empty_token_opens_nothing(desk: Desk) -> None:
    async with serving(desk, token=""):
        assert (await desk.post(recorded("firing"), authorization="Bearer")).status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"alerts": []}',
        b'{"status": "firing", "alerts": [{"status": "firing"}]}',
        b'{"status": "sideways", "alerts": []}',
        b'{"status": "firing", "alerts": [{"status": "firing", "startsAt": "yesterday"}]}',
        b"[" * 100_000,
        b"\xff\xfe",
    ],
)
async def test_what_cannot_be_read_is_said_and_does_not_come_again(server: Desk, body: bytes) -> None:
    answer = await server.post(body)
    assert answer.status_code == 422
    assert "this is no webhook of Alertmanager" in answer.json()["error"]
    assert server.reports == []


async def test_too_much_is_not_read_to_its_end(server: Desk) -> None:
    assert (await server.post(b" " * (MOST_BODY + 1))).status_code == 413


async def test_what_could_not_be_kept_comes_again(server: Desk) -> None:
    for error in (Unavailable("the database is down"), RuntimeError("a bug")):
        server.error = error
        assert (await server.post(recorded("firing"))).status_code == 503
    server.error = None
    assert (await server.post(recorded("firing"))).status_code == 200


@given(st.binary(max_size=300))
async def test_no_bytes_break_it(body: bytes) -> None:
    with pytest.raises(InvalidInput):
        await Desk(MovedClock(AT)).adapter().take(body)


# ---------------------------------------------------------------- what stands


def told(*found: Finding, minutes: float = 0) -> Report:
    return Report("Alertmanager", AT + timedelta(minutes=minutes), found)


def one(name: str = "A", *, began: float = 0, over: float | None = None) -> Finding:
    ended = None if over is None else AT + timedelta(minutes=over)
    since = AT + timedelta(minutes=began)
    return Finding(Subject("checkout", "", name), Family.OUTSIDE, "", since, since, "fires", ended=ended)


def test_what_a_report_does_not_mention_goes_on() -> None:
    assert standing([one("A")], told(one("B"))) == (one("A"), one("B"))


def test_the_same_report_again_changes_nothing() -> None:
    report = told(one("A"), one("B"))
    once = standing([], report)
    assert standing(once, report) == once


def test_what_is_resolved_has_ended_and_what_was_never_told_of_is_not_told_of_now() -> None:
    assert standing([one("A")], told(one("A", over=5), one("B", over=5))) == (one("A", over=5),)


def test_an_end_that_comes_late_ends_nothing_that_began_after_it() -> None:
    again = one("A", began=10)
    assert standing([again], told(one("A", over=5))) == (again,)


def test_a_report_goes_under_the_name_of_its_group() -> None:
    assert {each.watch for each in of_watch(told(one("A"), one("B")), "outside:C0OPS").findings} == {"outside:C0OPS"}


@given(st.lists(st.tuples(st.sampled_from("ABC"), st.booleans()), max_size=12), st.integers(0, 12))
def test_any_history_ends_as_its_last_words_even_if_a_part_of_it_comes_twice(
    history: list[tuple[str, bool]], repeated: int
) -> None:
    reports = [
        told(one(name, began=minute, over=None if fires else minute), minutes=minute)
        for minute, (name, fires) in enumerate(history)
    ]
    standing_now: tuple[Finding, ...] = ()
    for report in [*reports[:repeated], *reports[max(0, repeated - 1) :]]:
        standing_now = tuple(each for each in standing(standing_now, report) if each.open)
    last = dict(history)
    assert {each.subject.signal for each in standing_now} == {name for name, fires in last.items() if fires}


def test_an_alert_keeps_its_beginning_however_often_it_is_told() -> None:
    (kept,) = standing([one("A")], told(replace(one("A"), since=AT + timedelta(hours=1))))
    assert kept.since == AT
