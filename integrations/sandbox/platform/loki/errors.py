"""What Loki says no to: always plain text."""

from __future__ import annotations


class BadQuery(Exception):
    """400, with the words of Loki."""
