"""What Slack's "no" means: one typed error for what will not work, and our usual ones for what may work later."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import aiohttp
from slack_sdk.errors import SlackApiError, SlackRequestError

from bot.errors import RateLimited, Terminal, TimedOut, Unavailable

MENDS: Final[Mapping[str, str]] = {
    "channel_not_found": "Check the channel; if it is private, invite the bot there first.",
    "not_in_channel": "Invite the bot to the channel first.",
    "is_archived": "The channel is archived: unarchive it, or ask in another one.",
    "msg_too_long": "Shorten the message, or send the rest as a file.",
    "invalid_blocks": "This is a fault in a presenter; report it with the reference in the log.",
    "missing_scope": "Add the scope to the app's manifest and install the app again.",
    "invalid_auth": "Check the bot token.",
    "token_revoked": "Install the app again and set the new bot token.",
    "account_inactive": "Install the app again and set the new bot token.",
    "expired_trigger_id": "It took too long to open; press again.",
    "message_not_found": "The message was deleted; ask again.",
    "used_url": "This answer was changed too often; ask again.",
    "expired_url": "This answer is too old to be changed; ask again.",
    "restricted_action": "A setting of the workspace forbids it; ask an owner of the workspace.",
    "user_not_in_channel": "The person has to join the channel first.",
}
LIMITED: Final = frozenset({"ratelimited", "rate_limited"})
PASSING: Final = frozenset(
    {"internal_error", "fatal_error", "service_unavailable", "request_timeout", "messaging_processing_failed"}
)
MOST_CODE: Final = 80
"""A longer answer is a page and no code."""
DEFAULT_PAUSE: Final = 1.0
"""Seconds to wait when Slack says "too fast" without saying for how long."""


class SlackRefused(Terminal):
    """Slack said no, and will say so again; `code` is its word for it, `details` what it said besides."""

    def __init__(self, code: str, method: str, *, details: tuple[str, ...] = ()) -> None:
        more = f" ({'; '.join(details)})" if details else ""
        mend = MENDS.get(code, "Look the code up in Slack's documentation of the method.")
        super().__init__(f"Slack refused {method}: {code}{more}.", mend=mend)
        self.code = code
        self.method = method
        self.details = details


def understood(error: Exception, method: str) -> Exception:
    """In our words; what is no answer and no failure of the line stays as it is, since it is a bug."""
    match error:
        case SlackApiError():
            return _answered(error, method)
        case SlackRequestError():
            return Unavailable(f"Slack did not take {method} ({error}).", mend="Try again.")
        case TimedOut():
            return error
        case TimeoutError():
            return TimedOut(f"Slack gave no answer to {method} in time.", mend="Try again.")
        case aiohttp.ClientError() | OSError():
            return Unavailable(
                f"Slack could not be reached for {method} ({type(error).__name__}: {error}).".replace(": )", ")"),
                mend="Check the network and status.slack.com, then try again.",
            )
        case _:
            return error


def surely_not_done(error: Exception) -> bool:
    """Whether nothing can have happened at Slack: it was never connected to, or it said no."""
    if isinstance(error, SlackApiError):
        status, data, _ = _parts(error)
        return status < HTTPStatus.INTERNAL_SERVER_ERROR and data.get("error") not in PASSING
    return isinstance(error, aiohttp.ClientConnectorError | SlackRefused | RateLimited)


def code_in(body: str) -> str:
    """Slack's word in the answer of a response_url, which is plain or JSON; "" where it holds none."""
    try:
        read = json.loads(body)
    except ValueError:
        return body.strip() if len(body) < MOST_CODE else ""
    return str(read.get("error") or "") if isinstance(read, dict) else ""


def by_status(status: int, code: str, method: str, headers: Mapping[str, str], details: tuple[str, ...]) -> Exception:
    """What an HTTP status and Slack's word come to."""
    if status == HTTPStatus.TOO_MANY_REQUESTS or code in LIMITED:
        seconds = _seconds(headers)
        return RateLimited(
            f"Slack limits {method}, for {seconds:g} s.", mend="It is sent then; nothing to do.", retry_after=seconds
        )
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or code in PASSING:
        return Unavailable(f"Slack answered {method} with {status} {code}.".replace(" .", "."), mend="Try again.")
    return SlackRefused(code or f"http_{status}", method, details=details)


def _answered(error: SlackApiError, method: str) -> Exception:
    status, data, headers = _parts(error)
    metadata = data.get("response_metadata")
    messages = metadata.get("messages", ()) if isinstance(metadata, Mapping) else ()
    details = [str(message) for message in messages]
    details += [f"{name} {data[name]}" for name in ("needed", "provided") if data.get(name)]
    return by_status(status, str(data.get("error", "")), method, headers, tuple(details))


def _parts(error: SlackApiError) -> tuple[int, Mapping[str, Any], Mapping[str, str]]:
    answer: Any = error.response
    status = int(getattr(answer, "status_code", None) or getattr(answer, "status", None) or 0)
    data = getattr(answer, "data", None)
    # A body that is no JSON comes as aiohttp's own response, and says nothing that we could trust.
    if isinstance(data, Mapping):
        return status, data, answer.headers
    return (
        max(status, HTTPStatus.BAD_REQUEST) if status != HTTPStatus.OK else HTTPStatus.BAD_GATEWAY,
        {},
        answer.headers,
    )


def _seconds(headers: Mapping[str, str]) -> float:
    found = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    try:
        return max(float(found), 0.0)
    except ValueError:
        return DEFAULT_PAUSE
