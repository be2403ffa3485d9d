"""What to guess where no construction fits well: a small sum of what is named, for each operation that only reads."""

# ruff: noqa: E501  a table reads best a line each

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from bot.language.constructions import Construction

ENOUGH: Final = 2
"""Points from which on it is a guess, and no noise."""
LOW, EACH, HIGH = 0.45, 0.05, 0.68
_TABLE: Final = """
metrics.query      e:metric 3  w:metric 2  e:quantile 3  e:aggregation 1  e:service 1  e:instance 2  e:endpoint 2  e:time_range 1  x:symptom 1
logs.search        n:logs 3  n:lines 2  e:level 1  w:level 1  x:pattern 2  e:pattern 2  x:exceptions 3  e:service 1
traces.search      n:traces 3  n:requests 1  e:trace_id 4  e:duration_threshold 2  e:service 1
status.overview    n:health 1  n:status 1  n:version 1  e:service 2  e:environment 2  n:everything 1  x:check 1  n:deploys 2
slo.status         n:slo 3  x:meeting 1  e:service 1  e:percent 1
alerts.list        n:alert 3  e:service 1  e:severity 1
incidents.list     n:incidents 3  n:incident 2  x:many 1
incidents.show     e:incident 4
approvals.list     n:approval 3  v:approve 2  ed:approve 2
cost.report        n:cost 3  n:money 2  m:cost 3
tests.coverage     n:coverage 3  n:tests 2  e:service 1
workflows.status   e:execution 4  e:workflow 3  n:workflow 2  n:progress 1
runbooks.list      n:runbook 3  e:runbook 2
watches.list       n:watch 3  x:mine 1
metrics.explain    n:why 2  x:why 3  x:symptom 1  e:metric 1  e:service 1
recommend.improve  n:advice 3  v:improve 2  e:metric 1  e:service 1
"""
_POINTS: Final[dict[str, dict[str, int]]] = {
    operation: {feature: int(points) for feature, points in zip(rest[::2], rest[1::2], strict=True)}
    for operation, *rest in (line.split() for line in _TABLE.strip().splitlines())
}


def guessed(has: Collection[str]) -> Construction | None:
    """The operation that most of what is named speaks for; never one that changes something."""
    sums = {name: sum(points for each, points in table.items() if each in has) for name, table in _POINTS.items()}
    best = max(sums, key=lambda name: sums[name])
    if sums[best] < ENOUGH:
        return None
    return Construction(best, min(HIGH, LOW + EACH * sums[best]), "what is named speaks for it")
