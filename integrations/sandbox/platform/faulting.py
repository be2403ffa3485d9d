"""`llm-copilot sandbox fault`: break something on a simulated platform that runs, and mend it, from a terminal."""

from __future__ import annotations

from typing import Any, Final

import httpx
from rich.console import Console
from rich.markup import escape

from bot.errors import InvalidInput, Unavailable
from integrations.sandbox.platform.breaking import BREAKAGES

WITHIN: Final = 10.0
MOST_ENDED: Final = 5
"""Faults that are over and still listed, the latest."""


def fault(console: Console, url: str, kind: str, service: str, **more: Any) -> None:
    """Inject one; without a kind, say which there are and which go on."""
    if not kind:
        _listed(console, _asked("GET", url, "faults"))
        return
    places = {each.kind: each.service for each in BREAKAGES}
    if kind not in places:
        raise InvalidInput(f"{kind!r} is no fault that there is", mend=f"There are {', '.join(places)}.")
    if not service:
        raise InvalidInput(f"it is not said where {kind} is to be", mend=f"Name a service, such as {places[kind]}.")
    wanted = {"kind": kind, "service": service} | {name: value for name, value in more.items() if value}
    told = _asked("POST", url, "faults", wanted)["fault"]
    until = f"until {told['stop']}" if told.get("stop") else "until it is ended"
    console.print(f"{told['kind']} at {told['service']} in {told['environment']} from {told['start']} {until}.")
    console.print(f"End it with: llm-copilot sandbox fault --end {told['id']}", style="dim")


def end(console: Console, url: str, name: str) -> None:
    told = _asked("DELETE", url, f"faults/{name}")["fault"]
    console.print(f"{told['kind']} at {told['service']} ends at {told['stop']}.")


def _listed(console: Console, told: dict[str, Any]) -> None:
    going = [each for each in told["faults"] if each["state"] != "over"]
    for each in going:
        console.print(_line(each))
    if not going:
        console.print("Nothing is broken.")
    ended = sorted((each for each in told["faults"] if each["state"] == "over"), key=lambda each: str(each["stop"]))
    for each in ended[-MOST_ENDED:]:
        console.print(_line(each), style="dim")
    console.print("\nWhat can be broken, and a good place for it:", style="dim")
    for breakage in BREAKAGES:
        console.print(f"  {breakage.kind:22} {breakage.service:18} {escape(breakage.does)}", highlight=False)


def _line(told: dict[str, Any]) -> str:
    until = f" until {told['stop']}" if told.get("stop") else ""
    return f"{told['id']}  {told['kind']} at {told['service']} in {told['environment']}, since {told['start']}{until}"


def _asked(method: str, url: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    base = url.rstrip("/")
    try:
        answer = httpx.request(method, f"{base}/deploys/api/v1/{path}", json=body, timeout=WITHIN)
        told: dict[str, Any] = answer.json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise Unavailable(
            f"no simulated platform answers at {base} ({type(error).__name__})",
            mend="Start `llm-copilot demo` or `llm-copilot sandbox platform`, and give its address with --url.",
        ) from error
    if answer.is_error:
        raise InvalidInput(str(told.get("error", answer.reason_phrase)), mend=str(told.get("mend", "")))
    return told
