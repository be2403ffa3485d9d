"""What the tests of understanding share: the shipped catalogue and words, and one clock."""

from __future__ import annotations

from datetime import UTC, datetime

from bot import defaults
from bot.catalogue import Catalogue, load_model
from bot.language.brain import understand
from bot.language.lexicon import Lexicon
from bot.language.names import Names
from bot.language.understanding import Earlier, Understanding
from bot.telemetry.vocabulary import Vocabulary

NOW = datetime(2026, 3, 18, 15, 30, tzinfo=UTC)  # a Wednesday
VOCABULARY = load_model(defaults.path("signals.yaml"), Vocabulary)
CATALOGUE = Catalogue.load(defaults.path("services.yaml"))
LEXICON = Lexicon(
    CATALOGUE,
    {name: signal.words for name, signal in VOCABULARY.metrics.items()},
    load_model(defaults.path("names.yaml"), Names),
)


def understood(text: str, *history: str) -> Understanding:
    """Turns that begin with "bot: " are the bot's."""
    turns = [
        Earlier("bot", turn.removeprefix("bot: ")) if turn.startswith("bot: ") else Earlier("user", turn)
        for turn in history
    ]
    return understand(text, LEXICON, now=NOW, history=turns)


def said(found: Understanding) -> set[tuple[str, str]]:
    return {(each.type, str(each.value)) for each in found.entities}
