"""The wire to a system behind HTTP: one pool, one shield, and every way to fail in the words of `bot.errors`."""

from __future__ import annotations

import asyncio
import email.utils
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final, Generic, TypeVar

import httpx

from bot.errors import (
    CopilotError,
    Exhausted,
    InvalidInput,
    NotFound,
    RateLimited,
    Retryable,
    Terminal,
    TimedOut,
    Unavailable,
)
from bot.resilience import Breaker, RetryPolicy, Shield
from integrations.http.backend import Backend
from integrations.http.body import SERVER_WORDS, NoJson, parsed, shown, unpacked

T = TypeVar("T")
Clock = Callable[[], datetime]
Fields = Mapping[str, str | Sequence[str]]

INLINE: Final = 1_000_000
"""Bytes up to which an answer is read on the loop itself."""
MOST_OF_AN_ERROR: Final = 64_000
LONGEST_WAIT: Final = 3_600.0
ASK_LESS: Final = frozenset({HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.REQUEST_URI_TOO_LONG})
REFUSED: Final = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY})
LATE: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.GATEWAY_TIMEOUT})


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """What an answer meant, when it came, and how long it took."""

    value: T
    at: datetime
    took_ms: float


class WrongMethod(Terminal):
    """The other side takes another method on this path."""


class NoSuchPath(NotFound):
    """The other side answered 404; adapters know whether that is an answer or a wrong address."""


@dataclass(frozen=True, slots=True)
class _Raw:
    status: int
    headers: httpx.Headers
    body: bytes


def shielded(backend: Backend, breaker: Breaker) -> Shield:
    """All tries and waits together take no longer than one answer may: somebody waits for it."""
    return Shield(breaker, RetryPolicy(deadline=backend.timeout), backend.timeout)


class Http:
    """Asks one system. `shield` holds its breaker; without one it gets a breaker of its own."""

    def __init__(self, system: str, backend: Backend, shield: Shield | None = None, clock: Clock = now) -> None:
        self.system = system
        self.backend = backend
        self.clock = clock
        self._shield = shield or shielded(backend, Breaker(system))
        self._secrets = backend.secrets()
        self._turns = asyncio.Semaphore(backend.pool)  # in order; httpcore's own queue is neither fair nor cheap
        self._client = httpx.AsyncClient(
            headers={"Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": "llm-copilot"}
            | backend.sent(),
            verify=backend.trust(),
            timeout=httpx.Timeout(backend.timeout, connect=backend.connect_timeout),
            limits=httpx.Limits(max_connections=backend.pool, max_keepalive_connections=backend.pool),
            follow_redirects=False,
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def ask(
        self, path: str, fields: Fields, read: Callable[[Any], T], *, form: bool = False, what: str = "The query"
    ) -> Answer[T]:
        """What `read` makes of the JSON at `path`."""
        return await self.ask_bytes(path, fields, lambda body: read(parsed(body)), form=form, what=what)

    async def ask_bytes(
        self, path: str, fields: Fields, read: Callable[[bytes], T], *, form: bool = False, what: str = "The query"
    ) -> Answer[T]:
        """`ask` for who reads the bytes. `read` must be pure: a large answer is read in a thread."""
        began = time.perf_counter()

        async def one_try() -> T:
            return await self._read(await self._send(path, fields, form=form, what=what), read)

        try:
            value = await self._shield.call(one_try, f"{self.system} at {self.backend.place}")
        except Exhausted as error:
            if isinstance(error.cause, Retryable):
                raise error.cause from error
            raise
        return Answer(value, self.clock(), (time.perf_counter() - began) * 1e3)

    async def _read(self, raw: _Raw, read: Callable[[bytes], T]) -> T:
        try:
            return await asyncio.to_thread(read, raw.body) if len(raw.body) > INLINE else read(raw.body)
        except NoJson as error:
            of_type = f" (as {self._told(said)})" if (said := raw.headers.get("content-type", "")) else ""
            raise Unavailable(
                f"{self._who} answered with {error}{of_type}: '{self._told(raw.body)}'.",
                mend="Check the address, and whether a login page or a proxy stands before it.",
            ) from error
        except (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
            raise Unavailable(
                f"{self._who} answered in a shape that is not its own"
                f" ({type(error).__name__}: {self._told(str(error))}): '{self._told(raw.body)}'.",
                mend=f"Check that the address is that of {self.system}, and its version.",
            ) from error

    async def _send(self, path: str, fields: Fields, *, form: bool, what: str) -> _Raw:
        asked = {name: value if isinstance(value, str) else list(value) for name, value in fields.items()}
        way: dict[str, Any] = {"method": "POST", "data": asked} if form else {"method": "GET", "params": asked}
        url = self.backend.url + path
        async with self._turns, self._translated(), self._client.stream(url=url, **way) as response:
            most = self.backend.most_bytes if response.is_success else MOST_OF_AN_ERROR
            raw = await self._received(response, most)
        if not response.is_success:
            raise self._refused(raw, path, what)
        return raw

    async def _received(self, response: httpx.Response, most: int) -> _Raw:
        encoding = response.headers.get("content-encoding", "").strip().lower()
        try:
            body = await unpacked(response.aiter_raw(), encoding, self._who, most)
        except CopilotError:
            if response.is_success:
                raise
            body = b""  # the status says enough
        return _Raw(response.status_code, response.headers, body)

    @property
    def _who(self) -> str:
        return f"{self.system} at {self.backend.place}"

    def _told(self, words: bytes | str, most: int = 120) -> str:
        """The other side's words without our secrets, should it repeat them."""
        text = words[: most * 8].decode("utf-8", "backslashreplace") if isinstance(words, bytes) else words[: most * 8]
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return shown(text, most)

    @asynccontextmanager
    async def _translated(self) -> AsyncIterator[None]:
        """What httpx raises, in the words of `bot.errors`."""
        who, allowed = self._who, self.backend.timeout
        try:
            yield
        except (httpx.InvalidURL, UnicodeEncodeError) as error:
            raise InvalidInput(
                f"The question cannot be sent to {who}: {self._told(str(error))}.",
                mend="Ask a shorter one, of characters that can be written.",
            ) from error
        except httpx.ConnectTimeout as error:
            raise Unavailable(
                f"{who} took no connection within {self.backend.connect_timeout:g} s.",
                mend="Check the address, the network, and that it runs.",
            ) from error
        except httpx.TimeoutException as error:
            raise TimedOut(
                f"{who} gave no answer within {allowed:g} s.",
                mend="Ask for less at once, or allow more time (`timeout`).",
            ) from error
        except httpx.ConnectError as error:
            raise Unavailable(
                f"{who} cannot be reached: {self._told(str(error))}.", mend="Check the address, and that it runs."
            ) from error
        except httpx.HTTPError as error:
            raise Unavailable(
                f"{who} broke off ({type(error).__name__}: {self._told(str(error))}).",
                mend="Try again; if it stays so, look at the log of the system and of what stands before it.",
            ) from error

    def _refused(self, raw: _Raw, path: str, what: str) -> CopilotError:
        """The error that a status stands for, with the server's words."""
        who, words, status = self._who, self._words(raw), raw.status
        said = f"{who} answered {status}{f': {words}' if words else ''}"
        wait = _asked_to_wait(raw.headers, self.clock())
        if httpx.codes.is_redirect(status):
            to = self._told(raw.headers.get("location", "nowhere"))
            return Unavailable(
                f"{who} answered {status}, a redirect to '{to}', which is not followed.",
                mend="Check the address and the credentials: this is often a login page.",
            )
        match status:
            case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
                return Terminal(f"{said}.", mend="Check its token or password and the tenant, and what they may read.")
            case HTTPStatus.NOT_FOUND:
                return NoSuchPath(
                    f"{said} (asked for {path!r}).",
                    mend="Check the address: it may lack a prefix, or be of another system.",
                )
            case HTTPStatus.METHOD_NOT_ALLOWED:
                return WrongMethod(f"{said} (asked for {path!r}).", mend="Check the address.")
            case HTTPStatus.TOO_MANY_REQUESTS:
                return RateLimited(f"{said}.", mend="Ask less often or for less.", retry_after=wait)
            case _ if status in LATE or (httpx.codes.is_server_error(status) and _error_type(raw.body) == "timeout"):
                return TimedOut(f"{said}.", mend="Ask for less: a shorter window, fewer series.", retry_after=wait)
            case _ if status in ASK_LESS:
                return InvalidInput(f"{said}.", mend="Ask for less at once.")
            case _ if status in REFUSED:
                return InvalidInput(f"{what} was refused. {said}.", mend="Mend the query and ask again.")
            case _ if httpx.codes.is_server_error(status):
                return Unavailable(f"{said}.", mend="Try again; if it stays so, look at its log.", retry_after=wait)
        return Terminal(f"{said}.", mend="Check the address and what stands before it.")

    def _words(self, raw: _Raw) -> str:
        """What the server said of its refusal; a page of HTML is shown by its beginning."""
        said = _error(raw.body)
        words = said.get("error") or said.get("message") or raw.body
        html = isinstance(words, bytes) and words.lstrip().startswith(b"<")
        text = self._told(words if isinstance(words, bytes) else str(words), 120 if html else SERVER_WORDS)
        return text.strip().removesuffix("\\n").rstrip(".")


def _error(body: bytes) -> Mapping[str, Any]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _error_type(body: bytes) -> str:
    return str(_error(body).get("errorType", ""))


def _asked_to_wait(headers: httpx.Headers, at: datetime) -> float | None:
    """Seconds that `Retry-After` asks for, as a number or a date; None where it says nothing that can be read."""
    asked = headers.get("retry-after", "").strip()
    try:
        wait = float(asked) if asked.isdigit() else (email.utils.parsedate_to_datetime(asked) - at).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(wait, 0.0), LONGEST_WAIT)
