"""What `llm-copilot detect` does: reads a file, scores it, tells what was found, and writes what was asked for."""

from __future__ import annotations

import json
import os
import sys
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.progress import Progress

from bot.detection.events import events
from bot.detection.scoring import Scored, remarks, scored
from bot.detection.showing import Report, write_scores
from bot.detection.table import Table, read
from bot.errors import ConfigurationError
from bot.telemetry.charts.draw import draw
from bot.watch.watches import Sensitivity

STREAM: Final = "-"
BIG: Final = 200_000
"""Characters that take long enough to show how far it is."""


@dataclass(frozen=True, slots=True)
class Wish:
    """The command line."""

    file: str
    out: str = ""
    plot: Path | None = None
    sensitivity: Sensitivity = "medium"
    timezone: str = "UTC"
    as_json: bool = False


def detect(out: Console, aside: Console, wish: Wish) -> None:
    """Findings go to `out`, but where the scores do; it fails before it works where it could not write."""
    zone = _zone(wish.timezone)
    if wish.out == STREAM and wish.as_json:
        raise ConfigurationError(
            "Scores and findings cannot both be standard output.", mend="Give --out a file, or leave out --json."
        )
    to = Path(wish.out) if wish.out not in {"", STREAM} else None
    for option, path in (("--out", to), ("--plot", wish.plot)):
        if path and wish.file != STREAM and _same(path, Path(wish.file)):
            raise ConfigurationError(
                f"{option} would overwrite what it reads, {wish.file!r}.", mend="Name another file."
            )
    with _replacing(to) as scores, _replacing(wish.plot) as picture:
        table, found = _scored(_text(wish.file), zone, wish.sensitivity, aside)
        report = Report(found, events(found), (*table.notes, *remarks(table, found)), wish.timezone)
        if scores:
            with scores.open("w", encoding="utf-8", newline="") as file:
                write_scores(file, table, found)
        if picture:
            name = "standard input" if wish.file == STREAM else Path(wish.file).name
            picture.write_bytes(draw(report.chart(name)))
    if wish.as_json:
        out.print_json(json.dumps(report.json(wish.sensitivity)))
    else:
        for line in report.lines(wish.sensitivity):
            (aside if wish.out == STREAM else out).print(line)
    if wish.out == STREAM:  # last: who reads it may go away
        write_scores(sys.stdout, table, found)


def _same(one: Path, other: Path) -> bool:
    """By whatever names; a terminal or a pipe may be both."""
    try:
        return one.is_file() and one.samefile(other)
    except OSError:
        return False


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        raise ConfigurationError(f"{name!r} is no time zone.", mend="Write it as Europe/Berlin or UTC.") from None


def _text(file: str) -> str:
    """UTF-8, or what a byte order mark says."""
    try:
        raw = sys.stdin.buffer.read() if file == STREAM else Path(file).read_bytes()
    except FileNotFoundError:
        raise ConfigurationError(
            f"There is no file {file!r}.", mend=f"Name a CSV; {STREAM} reads standard input."
        ) from None
    except IsADirectoryError:
        raise ConfigurationError(f"{file!r} is a folder.", mend="Name a CSV in it.") from None
    except OSError as error:
        raise ConfigurationError(
            f"{file!r} cannot be read: {error.strerror}.", mend="Name a file that you may read."
        ) from None
    form = "UTF-16" if raw[:2] in {BOM_UTF16_LE, BOM_UTF16_BE} else "UTF-8"
    try:
        return raw.decode(form).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        what = "Standard input" if file == STREAM else repr(file)
        raise ConfigurationError(
            f"{what} is not a text file in {form} (byte {error.start + 1} is 0x{raw[error.start]:02x}).",
            mend="Save it as CSV in UTF-8.",
        ) from None


def _scored(text: str, zone: ZoneInfo, sensitivity: Sensitivity, aside: Console) -> tuple[Table, Scored]:
    with Progress(console=aside, transient=True, disable=len(text) < BIG or not aside.is_terminal) as progress:
        bar = progress.add_task("reading", total=None)
        table = read(text, zone)
        progress.update(bar, description="looking", total=len(table.times))
        return table, scored(table, sensitivity, lambda done: progress.update(bar, completed=done))


@contextmanager
def _replacing(path: Path | None) -> Iterator[Path | None]:
    """A file beside it to write to, which becomes it when it is whole; what is no file is written to itself."""
    if path is None:
        yield None
        return
    if path.is_dir():
        raise ConfigurationError(f"{str(path)!r} is a folder.", mend="Name a file in it.")
    if not path.parent.is_dir():
        raise ConfigurationError(f"There is no folder {str(path.parent)!r}.", mend="Make it, or name another.")
    whole = path.resolve()
    direct = whole.exists() and not whole.is_file()
    part = whole if direct else whole.with_name(f".{whole.name}.{os.getpid()}.part")
    try:
        if direct:
            yield part
        else:
            part.touch()
            yield part
            part.replace(whole)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise ConfigurationError(
            f"{str(path)!r} cannot be written: {error.strerror}.", mend="Name a place that can."
        ) from None
    finally:
        if not direct:
            part.unlink(missing_ok=True)
