"""What `llm-copilot understand` and `llm-copilot eval` do: how sentences are understood, and how well."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import Progress

from bot import defaults
from bot.agent.model import LanguageModel
from bot.catalogue import Catalogue, load_model
from bot.config import Settings
from bot.errors import ConfigurationError
from bot.evaluation import ByModel, ByRules, Report, judged, missed, read_rows, scores
from bot.language import corpus
from bot.language.brain import understand
from bot.language.lexicon import Lexicon
from bot.language.names import Names
from bot.observatory.translating import translated
from bot.telemetry.vocabulary import Vocabulary
from bot.terminal import in_columns


def moment(now: str | None) -> datetime:
    try:
        clock = datetime.fromisoformat(now) if now else datetime.now(UTC)
    except ValueError:
        raise typer.BadParameter(
            f"{now!r} is no moment; write it as 2026-03-18T15:30:00Z.", param_hint="--now"
        ) from None
    return clock if clock.tzinfo else clock.replace(tzinfo=UTC)


def lexicon_of(settings: Settings) -> tuple[Lexicon, Vocabulary]:
    vocabulary = load_model(settings.signals_file or defaults.path("signals.yaml"), Vocabulary)
    words = {name: signal.words for name, signal in vocabulary.metrics.items()}
    catalogue = Catalogue.load(settings.services_file or defaults.path("services.yaml"))
    names = load_model(settings.names_file or defaults.path("names.yaml"), Names)
    return Lexicon(catalogue, words, names), vocabulary


def explained(settings: Settings, text: str, now: str | None, *, as_json: bool) -> None:
    """One sentence: what it is taken for, and why."""
    clock, (lexicon, vocabulary) = moment(now), lexicon_of(settings)
    found = understand(text, lexicon, now=clock)
    for each in [found] if as_json else [found, *found.further]:
        query = translated(each, vocabulary)
        if as_json:
            typer.echo(json.dumps(asdict(each) | {"query": asdict(query) if query else None}, indent=2))
        else:
            typer.echo("\n".join(corpus.told(each, query.text if query else "")))


def predicted(settings: Settings, path: Path, now: str | None) -> None:
    """Each sentence of a file, as one prediction a line."""
    clock, (lexicon, vocabulary) = moment(now), lexicon_of(settings)
    try:
        with path.open(encoding="utf-8") as lines:
            for one in corpus.utterances(lines, str(path)):
                found = understand(one.text, lexicon, now=clock, history=one.history)
                query = translated(found, vocabulary)
                typer.echo(json.dumps(corpus.prediction(one.id, found, asdict(query) if query else None)))
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, error) from None


async def evaluated(
    settings: Settings, path: Path, now: str | None, model: LanguageModel | None, aside: Console
) -> Report:
    """By a model, where one is given; otherwise by rules."""
    clock, (lexicon, _) = moment(now), lexicon_of(settings)
    try:
        rows = read_rows(path)
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, error) from None
    predictor = ByModel(model, lexicon, clock) if model else ByRules(lexicon, clock)
    report = Report()
    with Progress(console=aside, transient=True) as progress:
        bar = progress.add_task(model.name if model else "rules", total=len(rows))
        async for report in judged(rows, predictor):
            progress.update(bar, completed=report.count)
    return report


def print_report(out: Console, report: Report, who: str, *, misses: bool) -> None:
    out.print(in_columns(("what", "figure"), scores(report), frozenset({1}), f"{who} on {report.count:,} sentences"))
    if report.failed:
        failed: list[Sequence[str]] = [each.split(": ", 1) for each in report.failed]
        out.print(in_columns(("failed", "why"), failed, ()))
    if misses:
        out.print(in_columns(("id", "said", "wanted", "taken for"), missed(report), (), "missed"))


def _unreadable(path: Path, error: Exception) -> ConfigurationError:
    return ConfigurationError(f"{path} cannot be read ({error}).", mend="Give a readable UTF-8 file.")
