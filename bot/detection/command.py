"""What `llm-copilot detect` does: reads a file, scores it, tells what was found, and writes what was asked for."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.progress import Progress

from bot.detection.scoring import Scored, events, remarks, scored
from bot.detection.showing import Report, write_scores
from bot.detection.table import Table, read
from bot.errors import ConfigurationError
from bot.telemetry.charts.draw import draw
from bot.watch.watches import Sensitivity

STREAM: Final = "-"
BIG: Final = 5_000
"""Rows that take long enough to show how far it is."""


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
    for path in (wish.plot, Path(wish.out) if wish.out not in {"", STREAM} else None):
        if path and not path.parent.is_dir():
            raise ConfigurationError(f"There is no folder {str(path.parent)!r}.", mend="Make it, or name another.")
    if wish.out == STREAM and wish.as_json:
        raise ConfigurationError(
            "Scores and findings cannot both be standard output.", mend="Give --out a file, or leave out --json."
        )
    table = read(_text(wish.file), zone)
    found = _scored(table, wish.sensitivity, aside)
    report = Report(found, events(found), (*table.notes, *remarks(table, found)), wish.timezone)
    if wish.out == STREAM:
        write_scores(sys.stdout, table, found)
    elif wish.out:
        with _replacing(Path(wish.out)) as path, path.open("w", encoding="utf-8", newline="") as file:
            write_scores(file, table, found)
    if wish.plot:
        name = "standard input" if wish.file == STREAM else Path(wish.file).name
        picture = draw(report.chart(name))
        with _replacing(wish.plot) as path:
            path.write_bytes(picture)
    if wish.as_json:
        out.print_json(json.dumps(report.json(wish.sensitivity)))
    else:
        for line in report.lines(wish.sensitivity):
            (aside if wish.out == STREAM else out).print(line)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        raise ConfigurationError(f"{name!r} is no time zone.", mend="Write it as Europe/Berlin or UTC.") from None


def _text(file: str) -> str:
    """UTF-8, or what a byte order mark says."""
    try:
        raw = sys.stdin.buffer.read() if file == STREAM else Path(file).read_bytes()
        return raw.decode("utf-16" if raw[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file} cannot be read ({error}).", mend="Give a readable UTF-8 file.") from None


def _scored(table: Table, sensitivity: Sensitivity, aside: Console) -> Scored:
    rows = len(table.times)
    with Progress(console=aside, transient=True, disable=rows < BIG or not aside.is_terminal) as progress:
        bar = progress.add_task("looking", total=rows)
        return scored(table, sensitivity, lambda done: progress.update(bar, completed=done))


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A file beside it to write to, which becomes it when it is whole; what is no file is written to itself."""
    path = path.resolve()
    if path.exists() and not path.is_file():
        yield path
        return
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield part
        part.replace(path)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written ({error}).", mend="Name a place that can.") from None
    finally:
        part.unlink(missing_ok=True)
