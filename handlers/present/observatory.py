"""Answers that are told: the sentence first, what stands out below it, and what keeps a source from answering.

Numbers, query, pictures and ways to go on come as events of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any, Final

from handlers.present.blocks import context, fields, preformatted, section
from handlers.present.cutting import count, cut, pieces
from handlers.present.escaping import CHANNEL, bold, channel, code, escape
from handlers.present.message import Block, Part, Scene
from handlers.present.registry import presents_output
from handlers.present.values import pairs

Row = Mapping[str, Any]
PAGES: Final = ("knowledge.show", "runbooks.show")
"""What is a page that people read."""
TOLD: Final = (
    *PAGES,
    "metrics.query",
    "metrics.compare",
    "metrics.explain",
    "logs.search",
    "traces.search",
    "traces.show",
    "status.overview",
    "services.show",
    "slo.status",
    "cost.report",
    "deploys.list",
    "knowledge.ask",
    "runbooks.list",
    "recommend.improve",
    "memory.show",
    "memory.forget",
    "history.list",
    *(f"watches.{verb}" for verb in ("create", "list", "show", "test", "pause", "resume", "delete", "tune")),
    *(f"alerts.{verb}" for verb in ("list", "show", "acknowledge", "unacknowledge", "resolve", "judge", "digest")),
    *(f"alerts.{verb}" for verb in ("silence", "unsilence", "silences")),
)
"""Operations whose output begins with a sentence and needs no title."""
MOST_FINDINGS: Final = 7
MOST_LINES: Final = 25
MOST_SERIES: Final = 10
MOST_PIECE, MOST_CODE = 2_900, 2_800


@presents_output(*(each for each in TOLD if each not in PAGES))
def told(output: Row, scene: Scene) -> Part:
    findings = [str(each) for each in output.get("findings") or ()]
    blocks = _summary(output)
    if findings:
        said = "\n".join(f"• {escape(each)}" for each in findings[:MOST_FINDINGS])
        blocks.append(section(cut(_placed(said, output), 2_900)))
    if repaired := output.get("repaired"):
        blocks.append(context(f"✏️ The query did not parse, and was mended; it was {code(cut(str(repaired), 600))}"))
    blocks += _trouble(output)
    more = [section(f"• {cut(escape(each), 600)}") for each in findings[MOST_FINDINGS:]]
    return Part(blocks, [*more, *_details(output, scene)])


@presents_output(*PAGES)
def page(output: Row, _: Scene) -> Part:
    """The part that matters most at once; behind it all of them, as one reads a page."""
    parts = output.get("sections") or ()
    chief = [*_summary(output), *_lines(output.get("findings") or ()), *_trouble(output)]
    whole = [block for each in parts for block in _part(each)]
    return Part(chief, whole)


def _part(each: Row) -> list[Block]:
    heading = str(each.get("heading") or "")
    return [*([section(cut(bold(heading), 2_900))] if heading.strip() else []), *_lines(each.get("lines") or ())]


def _lines(lines: Iterable[str]) -> list[Block]:
    """Code as it stands, all else as text; what is too long for one block goes on in the next."""
    blocks: list[Block] = []
    for is_code, group in groupby(map(str, lines), _is_code):
        if is_code:
            blocks += [preformatted(piece) for text in group for piece in pieces(text, MOST_CODE)]
        else:
            blocks += [section(piece) for piece in pieces("\n".join(map(escape, group)), MOST_PIECE)]
    return blocks


def _is_code(line: str) -> bool:
    """Of all that a page says, only code still has line breaks and indents."""
    return line != " ".join(line.split())


def _summary(output: Row) -> list[Block]:
    said = bold(str(output.get("summary") or "There is nothing to show."))
    return [section(cut(_placed(said, output), 2_900))]


def _placed(said: str, output: Row) -> str:
    """The channels that watches speak in and silences are for, by the names that readers know."""
    of_channels = (*(output.get("watches") or ()), *(output.get("silences") or ()))
    for place in {str(each.get("channel", "")) for each in of_channels}:
        if CHANNEL.fullmatch(place):
            said = re.sub(rf"\b{place}\b", channel(place), said)
    return said


@presents_output("dashboards.generate")
def dashboard(output: Row, _: Scene) -> Part:
    """The model itself comes as a file."""
    panels = [f"• {cut(escape(str(each.get('title', ''))), 150)}" for each in output.get("model", {}).get("panels", ())]
    head = f"A dashboard of {count(int(output.get('panels') or 0), 'panel')}, {bold(str(output.get('title', '')))}:"
    how = "The file below goes into Grafana under *Dashboards → New → Import*; it asks for your sources there."
    return Part([section(cut("\n".join([head, *panels]), 2_900)), context(how)], [])


def _trouble(output: Row) -> list[Block]:
    """Sources that gave nothing, too little, or something old."""
    words = {"down": "gave no answer", "stale": "is down; this is older", "partial": "gave only a part"}
    said = [
        f"⚠️ {escape(str(each.get('name', '')))} {words[each['state']]}"
        + (f": {cut(escape(str(each['note'])), 300)}" if each.get("note") else "")
        for each in output.get("sources") or ()
        if each.get("state") in words
    ]
    return [context(cut("\n".join(said), 1_800))] if said else []


def _details(output: Row, _: Scene) -> list[Block]:
    """What is behind the summary, by the kind of answer."""
    blocks: list[Block] = []
    for each in (output.get("figures") or ())[:MOST_SERIES]:
        named = {name: value for name, value in each.items() if value is not None and name != "name"}
        blocks += [section(bold(str(each.get("name", "")))), *fields(pairs(named))]
    for each in output.get("suspects") or ():
        blocks.append(section(cut(_suspect(each), 2_900)))
    for each in output.get("ruled_out") or ():
        said = f"Ruled out: {bold(str(each.get('service', '')))}, {escape(str(each.get('reason', '')))}"
        blocks.append(section(cut(said, 2_900)))
    for each in output.get("patterns") or ():
        examples = "\n".join(str(line) for line in (each.get("examples") or ())[:3])
        head = f"{each.get('occurrences', 0):,} × {code(cut(str(each.get('template', '')), 400))}"
        blocks += [section(head), *([preformatted(cut(examples, 1_500))] if examples else [])]
    if lines := output.get("lines"):
        shown = "\n".join(f"{str(each['at'])[11:23]} {each['level']:5} {each['text']}" for each in lines[:MOST_LINES])
        blocks += [section("*The newest lines* (UTC)"), preformatted(cut(shown, 2_800))]
    for each in output.get("bottlenecks") or ():
        where = bold(f"{each.get('service', '')} {each.get('name', '')}")
        blocks.append(section(cut(f"{where}: {100 * each['share']:.0f} % · {escape(each['recommendation'])}", 1_500)))
    return blocks


def _suspect(each: Row) -> str:
    lines = [f"{bold(str(each.get('service', '')))} · confidence {100 * float(each.get('confidence') or 0):.0f} %"]
    lines += [f"＋ {escape(str(reason.get('words', '')))}" for reason in each.get("speaks_for") or ()]
    lines += [f"− {escape(str(reason.get('words', '')))}" for reason in each.get("speaks_against") or ()]
    return "\n".join(lines)
