"""Log templates beside drain3, as it comes and with masks: grouping accuracy on Loghub-2k, and lines a second.

The folder of the scorer is named by `BENCH_DATA` (it holds `loghub/`); without it only the speed is measured.
"""

from __future__ import annotations

import asyncio
import csv
import os
import random
import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from importlib import import_module
from pathlib import Path
from time import process_time

from tests.benchmarks.adapters import loghub_groups

Grouper = Callable[[Sequence[str]], Sequence[Hashable]]

GA_AIM, FGA_AIM, RATE_AIM = 0.87, 0.85, 20_000
FEW, MANY = 16_000, 200_000
MASKS = (
    (r"((?<=[^A-Za-z0-9])|^)(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})((?=[^A-Za-z0-9])|$)", "IP"),
    (r"((?<=[^A-Za-z0-9])|^)(0x[a-f0-9A-F]+)((?=[^A-Za-z0-9])|$)", "HEX"),
    (r"((?<=[^A-Za-z0-9])|^)([\-\+]?\d+)((?=[^A-Za-z0-9])|$)", "NUM"),
)
INVENTED = (
    "GET /v1/orders/8812/items 200 in 31 ms",
    "payment 5521 of 99.50 EUR accepted by gateway 3",
    "retrying connection to 10.0.3.17:5432, attempt 2 of 5",
    'level=info msg="cache miss" key=user:4711 took=3ms',
    '{"level": "error", "msg": "upstream timed out after 1500 ms", "trace_id": "7f3a9b2c1d4e5f60"}',
)


def drain(masks: Sequence[tuple[str, str]] = ()) -> Grouper:
    """The peer, an extra that is there for this alone."""
    masking, miners = import_module("drain3.masking"), import_module("drain3.template_miner")
    configs = import_module("drain3.template_miner_config")

    def groups(lines: Sequence[str]) -> list[Hashable]:
        config = configs.TemplateMinerConfig()
        config.masking_instructions = [masking.MaskingInstruction(*each) for each in masks]
        miner = miners.TemplateMiner(config=config)
        return [miner.add_log_message(line)["cluster_id"] for line in lines]

    return groups


def sides() -> dict[str, Grouper]:
    try:
        peers = {"drain3 as it comes": drain(), "drain3 with masks": drain(MASKS)}
    except ModuleNotFoundError:
        print("Log templates: drain3 is not installed (the extra `bench`), so ours stand alone")
        peers = {}
    return {"ours": loghub_groups, **peers}


def read(folder: Path) -> dict[str, tuple[list[str], list[str]]]:
    """Of each system its messages and their true events."""
    found = {}
    for path in sorted(folder.glob("*/*_2k.log_structured.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        found[path.parent.name] = ([row["Content"] for row in rows], [row["EventId"] for row in rows])
    return found


def accuracy(truth: Sequence[Hashable], said: Sequence[Hashable]) -> tuple[float, float]:
    """GA: the share of lines whose group is exactly the true one; FGA: F1 over exact groups."""
    true_groups, said_groups = defaultdict(set), defaultdict(set)
    for at, (true, group) in enumerate(zip(truth, said, strict=True)):
        true_groups[true].add(at)
        said_groups[group].add(at)
    exact = [lines for lines in said_groups.values() if true_groups[truth[min(lines)]] == lines]
    return sum(map(len, exact)) / len(truth), 2 * len(exact) / (len(said_groups) + len(true_groups))


def rate(groups: Grouper, lines: Sequence[str]) -> float:
    began = process_time()
    groups(lines)
    return len(lines) / (process_time() - began)


def changed(lines: Sequence[str], count: int) -> list[str]:
    """So many lines, each with other numbers."""
    dice = random.Random(7)
    return [
        re.sub(r"\d+", lambda found: str(dice.randrange(10 ** len(found.group()))), lines[at % len(lines)])
        for at in range(count)
    ]


async def main() -> None:
    """Prints the table."""
    data = read(Path(os.environ["BENCH_DATA"]) / "loghub") if os.environ.get("BENCH_DATA") else {}
    if not data:
        print("Log templates: BENCH_DATA names no folder with loghub/, so no accuracy, and invented lines")
    lines = [line for messages, _ in data.values() for line in messages] or changed(INVENTED, FEW)
    many = changed(lines, MANY)
    print(f"Log templates, {len(data)} systems; lines a second of processor time, the second of {MANY:,} lines")
    for name, groups in sides().items():
        scores = [accuracy(truth, groups(messages)) for messages, truth in data.values()]
        table = "".join(f" {system} {score[0]:.3f}/{score[1]:.3f}" for system, score in zip(data, scores, strict=True))
        mean = [sum(column) / len(scores) for column in zip(*scores, strict=True)] if scores else []
        said = f"GA {mean[0]:.3f}   FGA {mean[1]:.3f}   " if mean else ""
        print(f"  {name:<20} {said}{rate(groups, lines):9,.0f} lines/s   {rate(groups, many):9,.0f} lines/s{table}")
    print(f"  aim GA ≥ {GA_AIM:g}, FGA ≥ {FGA_AIM:g}, ≥ {RATE_AIM:,} lines/s\n")


if __name__ == "__main__":
    asyncio.run(main())
