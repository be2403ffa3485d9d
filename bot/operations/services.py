"""Services and environments: how they are, what they promised, what they cost, what was deployed."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from bot.catalogue import Service
from bot.door.context import Context
from bot.door.operation import Input, Output, operation
from bot.errors import NotFound
from bot.observatory import budgets, portraits, spending, standing
from bot.observatory.observatory import Observatory
from bot.operations.observing import About, Environment, scope_of, window_of
from bot.operations.status import NoInput
from bot.telemetry.vocabulary import Scope


class In(Input):
    """Which environment."""

    environment: Environment = Field("production", description="Where to look.")


@operation(
    "status.overview",
    title="State of an environment",
    permission="metrics:read",
    timeout=30,
    examples=("state of production", "how is production?", "is everything okay in staging?"),
)
async def overview(wanted: In, context: Context) -> standing.OverviewAnswer:
    """Every service of an environment at a glance: well, uneasy or failing, and why; and the last deploys."""
    return await standing.overview(context.get(Observatory), wanted.environment, context.now, context.identity.timezone)


class Listed(Output):
    """A service in the list."""

    name: str
    title: str
    tier: int
    owner: str
    channel: str
    depends_on: list[str]
    objectives: int


class ServiceList(Output):
    """The catalogue."""

    services: list[Listed]


def _listed(service: Service) -> Listed:
    return Listed(
        name=service.name,
        title=service.title,
        tier=service.tier,
        owner=service.owner,
        channel=service.channel or "",
        depends_on=list(service.depends_on),
        objectives=len(service.slos),
    )


@operation(
    "services.list",
    title="Services",
    permission="metrics:read",
    examples=("list services", "which services are there?"),
)
async def list_services(_: NoInput, context: Context) -> ServiceList:
    """Every service of the catalogue: who owns it, how much it matters, what it needs."""
    return ServiceList(services=[_listed(each) for each in context.get(Observatory).catalogue.services])


class ShowInput(In):
    """Which service."""

    service: str = Field(description="The service, by name or alias.", max_length=100)


@operation("services.show", title="Service", permission="metrics:read", timeout=30, examples=("show service checkout",))
async def show_service(wanted: ShowInput, context: Context) -> portraits.ServiceAnswer:
    """One service: who owns it, what it needs and who needs it, its signals this hour, its version."""
    observatory = context.get(Observatory)
    return await portraits.portrait(
        observatory,
        observatory.service(wanted.service),
        wanted.environment,
        context.now,
        context.identity.timezone,
    )


class SloInput(In):
    """Whose objectives."""

    service: str = Field("", description="The service; all of them, if left out.", max_length=100)


@operation(
    "slo.status",
    title="Error budgets",
    permission="metrics:read",
    timeout=60,
    examples=("error budget of api-gateway", "slo status", "are we meeting our slos?"),
)
async def slo_status(wanted: SloInput, context: Context) -> budgets.SloAnswer:
    """Objectives: whether they are met, how much of each error budget is left, and how fast it burns."""
    observatory = context.get(Observatory)
    services = [observatory.service(wanted.service)] if wanted.service else list(observatory.catalogue.services)
    chosen = [each for each in services if wanted.environment in each.environments]
    if wanted.service and (away := observatory.away(Scope(services[0].name, wanted.environment))):
        raise NotFound(away, mend="Ask for one of the environments that it runs in.")
    await context.progress(f"counting {sum(len(each.slos) for each in chosen)} objectives")
    return await budgets.budgets(observatory, chosen, wanted.environment, context.now, context.identity.timezone)


class CostInput(About):
    """Whose cost, and when."""

    window: str = Field("last 24 hours", description="When.", max_length=120)
    by: Literal["model", "service"] = Field("model", description="What a row is.")


@operation(
    "cost.report",
    title="Cost of models",
    permission="metrics:read",
    timeout=30,
    examples=("what do the models cost?", "llm spend today", "cost report"),
)
async def cost_report(wanted: CostInput, context: Context) -> spending.CostAnswer:
    """What the models cost, by model or by service: against the time before, per million tokens, and in a month."""
    observatory = context.get(Observatory)
    return await spending.costs(
        observatory,
        scope_of(wanted, observatory),
        await window_of(wanted, context),
        wanted.by,
        context.now,
        context.identity.timezone,
    )


class DeploysInput(About):
    """Whose deploys, and when."""

    window: str = Field("last 7 days", description="When.", max_length=120)


@operation(
    "deploys.list",
    title="Deploys",
    permission="metrics:read",
    timeout=30,
    examples=("recent deploys", "what was deployed today?", "what changed in checkout?", "deployment frequency"),
)
async def deploys_list(wanted: DeploysInput, context: Context) -> standing.DeploysAnswer:
    """What was deployed, rolled back, scaled or restarted, the newest first."""
    observatory = context.get(Observatory)
    return await standing.deployed(
        observatory,
        scope_of(wanted, observatory),
        await window_of(wanted, context),
        context.now,
        context.identity.timezone,
    )
