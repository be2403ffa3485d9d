"""How an answer is read from a server that may send anything: bounded, unpacked by ourselves, quoted safely."""

from __future__ import annotations

import json
import zlib
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final, Protocol

from bot.errors import InvalidInput, Unavailable

QUOTED: Final = 120
"""Characters of a wrong answer that are shown."""
SERVER_WORDS: Final = 500
PIECE: Final = 1 << 20
"""What is unpacked at once: a gzip bomb grows by this before it is looked at again."""
MOST_CONTAINERS: Final = 4_000_000
"""Lists and objects in one answer; a few bytes of JSON can become a hundred of ours."""
ASK_LESS: Final = "Ask for less: a shorter window, a larger step, fewer series or lines, or a sum over labels."
GZIP_OR_ZLIB: Final = 47


class NoJson(ValueError):
    """An answer that is no JSON; says what it is."""


class Inflater(Protocol):
    """`zlib.decompressobj()`, whose type has no public name."""

    @property
    def eof(self) -> bool: ...

    @property
    def unconsumed_tail(self) -> bytes: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


def shown(text: bytes | str, most: int = QUOTED) -> str:
    """The beginning of what somebody else wrote, with control characters made visible."""
    if isinstance(text, bytes):
        text = text[: most * 4].decode("utf-8", "backslashreplace")
    cut = text[:most] + ("…" if len(text) > most else "")
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in cut)


def quoted(text: bytes | str, most: int = QUOTED) -> str:
    return f"'{shown(text, most)}'"


def too_large(system: str, most: int) -> InvalidInput:
    return InvalidInput(
        f"{system}'s answer is larger than {most / 1e6:g} MB and was not read to its end.",
        mend=ASK_LESS,
    )


async def unpacked(pieces: AsyncIterator[bytes], encoding: str, system: str, most: int) -> bytes:
    """The whole body; InvalidInput as soon as it grows past `most`, however small it came."""
    if encoding not in {"", "identity", "gzip", "x-gzip", "deflate"}:
        raise Unavailable(
            f"{system} answered in the encoding {quoted(encoding)}, which was not asked for.",
            mend="Check what stands between the bot and it: a proxy should leave the encoding alone.",
        )
    body = bytearray()
    inflate = None if encoding in {"", "identity"} else zlib.decompressobj(GZIP_OR_ZLIB)
    async for piece in pieces:
        for part in (piece,) if inflate is None else _inflated(inflate, piece, system):
            body += part
            if len(body) > most:
                raise too_large(system, most)
    if inflate is not None and not inflate.eof:
        raise Unavailable(f"{system}'s answer breaks off after {len(body):,} bytes.", mend="Try again.")
    return bytes(body)


def _inflated(inflate: Inflater, piece: bytes, system: str) -> Iterator[bytes]:
    """What `piece` unpacks to, in parts of at most PIECE bytes."""
    try:
        while True:
            part = inflate.decompress(piece, PIECE)
            yield part
            piece = inflate.unconsumed_tail
            if not piece and len(part) < PIECE:
                break
    except zlib.error as error:
        raise Unavailable(
            f"{system} says that its answer is compressed, and it is not: {quoted(piece)}.",
            mend="Check what stands between the bot and it.",
        ) from error
    if inflate.unused_data:
        raise Unavailable(
            f"{system} sent more after the end of its answer: {quoted(inflate.unused_data)}.",
            mend="Check what stands between the bot and it.",
        )


def parsed(body: bytes) -> Any:
    """The JSON in `body`; NoJson says what is there instead."""
    if body.count(b"{") + body.count(b"[") > MOST_CONTAINERS:
        raise InvalidInput(f"The answer holds more than {MOST_CONTAINERS:,} lists and objects.", mend=ASK_LESS)
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise NoJson(_kind(body)) from error


def _kind(body: bytes) -> str:
    """What a body that is no JSON is."""
    if not body.strip():
        return "nothing"
    if body.lstrip().startswith(b"<"):
        return "a web page, not JSON"
    if body.lstrip()[:1] in {b"{", b"["}:
        return f"JSON that is broken or breaks off after {len(body):,} bytes"
    return "something that is not JSON"
