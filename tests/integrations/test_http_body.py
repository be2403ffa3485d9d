"""How a body is put together: the same however it comes in pieces, and never more than allowed."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import InvalidInput, Unavailable
from integrations.http.body import PIECE, NoJson, parsed, quoted, shown, unpacked

bodies = st.binary(max_size=2_000) | st.builds(
    lambda byte, count: byte * count, st.sampled_from([b" ", b"ab"]), st.integers(0, 3 * PIECE)
)
PACKED: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "identity": bytes,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
}


async def in_pieces(body: bytes, cuts: Sequence[int]) -> AsyncIterator[bytes]:
    edges = [0, *sorted(cut % (len(body) + 1) for cut in cuts), len(body)]
    for start, end in pairwise(edges):
        yield body[start:end]


def put_together(body: bytes, cuts: Sequence[int], encoding: str, most: int) -> bytes:
    async def run() -> bytes:
        return await unpacked(in_pieces(PACKED[encoding](body), cuts), encoding, "Prometheus", most)

    return asyncio.run(run())


cuts = st.lists(st.integers(0, 10_000), max_size=5)


@settings(deadline=None)
@given(bodies, cuts, st.sampled_from(sorted(PACKED)))
def test_a_body_is_the_same_however_it_comes(body: bytes, cuts: list[int], encoding: str) -> None:
    assert put_together(body, cuts, encoding, len(body)) == body


@settings(deadline=None)
@given(bodies.filter(bool), cuts, st.sampled_from(sorted(PACKED)))
def test_one_byte_too_many_is_too_many(body: bytes, cuts: list[int], encoding: str) -> None:
    with pytest.raises(InvalidInput, match="larger than"):
        put_together(body, cuts, encoding, len(body) - 1)


@settings(deadline=None)
@given(st.binary(min_size=1, max_size=300), st.integers(1, 30))
def test_a_packed_body_that_breaks_off_is_noticed(body: bytes, missing: int) -> None:
    async def run() -> bytes:
        packed = gzip.compress(body)
        return await unpacked(in_pieces(packed[: max(0, len(packed) - missing)], []), "gzip", "Loki", 10_000)

    with pytest.raises(Unavailable):
        asyncio.run(run())


@settings(deadline=None)
@given(st.binary(max_size=50) | st.text(max_size=50))
def test_whatever_is_quoted_can_be_printed_on_one_line(text: bytes | str) -> None:
    assert shown(text).isprintable()
    assert quoted(text) == f"'{shown(text)}'"
    assert len(shown(text, 3)) <= 4 * 10


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_whatever_comes_is_json_or_is_named(body: bytes) -> None:
    with suppress(NoJson):
        parsed(body)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b" \n", "nothing"),
        (b" <html>", "a web page, not JSON"),
        (b'{"a": ', "JSON that is broken or breaks off after 6 bytes"),
        (b"\x00\x01", "something that is not JSON"),
        (b"9" * 5_000, "something that is not JSON"),
    ],
)
def test_what_is_no_json_is_named(body: bytes, kind: str) -> None:
    with pytest.raises(NoJson) as caught:
        parsed(body)
    assert str(caught.value) == kind
