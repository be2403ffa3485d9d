"""Which operation a shape speaks for: one line for each construction, with how far it can be trusted.

A construction is a set of features that must all be there (`a|b` is either of them, `!a` must not be there). The
strongest one that fits speaks for its operation; several that fit make no sum, so that many weak signs are no strong one.
"""

# ruff: noqa: E501  tables and patterns read best a line each

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

_TABLE: Final = """
workflows.define   .970  do:make|f:desire  n:workflow  f:sequence|f:schedule|f:steps
workflows.define   .955  n:workflow  x:new
workflows.define   .960  do:make  n:workflow  !n:incident
workflows.define   .977  x:list  do:make|do:run|f:desire  !f:question
workflows.define   .955  do:make  e:workflow  !n:tests
workflows.define   .979  f:schedule  f:steps  !f:when
workflows.define   .952  f:schedule  do:run|do:deploy|do:wait|do:make|do:revert|do:book|do:adjust  !f:question  !f:when
workflows.define   .975  f:sequence  !f:question  !f:when
workflows.define   .930  do:make  n:gap
workflows.define   .980  x:colon
workflows.define   .977  x:routine  x:first|n:workflow|f:sequence|f:schedule|f:steps  !f:question  !f:when
workflows.define   .940  x:first  !f:?  !f:polar  !f:when  !n:logs  !n:traces  !e:metric
workflows.start    .970  do:run  e:workflow  !f:sequence
workflows.start    .955  pp:run  e:workflow
workflows.start    .930  do:run  n:workflow  !n:tests
workflows.start    .700  e:workflow  x:fragment
workflows.start    .880  e:workflow  f:desire  !do:stop  !pp:stop  !f:question
workflows.start    .900  e:workflow  f:again|x:now  !f:question  !n:progress
workflows.start    .938  e:workflow  x:now  v:run  !f:?  !f:wh  !n:progress
workflows.start    .840  e:workflow  do:adjust|do:deploy  !f:question
workflows.status   .960  e:workflow|e:execution  x:going
workflows.status   .960  e:execution  n:progress|f:question|do:show  !do:stop  !do:run
workflows.status   .900  e:execution  !do:stop  !do:run
workflows.status   .950  e:workflow  n:progress  !do:run  !do:stop  !f:when
workflows.status   .935  e:workflow  f:question  !do:run  !pp:run  !do:stop  !pp:stop  !f:when  !n:runbook
workflows.status   .930  n:workflow  n:progress  f:question|do:show  !e:workflow  !n:help
workflows.status   .900  n:workflow  do:show|f:question  !n:why  !do:stop  !pp:stop
workflows.status   .880  n:progress  h:workflow  f:question  x:short  !n:logs  !n:traces  !e:service
workflows.status   .860  x:progress  f:question  x:short
workflows.cancel   .975  do:stop  e:workflow|e:execution
workflows.cancel   .960  do:stop  n:workflow|n:run
workflows.cancel   .950  pp:stop  e:workflow|e:execution|n:workflow
workflows.cancel   .940  do:stop  h:workflow|h:acting
workflows.cancel   .820  do:stop  f:it  !f:question
workflows.cancel   .950  x:needless  e:workflow|e:execution|n:workflow|n:run|h:workflow  !f:question
workflows.cancel   .930  f:desire  ing:stop|v:stop  e:workflow|e:execution
incidents.declare  .975  do:declare  n:incident  !e:incident  !n:postmortem  !n:incidents
incidents.declare  .965  do:declare  x:incident  !e:incident  !n:postmortem  !n:incidents  !h:incident
incidents.declare  .950  ing:declare  x:incident  !f:question  !e:incident  !n:incidents
incidents.declare  .960  f:desire  x:incident  !e:incident  !do:show  !do:update  !do:resolve  !n:postmortem  !n:incidents  !f:question
incidents.declare  .950  do:page  !do:run  !f:when  !n:alert  x:who
incidents.declare  .960  x:declare  !f:question  !e:incident  !n:incidents  !f:when
incidents.declare  .974  do:declare  n:incident  e:severity  !e:incident  !n:postmortem  !f:question
incidents.declare  .930  pp:declare  x:incident
incidents.declare  .925  e:severity  !e:incident  !f:question  !do:show  !do:update  !n:incidents  !h:incident  !n:alert
incidents.declare  .880  x:outage  x:alarm  !f:question
incidents.declare  .900  x:incident  x:alarm  !f:question  !e:incident  !n:incidents
incidents.update   .985  x:notehead  !f:question
incidents.update   .984  x:logof  !f:question
incidents.update   .955  x:said  !f:question  !x:close  !do:resolve
incidents.update   .976  e:incident  x:status  !f:question  !n:postmortem
incidents.update   .965  e:incident  e:severity|x:status|x:role|e:user  !f:question
incidents.update   .970  e:incident  do:update  e:severity|x:status|x:role|e:user
incidents.update   .965  e:incident  do:update  !n:postmortem  !do:resolve  !x:close
incidents.update   .960  e:incident  x:note
incidents.update   .955  n:incident|h:incident  do:update  e:severity|w:severity|x:status|x:role|x:note|e:user  !n:deploy
incidents.update   .945  n:incident|h:incident  x:note
incidents.update   .935  h:incident  e:severity|x:status|x:role  !f:question
incidents.update   .930  n:incident  do:update  !do:make  !n:postmortem
incidents.update   .930  e:user  x:role
incidents.update   .935  x:role  h:incident  !f:question
incidents.update   .930  do:update  x:sevword  !n:alert
incidents.update   .900  x:note  do:update
incidents.resolve  .975  do:resolve  e:incident  !n:postmortem
incidents.resolve  .979  x:close  e:incident|n:incident|h:incident  !f:question
incidents.resolve  .960  do:resolve  n:incident|h:incident  !do:book
incidents.resolve  .950  pp:resolve  e:incident|n:incident|h:incident
incidents.resolve  .820  do:resolve  f:it
incidents.resolve  .940  e:incident|h:incident  x:done  !f:question  !x:note  !x:said
incidents.resolve  .940  e:incident  x:fixed  !f:question
incidents.resolve  .930  h:incident  x:fixed  !f:question
incidents.postmortem  .985  n:postmortem  e:incident|n:incident|h:incident|do:make|f:desire|do:run|do:suggest|do:show|do:declare  !do:investigate
incidents.postmortem  .930  n:postmortem
incidents.show     .920  e:incident
incidents.show     .962  e:incident  f:question|do:show
incidents.show     .962  x:the  do:show|f:question  !e:incident  !n:postmortem  !x:status  !n:why
incidents.show     .930  n:timeline  n:incident|h:incident  !n:incidents  !do:update  !x:status
incidents.show     .930  f:question  h:incident  x:role|x:status
incidents.list     .970  n:incidents  do:show|f:question|do:search  !n:postmortem
incidents.list     .966  x:many  !e:incident  !do:declare  !n:postmortem  !f:when  !n:alert
incidents.list     .880  n:incidents
incidents.list     .930  n:incident  f:polar|do:show  !e:incident  !n:postmortem  !do:declare
incidents.list     .940  e:severity  f:question|do:show  n:incident|x:sev  !e:incident  !n:alert
incidents.list     .870  n:incident  x:fragment  !e:incident
incidents.list     .930  f:wh  n:incident  !e:incident  !n:timeline
runbooks.run       .975  do:book  !f:when  !f:sequence
runbooks.run       .970  do:run  e:runbook|n:runbook
runbooks.run       .940  pp:run  e:runbook|n:runbook  !f:wh
runbooks.run       .940  x:book
runbooks.run       .900  e:runbook  f:desire  !f:question
runbooks.run       .800  e:runbook  x:fragment
runbooks.run       .930  e:runbook  n:runbook  !f:question  !do:show  !do:search
runbooks.list      .975  n:runbook  do:show|f:question|do:search  !do:run  !pp:run
runbooks.list      .975  n:runbook  f:wh
runbooks.list      .930  n:runbook  n:everything  !do:run
runbooks.list      .860  n:runbook  x:fragment  !do:run
runbooks.list      .930  n:runbook  f:desire|f:polar  !do:run  !pp:run  !e:runbook
approvals.list     .965  n:approval  !n:workflow  !f:sequence  !do:make  !do:deploy  !do:book  !do:scale  !do:revert
approvals.list     .930  do:approve|v:approve  !do:make  !f:sequence
approvals.list     .940  pp:approve|ed:approve  f:question
alerts.list        .960  n:alert  f:question|do:show  !f:when  !do:make
alerts.list        .930  n:alert  !f:when  !do:make  !do:watch  !do:declare
alerts.list        .930  n:alert  f:desire  do:show  !f:when
watches.create     .985  f:when  !f:sequence
watches.create     .965  do:watch  !f:question
watches.create     .965  do:make|do:declare|f:desire  n:alert|n:watch  x:limit|x:if|e:metric  !n:incident  !f:polar
watches.create     .900  x:warn  !f:question
watches.create     .965  do:adjust|do:update  n:alert  x:limit|e:metric  !n:incident  !e:incident  !f:question
watches.create     .930  do:make  n:watch|n:alert  !f:question  !n:incident  !n:postmortem
watches.create     .930  pp:watch|ing:watch  f:desire  !f:question
watches.list       .968  n:watch  do:show|f:question  !f:when
watches.list       .970  n:alert|n:watch  x:mine  f:question|do:show  !f:when  !do:make
watches.list       .987  ing:watch  f:wh  x:bot  !f:when  !e:incident
watches.list       .900  n:watch  x:fragment
watches.list       .968  ing:watch  f:question  !f:when  !n:incidents  !e:incident
slo.status         .968  n:slo  !f:compare  !f:than  !f:when  !f:why
slo.status         .984  n:slo  x:meeting  !f:when  !f:why
slo.status         .960  e:percent  e:metric  x:meeting  f:polar  !f:when
slo.status         .940  n:slo  f:when
slo.status         .900  e:percent  e:metric  x:meeting
cost.report        .955  x:cost  f:question|do:show|do:make|f:desire|n:money  !f:compare  !f:than  !f:when  !do:improve
cost.report        .950  n:cost  f:question|do:show|f:desire|e:time_range  !f:compare  !f:when  !do:improve
cost.report        .920  x:cost  !f:compare  !f:than  !f:when  !do:improve
tests.coverage     .975  n:coverage  !do:make
tests.coverage     .976  ed:test  f:wh  !do:run  !x:progress
tests.coverage     .930  n:tests  f:polar  !do:make  !do:run  !pp:make  !pp:run  !v:make  !e:suite  !x:progress
tests.coverage     .930  n:coverage  do:make  n:money|n:report
tests.generate     .978  do:make  n:tests|e:test_kind  !n:workflow  !f:sequence  !n:postmortem
tests.generate     .979  do:suggest  n:tests|e:test_kind
tests.generate     .940  pp:make  n:tests
tests.generate     .930  f:desire  n:tests  !do:run  !pp:run  !f:question  !n:coverage  !do:show
tests.generate     .930  x:newtests  e:service|e:endpoint  !do:run  !n:coverage
tests.generate     .905  do:adjust  n:tests  !do:run  !do:deploy
tests.generate     .930  v:make  n:tests  f:question  !do:run  !n:coverage
tests.run          .975  do:run  n:tests|e:suite  !e:workflow  !f:sequence  !f:schedule
tests.run          .975  do:run  h:tests  !e:workflow  !n:workflow  !n:runbook
tests.run          .977  x:through  n:tests|e:suite  !do:make  !e:workflow  !f:sequence
tests.run          .957  e:suite  x:suite  do:test  !do:make  !f:question  !f:sequence  !e:workflow
tests.run          .957  e:suite  !e:test_kind  do:adjust|do:update|f:desire|do:show  !do:make  !f:question  !f:sequence  !e:workflow  !n:coverage
tests.run          .945  pp:run  n:tests|e:suite
tests.run          .900  do:test
tests.run          .935  do:show|do:search  x:vulnerable
tests.run          .700  e:suite  x:fragment  !n:coverage
tests.run          .900  n:tests|e:suite  f:again  !do:make  !f:question
tests.run          .930  v:run  n:tests  !do:make  !f:question  !do:deploy
deploy.start       .970  do:deploy  !n:deploys  !e:workflow
deploy.start       .965  x:motion  x:order  e:version|n:deploy  !x:past  !n:tests  !e:metric  !f:when  !x:revert  !do:revert
deploy.start       .930  x:motion  x:order  e:service|f:it  !x:past  !n:tests  !e:metric  !f:when  !x:revert  !do:revert  !n:logs  !n:traces  !f:wh
deploy.start       .940  x:motion  e:version  !x:past  !f:question  !e:metric
deploy.start       .955  do:adjust|do:make  e:version  e:environment|x:live  e:service  !do:revert  !n:tests  !f:question
deploy.start       .930  do:update|do:adjust|do:scale  e:service  e:version  !f:question  !e:incident  !do:revert  !x:revert
deploy.start       .940  pp:deploy  e:service|e:version|e:environment|f:it
deploy.start       .955  e:service  e:version  e:environment  x:get  !f:question  !e:metric  !n:logs  !n:traces  !x:revert  !e:quantile
deploy.start       .950  x:could  e:service|f:it  e:version  e:environment  !e:metric  !n:logs  !n:traces  !x:revert  !n:tests
deploy.start       .900  x:live  e:service|e:version|f:it|h:deploy  !f:question  !x:revert
deploy.start       .900  e:service  e:version  e:environment  x:fragment  !e:metric  !f:compare
deploy.start       .900  e:service  e:version  x:to  !f:question  !e:metric  !f:compare  !do:show  !do:revert
deploy.start       .920  f:desire  e:service  e:version  !f:question  !e:metric  !n:tests
deploy.start       .890  do:run  n:deploy  !n:tests  !f:question
deploy.start       .900  f:desire  n:deploy  e:environment  e:service  !f:question
deploy.rollback    .978  do:revert  !e:incident  !do:book
deploy.rollback    .950  pp:revert
deploy.rollback    .955  x:revert  e:service  e:version  !f:question
deploy.rollback    .920  x:revert  !f:question
deploy.rollback    .930  f:desire  v:revert|n:revert  !f:question
scale.service      .975  do:scale  !e:runbook
scale.service      .960  e:replicas  do:adjust|f:desire|do:scale|do:run  !f:question
scale.service      .930  e:replicas  e:service  !f:question
scale.service      .940  pp:scale  !f:question|f:polar
scale.service      .930  e:factor  do:adjust|f:desire  !e:severity  !f:when
scale.service      .930  e:factor|w:factor  do:adjust|f:desire  n:capacity  !f:when  !f:question
scale.service      .930  e:factor  n:capacity
scale.service      .920  e:factor  e:service  !f:question  !e:metric  !f:when
scale.service      .930  x:more  x:replicas  !f:question  !do:show  !e:metric  !w:metric  !n:logs
scale.service      .955  e:factor|e:replicas  do:scale
scale.service      .930  do:adjust|do:scale  x:tonumber  e:service  !e:metric  !w:metric  !e:version  !e:quantile  !f:question
scale.service      .920  do:adjust  x:replicas  !f:question
scale.service      .925  h:scale  x:number  !f:question
logs.search        .972  n:logs  !n:why  !do:note  !f:compare  !x:note
logs.search        .940  n:logs  n:why  do:search|do:show
logs.search        .975  do:search  n:logs
logs.search        .970  do:grep
logs.search        .950  do:search  x:pattern  e:service|e:environment|e:instance  !n:traces
logs.search        .950  do:search|do:show  e:pattern  !n:traces  !n:runbook
logs.search        .930  e:pattern  n:lines|f:question  !n:traces  !do:run  !do:declare
logs.search        .900  n:lines  do:show|do:search|f:question  !n:traces  !f:note
logs.search        .920  x:pattern  n:lines
logs.search        .935  do:search|do:show|f:polar  x:exceptions  !n:why
traces.search      .978  n:traces  !n:why  !f:compare
traces.search      .950  n:traces  n:why
traces.search      .935  h:traces  e:duration_threshold  !f:when
traces.search      .975  e:trace_id
traces.search      .940  do:search|do:show|f:question  e:duration_threshold  n:requests  !f:when
traces.search      .935  do:search|do:show|f:question  x:slowest  n:requests
traces.search      .930  e:duration_threshold  n:requests  !f:when  !f:desire
traces.search      .900  do:search  n:requests  n:failed
metrics.compare    .982  f:compare  !do:make  !do:deploy  !f:when
metrics.compare    .965  f:than  !f:when  !n:why  !do:improve  !do:deploy
metrics.compare    .968  x:two  e:metric|e:quantile|w:metric  !f:when  !do:deploy  !x:why
metrics.compare    .972  f:choice  !f:when  !do:deploy
metrics.explain    .978  n:why  f:wh  e:metric|w:metric|e:service|f:it|e:environment|e:incident|h:any  !n:help  !n:traces  !n:logs
metrics.explain    .970  x:why
metrics.explain    .965  x:goingon  e:metric|w:metric|x:symptom
metrics.explain    .972  n:why  f:?  e:metric|w:metric|x:symptom  !n:help
metrics.explain    .955  do:investigate  !n:tests
metrics.explain    .930  n:why  e:metric|w:metric|e:service  !do:make
recommend.improve  .980  f:how  do:improve|v:improve  e:metric|w:metric|e:service|f:it|h:any|n:cost
recommend.improve  .979  x:wherewe  do:improve|v:improve  e:metric|w:metric|e:service|f:it|h:any|n:cost  !f:hypothetical
recommend.improve  .976  n:advice  !e:test_kind  !f:why  !n:runbook  !n:postmortem  !x:why
recommend.improve  .960  do:improve  e:metric|w:metric|x:cost  !e:replicas  !x:replicas  !e:severity  !do:book
recommend.improve  .930  do:suggest
metrics.query      .940  e:metric  f:question|do:show|f:desire|e:service|e:environment|e:instance|e:endpoint
metrics.query      .955  e:metric  e:quantile|e:aggregation|e:service|e:instance|e:endpoint  f:question|do:show
metrics.query      .900  e:metric
metrics.query      .955  e:quantile  f:question|do:show
metrics.query      .940  e:quantile
metrics.query      .870  w:metric  e:service|e:environment|e:instance|e:endpoint
metrics.query      .930  w:metric  f:question  e:service|e:instance|e:endpoint
metrics.query      .900  w:metric  f:question|do:show|f:desire
metrics.query      .780  w:metric
metrics.query      .900  x:frequency
metrics.query      .860  x:symptom  e:service|e:environment
status.overview    .950  n:health  e:service|e:environment|n:everything|n:service  f:question|do:show  !e:metric  !e:version  !w:metric
status.overview    .900  n:health  e:service|e:environment|n:everything|n:service  f:question|do:show  !e:metric
status.overview    .900  n:health  e:service|e:environment|n:everything  !e:metric
status.overview    .930  x:going  e:service|e:environment|n:everything  !e:metric
status.overview    .930  f:wh  x:how  e:service|e:environment|n:everything  !e:metric
status.overview    .930  n:version  f:question|do:show  e:service|e:environment  !e:metric  !do:deploy
status.overview    .900  n:deploys  f:question|do:show
status.overview    .890  n:status  f:question|do:show
status.overview    .860  n:status  x:short  x:bare  !h:workflow
status.overview    .870  f:polar  x:symptom  e:service|e:environment  x:short  !e:metric  !w:metric
status.overview    .840  f:polar  e:service|e:environment  x:short  !e:metric
status.overview    .870  x:check  e:service|e:environment
status.overview    .880  n:posture  do:show|f:question|do:make  !e:runbook
status.overview    .700  e:service  do:show
status.overview    .550  e:service|e:environment  x:fragment
help.show          .985  n:help  x:bot  !n:advice  !e:metric  !n:logs
help.show          .972  x:able  !e:service
help.show          .970  n:help  x:short
help.show          .930  n:help  f:question|do:show  !e:service
help.show          .972  f:how  !do:improve  !v:improve  !n:advice
help.show          .930  f:hypothetical
chat.smalltalk     .975  n:greeting  x:greeting
chat.smalltalk     .975  n:thanks  x:bare
chat.smalltalk     .986  n:thanks  x:bare  n:help
chat.smalltalk     .970  n:dismiss  x:bare
chat.smalltalk     .900  n:thanks|n:dismiss  !f:question
chat.smalltalk     .750  x:bare
"""


@dataclass(frozen=True, slots=True)
class Construction:
    """An operation, and how far it can be trusted; `text` says what must be there."""

    operation: str
    strength: float
    text: str = ""


class _Masks(dict[str, int]):
    """Features as bits of one number, so that a construction is a few `and`s."""

    def __missing__(self, feature: str) -> int:
        bit = self[feature] = 1 << len(self)
        return bit

    def of(self, features: Iterable[str]) -> int:
        mask = 0
        for each in features:
            mask |= self[each]
        return mask


_MASKS: Final = _Masks()


def _read() -> Iterator[tuple[Construction, tuple[int, ...], int, tuple[str, ...]]]:
    for line in _TABLE.strip().splitlines():
        operation, strength, *terms = line.split()
        wanted = [term.split("|") for term in terms if term[0] != "!"]
        bars = _MASKS.of(name for term in terms if term[0] == "!" for name in term[1:].split("|"))
        rarest = min(wanted, key=lambda names: (any(each[0] in "fh" for each in names), len(names)))
        made = Construction(operation, float(strength), " + ".join(terms))
        yield made, tuple(_MASKS.of(names) for names in wanted), bars, tuple(rarest)


_CONSTRUCTIONS: Final = tuple(sorted(_read(), key=lambda each: -each[0].strength))
_BY_FEATURE: Final[dict[str, list[int]]] = {}
for _place, _each in enumerate(_CONSTRUCTIONS):
    for _feature in _each[3]:
        _BY_FEATURE.setdefault(_feature, []).append(_place)


def spoken_for(has: Iterable[str]) -> dict[str, Construction]:
    """For each operation the strongest construction that fits."""
    bits = 0
    places: set[int] = set()
    for name in has:
        bits |= _MASKS.get(name, 0)
        places.update(_BY_FEATURE.get(name, ()))
    found: dict[str, Construction] = {}
    for place in sorted(places):
        each, needs, bars, _ = _CONSTRUCTIONS[place]
        if not bits & bars and each.operation not in found:
            for need in needs:
                if not bits & need:
                    break
            else:
                found[each.operation] = each
    return found
