"""Slack's Web API over a workspace: `WebApi` is mounted on an aiohttp application."""

from integrations.sandbox.slack.web.api import WebApi
from integrations.sandbox.slack.web.tokens import Tokens

__all__ = ["Tokens", "WebApi"]
