"""Loki's HTTP API over log lines that follow from the world: nothing is stored, a line is written when it is read."""

from integrations.sandbox.platform.loki.server import app

__all__ = ["app"]
