"""The catalogue, roles and policies that ship with the bot, for whoever brings none of their own."""

from importlib import resources
from pathlib import Path


def path(name: str) -> Path:
    """Where a shipped file lies."""
    return Path(str(resources.files(__name__) / name))
