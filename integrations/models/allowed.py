"""The switch that keeps tests from reaching a real model, and from paying for it."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from bot.errors import Terminal

ALLOW_MODEL_REQUESTS = True
"""Off: nothing but this machine is asked."""


def is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def require_allowed(url: str) -> None:
    if not ALLOW_MODEL_REQUESTS and not is_loopback(url):
        raise Terminal(
            f"A model at {url} would be asked, and requests to real models are switched off.",
            mend="In a test, use `integrations.sandbox.anthropic.server.ScriptedModel`.",
        )
