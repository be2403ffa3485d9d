"""How the SDKs of model providers fail, in the words of `bot.errors`; no key shows in any of them."""

from __future__ import annotations

import email.utils
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from types import ModuleType
from typing import Any, Final

from bot.errors import CopilotError, RateLimited, Terminal, TimedOut, Unavailable
from integrations.http.body import SERVER_WORDS, shown
from integrations.models.access import Access

LONGEST_WAIT: Final = 3_600.0
TOO_LONG: Final = re.compile(r"prompt is too long|context[ _]length|context window|request_too_large", re.IGNORECASE)
KINDS: Final = {
    "overloaded_error": 529,
    "api_error": 500,
    "server_error": 500,
    "timeout_error": 504,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "authentication_error": 401,
    "permission_error": 403,
    "not_found_error": 404,
    "billing_error": 402,
    "invalid_request_error": 400,
}
"""The status that an error would have had, had the answer not begun with 200."""
LATE: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.GATEWAY_TIMEOUT})
UNWELCOME: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
BROKEN_SHAPE: Final = (KeyError, IndexError, TypeError, ValueError, AttributeError, RecursionError)


@contextmanager
def translated(access: Access, sdk: ModuleType, wire: ModuleType) -> Iterator[None]:
    """What `sdk` and the HTTP library under it raise; both are handed in, since they are imported late."""
    try:
        yield
    except CopilotError:
        raise
    except (sdk.APITimeoutError, wire.TimeoutException) as error:
        raise TimedOut(
            f"{access.who} gave no answer within {access.timeout:g} s.",
            mend="Try again, or allow more time (the setting model_timeout_seconds).",
        ) from error
    except sdk.APIStatusError as error:
        raise _refused(access, error.status_code, error.response.headers, error.body, str(error)) from error
    except (sdk.APIConnectionError, wire.HTTPError) as error:
        why = told(access, str(error.__cause__ or error))
        raise Unavailable(
            f"{access.who} cannot be reached, or broke off: {why}.",
            mend=f"Check the network, and the setting {access.settings}_url.",
        ) from error
    except sdk.APIError as error:  # an error in the midst of a stream, which has no status
        raise _refused(access, HTTPStatus.OK, {}, error.body, str(error)) from error
    except BROKEN_SHAPE as error:
        raise Unavailable(
            f"{access.who} answered in a shape that is not its own"
            f" ({type(error).__name__}: {told(access, str(error))}).",
            mend=f"Check that the setting {access.settings}_url leads to it, and what stands before it.",
        ) from error


def told(access: Access, words: str) -> str:
    """Words of the other side without our key, should it repeat it."""
    return shown(words[: 8 * SERVER_WORDS].replace(access.key.get_secret_value(), "***"), SERVER_WORDS).rstrip(".")


def _refused(access: Access, status: int, headers: Mapping[str, str], body: object, fallback: str) -> CopilotError:
    kind, words = _said(body)
    answered = KINDS.get(kind, HTTPStatus.INTERNAL_SERVER_ERROR) if status == HTTPStatus.OK else status
    said = f"{access.who} answered {answered} ({told(access, words or fallback)})"
    wait = asked_to_wait(headers)
    if answered == HTTPStatus.REQUEST_ENTITY_TOO_LARGE or TOO_LONG.search(f"{kind} {words}"):
        return Terminal(
            f"The conversation is too long for {access.model}: {said}.",
            mend="Ask in a new thread, or for less at once.",
        )
    match answered:
        case _ if answered in UNWELCOME:
            return Terminal(f"{said}.", mend=f"Check the setting {access.settings}_api_key, and what the key may do.")
        case HTTPStatus.PAYMENT_REQUIRED:
            return Terminal(f"{said}.", mend="Check the billing of the account that the key belongs to.")
        case HTTPStatus.NOT_FOUND:
            mend = f"Check the settings {access.settings}_model ({access.model}) and {access.settings}_url."
            return Terminal(f"{said}.", mend=mend)
        case HTTPStatus.TOO_MANY_REQUESTS if kind == "insufficient_quota":
            return Terminal(f"{said}.", mend="Raise the quota of the account that the key belongs to.")
        case HTTPStatus.TOO_MANY_REQUESTS:
            return RateLimited(f"{said}.", mend="Try again later, or raise the limits.", retry_after=wait)
        case _ if answered in LATE:
            return TimedOut(f"{said}.", mend="Try again.", retry_after=wait)
        case _ if answered >= HTTPStatus.INTERNAL_SERVER_ERROR or answered == HTTPStatus.CONFLICT:
            return Unavailable(f"{said}.", mend="Try again later.", retry_after=wait)
        case _ if HTTPStatus.MULTIPLE_CHOICES <= answered < HTTPStatus.BAD_REQUEST:
            to = told(access, headers.get("location", "nowhere"))
            mend = f"Check the setting {access.settings}_url."
            return Terminal(f"{access.who} redirects to '{to}', which is not followed.", mend=mend)
    return Terminal(
        f"{said}.", mend="Check the spend limits of the account; if they are not it, this is a bug of ours."
    )


def _said(body: object) -> tuple[str, str]:
    """The kind of an error and its words, as Anthropic and OpenAI write them."""
    inner: Any = body.get("error", body) if isinstance(body, dict) else {}
    if not isinstance(inner, dict):
        return "", str(inner)
    kinds = [str(inner.get(key) or "") for key in ("code", "type")]
    kind = next((kind for kind in kinds if kind and not kind.isdigit()), "")
    return kind, str(inner.get("message") or "")


def asked_to_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds, from `retry-after-ms` or `retry-after`: a number, or a date, which counts from that of the answer."""
    try:
        if exact := headers.get("retry-after-ms"):
            wait = float(exact) / 1e3
        elif (asked := headers.get("retry-after", "")).replace(".", "", 1).isdigit():
            wait = float(asked)
        else:
            then, sent = (email.utils.parsedate_to_datetime(at) for at in (asked, headers.get("date", "")))
            wait = (then - sent).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(wait, 0.0), LONGEST_WAIT) if wait == wait else None  # noqa: PLR0124  NaN
