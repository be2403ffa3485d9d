"""The shared wire against a server that misbehaves: a clear error each, soon, and in bounded memory."""

from __future__ import annotations

import asyncio
import gc
import json
import ssl
import threading
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.errors import (
    CircuitOpen,
    ConfigurationError,
    CopilotError,
    InvalidInput,
    NotFound,
    RateLimited,
    Terminal,
    TimedOut,
    Unavailable,
)
from bot.resilience import Breaker, BreakerState, RetryPolicy, Shield
from integrations.http.backend import Backend
from integrations.http.client import Http
from tests.integrations.hostile import FINE, Hostile, hostile

NOW = datetime(2026, 3, 18, 15, 30, tzinfo=UTC)


class Waits:
    """A sleep that only notes how long it would have been."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


@pytest.fixture
async def server() -> AsyncIterator[Hostile]:
    async with hostile() as running:
        yield running


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def breaker() -> Breaker:
    return Breaker("prometheus", clock=lambda: 0.0)


Asking = Callable[..., Awaitable[Any]]


@pytest.fixture
async def ask(server: Hostile, waits: Waits, breaker: Breaker) -> AsyncIterator[Asking]:
    opened: list[Http] = []

    async def asking(read: Callable[[Any], Any] = lambda answer: answer["data"], **settings: Any) -> Any:
        backend = Backend(url=server.url, **{"timeout": 30.0, **settings})
        shield = Shield(breaker, RetryPolicy(), backend.timeout, sleep=waits, rnd=lambda: 0.5)
        http = Http("Prometheus", backend, shield, clock=lambda: NOW)
        opened.append(http)
        return (await http.ask("/api/v1/query", {"query": "up"}, read)).value

    yield asking
    for http in opened:
        await http.close()


@pytest.mark.parametrize(
    ("way", "said"),
    [
        ("login_page", "a web page, not JSON (as text/html; charset=utf-8): '<!DOCTYPE html>"),
        ("redirect", "302, a redirect to 'http://elsewhere.example/login?next=here', which is not followed"),
        ("empty", "nothing"),
        ("half", "JSON that is broken or breaks off"),
        ("control", r"not JSON (as application/octet-stream): '\x1b[31mred\x07\x00 \xff'"),
        ("deep", "JSON that is broken"),
        ("hang_up", "broke off"),
        ("slam", "broke off"),
        ("not_squeezed", "says that its answer is compressed, and it is not: '{"),
        ("squeezed_by_half", "breaks off after"),
        ("squeezed_and_more", "sent more after the end of its answer: 'and more'"),
        ("strange_encoding", "encoding 'br', which was not asked for"),
        ("500", "answered 500"),
    ],
)
async def test_what_is_no_answer_is_unavailable_and_says_what_came(
    server: Hostile, ask: Asking, waits: Waits, way: str, said: str
) -> None:
    server.way = way
    with pytest.raises(Unavailable) as caught:
        await ask()
    assert said in caught.value.message
    assert "Prometheus at 127.0.0.1:" in caught.value.message
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 1_000
    assert caught.value.mend
    assert len(server.asked) == 3
    assert waits.seconds == [0.1, 0.2]


@pytest.mark.parametrize("body", ["[]", "3", '"text"', "null", '{"data": null}', "{}", "[[1, 2], [3]]"])
async def test_json_of_another_shape_is_shown(server: Hostile, ask: Asking, body: str) -> None:
    server.body = body
    with pytest.raises(Unavailable, match="a shape that is not its own") as caught:
        await ask(lambda answer: answer["data"]["result"])
    assert body[:40] in caught.value.message


async def test_an_error_page_is_shown_by_its_beginning(server: Hostile, ask: Asking) -> None:
    server.way, server.body = "502", "<html>\n" + "x" * 10_000
    with pytest.raises(Unavailable) as caught:
        await ask()
    assert "answered 502: <html>\\nxxx" in caught.value.message
    assert len(caught.value.message) < 250


async def test_a_compressed_answer_is_read(server: Hostile, ask: Asking) -> None:
    server.way = "squeezed"
    assert await ask() == json.loads(FINE)["data"]


@pytest.mark.parametrize(("status", "kind"), [(400, InvalidInput), (422, InvalidInput), (413, InvalidInput)])
async def test_a_refused_question_is_the_askers_and_is_not_asked_again(
    server: Hostile, ask: Asking, breaker: Breaker, status: int, kind: type[CopilotError]
) -> None:
    server.way, server.body = str(status), json.dumps({"status": "error", "error": "1:4: unexpected end\x1b[2J"})
    for _ in range(10):
        with pytest.raises(kind, match=r"1:4: unexpected end\\x1b\[2J"):
            await ask()
    assert len(server.asked) == 10
    assert breaker.state is BreakerState.CLOSED
    assert breaker.status().failures == 0


@pytest.mark.parametrize(("status", "kind"), [(401, Terminal), (403, Terminal), (404, NotFound), (405, Terminal)])
async def test_what_a_retry_would_not_mend_is_not_retried(
    server: Hostile, ask: Asking, breaker: Breaker, status: int, kind: type[CopilotError]
) -> None:
    server.way, server.body = str(status), "no"
    with pytest.raises(kind, match=f"answered {status}: no") as caught:
        await ask()
    assert "Check" in caught.value.mend
    assert len(server.asked) == 1
    assert breaker.status().failures == 0


@pytest.mark.parametrize(
    ("status", "asked", "kind", "wait"),
    [
        (429, "7", RateLimited, 7.0),
        (503, "7", Unavailable, 7.0),
        (429, "Wed, 18 Mar 2026 15:30:20 GMT", RateLimited, 20.0),
        (429, "99999999999999999999", RateLimited, 3600.0),
        (503, "Wed, 18 Mar 2020 15:30:20 GMT", Unavailable, 0.0),
        (503, "-1", Unavailable, None),
        (429, "soon", RateLimited, None),
    ],
)
async def test_a_wait_that_is_asked_for_is_kept(
    server: Hostile, ask: Asking, waits: Waits, status: int, asked: str, kind: type[RateLimited], wait: float | None
) -> None:
    server.way, server.headers = str(status), {"Retry-After": asked}
    with pytest.raises(kind) as caught:
        await ask()
    assert caught.value.retry_after == wait
    assert waits.seconds == [max(0.1, wait or 0), max(0.2, wait or 0)]


async def test_a_wait_that_is_longer_than_anybody_has_is_told_and_not_waited_for(server: Hostile) -> None:
    server.way, server.headers = "429", {"Retry-After": "3000"}
    http = Http("Prometheus", Backend(url=server.url))
    with pytest.raises(RateLimited) as caught:
        await http.ask("/", {}, lambda answer: answer)
    assert (caught.value.retry_after, len(server.asked)) == (3000.0, 1)
    await http.close()


@pytest.mark.parametrize("query", ["x" * 70_000, "\ud800"])
async def test_a_question_that_fits_into_no_address_is_the_askers(server: Hostile, query: str) -> None:
    http = Http("Tempo", Backend(url=server.url))
    with pytest.raises(InvalidInput, match="cannot be sent"):
        await http.ask("/api/search", {"q": query}, lambda answer: answer)
    assert not server.asked
    await http.close()


@pytest.mark.parametrize(
    ("status", "body"), [(408, ""), (504, ""), (503, '{"errorType": "timeout", "error": "query timed out"}')]
)
async def test_a_server_that_ran_out_of_time_says_so(server: Hostile, ask: Asking, status: int, body: str) -> None:
    server.way, server.body = str(status), body
    with pytest.raises(TimedOut):
        await ask()


async def test_a_server_that_hangs_times_out(server: Hostile, ask: Asking) -> None:
    server.way = "hang"
    with pytest.raises(TimedOut, match=r"within 0\.05 s"):
        await ask(timeout=0.05)


async def test_no_more_are_under_way_than_the_pool_allows_and_all_are_answered(server: Hostile) -> None:
    server.way = "hang"
    http = Http("Prometheus", Backend(url=server.url, pool=2))
    asking = [asyncio.create_task(http.ask("/", {}, lambda answer: answer["status"])) for _ in range(7)]
    await server.crowd(2)
    for _ in range(100):
        await asyncio.sleep(0)
    assert len(server.asked) == 2
    server.release.set()
    assert [answer.value for answer in await asyncio.gather(*asking)] == ["success"] * 7
    await http.close()


async def test_nobody_there_names_host_and_port(ask: Asking, server: Hostile, waits: Waits) -> None:
    async with hostile() as gone:
        server.url = gone.url
    with pytest.raises(Unavailable, match=f"{server.url.removeprefix('http://')} cannot be reached"):
        await ask()
    assert len(waits.seconds) == 2


async def test_five_failed_calls_rest_the_system(server: Hostile, ask: Asking) -> None:
    server.way = "500"
    for _ in range(5):
        with pytest.raises(Unavailable):
            await ask()
    with pytest.raises(CircuitOpen):
        await ask()
    assert len(server.asked) == 15


@asynccontextmanager
async def measured() -> AsyncIterator[list[int]]:
    """The most bytes that Python held meanwhile."""
    peak: list[int] = []
    gc.collect()
    tracemalloc.start()
    try:
        yield peak
    finally:
        peak.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()


@pytest.mark.parametrize("way", ["endless", "bomb"])
async def test_ten_gigabytes_are_cut_in_bounded_memory(server: Hostile, ask: Asking, waits: Waits, way: str) -> None:
    server.way = way
    async with measured() as peak:
        with pytest.raises(InvalidInput, match="larger than 4 MB") as caught:
            await ask(most_bytes=4_000_000)
    assert "Ask for less" in caught.value.mend
    assert peak[0] < 60_000_000
    assert server.sent < 200_000_000
    assert not waits.seconds


async def test_a_crowd_of_empty_lists_is_not_unfolded(server: Hostile, ask: Asking) -> None:
    server.way = "crowded"
    with pytest.raises(InvalidInput, match="more than 4,000,000 lists and objects"):
        await ask()


async def test_a_large_answer_is_read_beside_the_loop(server: Hostile, ask: Asking) -> None:
    server.body = json.dumps({"data": "x" * 1_000_001})
    readers = [await ask(lambda _: threading.current_thread()), threading.main_thread()]
    assert readers[0] is not readers[1]
    server.body = json.dumps({"data": "x"})
    assert await ask(lambda _: threading.current_thread()) is threading.main_thread()


async def test_who_we_are_is_sent(server: Hostile, ask: Asking) -> None:
    await ask(bearer="hidden", tenant="team-a", headers={"X-Api-Key": "hidden-too"})
    sent = server.asked[-1].headers
    assert (sent["Authorization"], sent["X-Scope-OrgID"]) == ("Bearer hidden", "team-a")
    assert (sent["X-Api-Key"], sent["Accept"], sent["Accept-Encoding"]) == ("hidden-too", "application/json", "gzip")
    await ask(username="reader", password="open sesame")
    assert server.asked[-1].headers["Authorization"] == "Basic cmVhZGVyOm9wZW4gc2VzYW1l"


async def test_a_secret_is_in_no_error_even_if_the_server_repeats_it(server: Hostile, ask: Asking) -> None:
    server.way = "repeats_secrets"
    for settings in ({"bearer": "hidden"}, {"username": "reader", "password": "hidden"}):
        with pytest.raises(InvalidInput) as caught:
            await ask(**settings)
        assert "***" in str(caught.value)
        assert "hidden" not in str(caught.value)
        assert "cmVhZGVyOm" not in str(caught.value)
        assert "hidden" not in repr(Backend(url=server.url, **settings))


@pytest.mark.parametrize(
    "settings",
    [
        {"url": "localhost:9090"},
        {"url": "ftp://prometheus"},
        {"url": "http://reader:hidden@prometheus"},
        {"url": "http://prometheus/?a=b"},
        {"url": "http://prometheus", "bearer": "hidden", "username": "reader"},
        {"url": "http://prometheus", "bearer": "hidden\r\nX-Evil: yes"},
        {"url": "http://prometheus", "key_file": "key.pem"},
        {"url": "http://prometheus", "timeout": 0, "bearer": "hidden"},
    ],
)
def test_wrong_settings_are_refused_without_a_word_of_the_secret(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error") as caught:
        Backend(**settings)
    assert "hidden" not in str(caught.value)


def test_certificates_that_cannot_be_read_are_a_matter_of_settings(tmp_path: Any) -> None:
    for missing in ({"ca_file": tmp_path / "ca.pem"}, {"cert_file": tmp_path / "own.pem"}):
        with pytest.raises(ConfigurationError, match=r"certificates for prometheus:443 cannot be read .*\.pem"):
            Backend(url="https://prometheus", **missing).trust()
    assert Backend(url="https://prometheus", verify=False).trust().verify_mode is ssl.CERT_NONE
    assert Backend(url="https://prometheus").trust().verify_mode is ssl.CERT_REQUIRED
