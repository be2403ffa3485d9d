"""The Slack face, put together: what comes in, what answers it, what goes out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Final, Literal

import aiohttp
import structlog
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.agent.answers import AnswerStore
from bot.agent.cards import CardStore
from bot.agent.events import Trouble
from bot.agent.inbox import Delivery, Inbox
from bot.agent.preferences import PreferenceStore
from bot.agent.suspended import SuspendedStore
from bot.agent.turn import Turns
from bot.catalogue import Catalogue
from bot.dead_letters import DeadLetters
from bot.door.invoke import Door
from bot.door.registry import Registry
from bot.errors import ConfigurationError, CopilotError, Unavailable
from bot.guard.desk import ApprovalDesk
from bot.guard.people import People
from bot.guard.redaction import Redactor
from bot.guard.roles import RoleBook
from bot.ports import Clock
from bot.resilience import RetryPolicy, retry
from bot.watch.alerts import AlertCardStore, AlertStore
from handlers.alerts import AlertCards, Chart
from handlers.assistant import Assistant
from handlers.cards import Cards
from handlers.commands import Commands
from handlers.conversation import Conversation, Desk, Sessions
from handlers.deliveries import kind_of
from handlers.files import Files
from handlers.forms import Forms
from handlers.home import Home
from handlers.http import Part
from handlers.intake import Intake
from handlers.listeners import Listeners, whose
from handlers.outbox import Outbox
from handlers.pace import Rates
from handlers.people import SlackDirectory
from handlers.presses import Presses
from handlers.refused import SlackRefused, understood
from handlers.resuming import Resuming
from handlers.sockets import Sockets
from handlers.submissions import Submissions

GRACE: Final = 10.0
INTRODUCING: Final = RetryPolicy(attempts=5, initial=0.5, maximum=5)
SORRY: Final = "I am sorry, I could not do this, although I tried more than once."
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class SlackSettings:
    """What the face is told."""

    bot_token: SecretStr
    mode: Literal["socket", "http"]
    app_token: SecretStr | None
    api_url: str
    approvals_channel: str | None
    rate_factor: float


@dataclass(frozen=True, slots=True)
class Alerting:
    """What alerts are shown from."""

    cards: AlertCardStore
    alerts: AlertStore
    chart: Chart


@dataclass(frozen=True, slots=True)
class Brain:
    """What the face works with: the brain's rooms, and the stores."""

    door: Door
    turns: Turns
    registry: Registry
    catalogue: Catalogue
    roles: RoleBook
    people: People
    desk: ApprovalDesk
    dead_letters: DeadLetters
    inbox: Inbox
    answers: AnswerStore
    cards: CardStore
    sessions: Sessions
    suspended: SuspendedStore
    preferences: PreferenceStore
    redactor: Redactor
    clock: Clock
    replica: str
    metrics: CollectorRegistry
    alerting: Alerting | None = None
    """None is a bot that watches nothing."""


class SlackFace:
    """Everything of the bot that is Slack's."""

    def __init__(
        self, settings: SlackSettings, brain: Brain, directory: SlackDirectory, client: AsyncWebClient
    ) -> None:
        self._settings = settings
        self._brain = brain
        self._directory = directory
        self._client = client
        self.outbox = Outbox(client, brain.metrics, rates=Rates().times(settings.rate_factor))
        self.conversation = Conversation(
            Desk(
                brain.turns,
                brain.answers,
                brain.sessions,
                brain.people,
                brain.registry,
                self.outbox,
                brain.clock,
                brain.replica,
            )
        )
        forms = Forms(brain.registry, brain.catalogue, brain.roles, brain.redactor)
        self._forms = forms
        self._presses = presses = Presses(
            door=brain.door,
            conversation=self.conversation,
            forms=forms,
            outbox=self.outbox,
            answers=brain.answers,
            desk=brain.desk,
            people=brain.people,
            registry=brain.registry,
        )
        self._submissions = Submissions(forms, self.conversation, presses)
        self.cards = Cards(
            brain.cards,
            brain.desk,
            self.outbox,
            brain.registry,
            brain.clock,
            everywhere=settings.approvals_channel,
        )
        self.alerts = _alerts(brain, self.outbox)
        self.resuming = Resuming(brain.suspended, brain.desk, self.conversation, self.outbox, brain.replica)
        # What the receivers and the intake have seen to already, Bolt need not do again.

        async def authorize() -> AuthorizeResult:
            """Who we are, as Slack said when we came in."""
            if self._known is None:
                raise Unavailable("the bot has not signed in to Slack yet")
            return self._known

        # With the token in its client Bolt would ask auth.test itself, and drop what comes while Slack does not answer.
        self.bolt = AsyncApp(
            name="llm-copilot",  # else Bolt looks for one in the sources of the whole stack
            client=AsyncWebClient(base_url=settings.api_url, session=client.session),
            authorize=authorize,
            process_before_response=True,
            request_verification_enabled=False,
            ignoring_self_events_enabled=False,
            ssl_check_enabled=False,
            url_verification_enabled=False,
            attaching_function_token_enabled=False,
        )
        self.bolt.error(_keep_error)
        self._session = client.session
        assert self._session is not None
        Listeners(
            conversation=self.conversation,
            presses=presses,
            submissions=self._submissions,
            commands=Commands(self.conversation, presses, self.outbox, brain.registry),
            assistant=Assistant(self.outbox, brain.registry, brain.people, brain.roles),
            home=Home(
                door=brain.door,
                conversation=self.conversation,
                outbox=self.outbox,
                people=brain.people,
                roles=brain.roles,
                registry=brain.registry,
            ),
            files=Files(self._session, settings.bot_token.get_secret_value(), settings.api_url),
            forms=forms,
            registry=brain.registry,
            directory=directory,
            people=brain.people,
            preferences=brain.preferences,
        ).register(self.bolt)
        self.intake = Intake(
            brain.inbox,
            self.handle,
            brain.dead_letters,
            replica=brain.replica,
            clock=brain.clock,
            metrics=brain.metrics,
            gave_up=self._apologise,
        )
        self._sockets: Sockets | None = None
        self._known: AuthorizeResult | None = None

    # ------------------------------------------------------------ in and out

    async def introduce(self) -> None:
        """Check the token, and learn which workspace this is; Slack may be away for a moment."""

        async def ask() -> AsyncSlackResponse:
            try:
                return await self._client.auth_test()
            except Exception as error:
                raise understood(error, "auth.test") from error

        try:
            known = await retry(ask, INTRODUCING, what="auth.test")
        except SlackRefused as error:
            raise ConfigurationError(
                f"Slack does not know this bot: {error}",
                mend="Check LLM_COPILOT_SLACK_BOT_TOKEN (xoxb-…) and LLM_COPILOT_SLACK_API_URL.",
            ) from error
        except CopilotError as error:
            raise ConfigurationError(
                f"Slack cannot be reached at {self._settings.api_url}: {error}",
                mend="Check the network, and LLM_COPILOT_SLACK_API_URL.",
            ) from error
        self._directory.workspace = str(known["team_id"])
        self._known = AuthorizeResult(
            enterprise_id=known.get("enterprise_id"),
            team_id=str(known["team_id"]),
            bot_id=known.get("bot_id"),
            bot_user_id=str(known["user_id"]),
            bot_token=self._client.token,
        )

    @property
    def workspace(self) -> str:
        """Which one this is, once it was asked."""
        return (self._known.team_id or "") if self._known else ""

    async def connect(self) -> None:
        """Let Slack in; in HTTP mode it comes by itself."""
        if self._settings.mode == "http":
            return
        if self._settings.app_token is None:
            raise ConfigurationError(
                "slack_app_token is not set, and Socket Mode needs it",
                mend="Set LLM_COPILOT_SLACK_APP_TOKEN (xapp-…), or LLM_COPILOT_SLACK_MODE=http.",
            )
        self._sockets = Sockets(self._client, self._settings.app_token.get_secret_value(), self.receive)
        await self._sockets.start()

    async def close(self) -> None:
        """First nothing more comes in, then what is under way ends, then what it says goes out."""
        async with AsyncExitStack() as last_first:
            if self._session:
                last_first.push_async_callback(self._session.close)
            last_first.push_async_callback(self.outbox.close, GRACE)
            last_first.push_async_callback(self.cards.close, GRACE)
            if self.alerts:
                last_first.push_async_callback(self.alerts.close, GRACE)
            last_first.push_async_callback(self.resuming.close, GRACE)
            last_first.push_async_callback(self.intake.close, GRACE)
            if self._sockets:
                last_first.push_async_callback(self._sockets.close)

    async def round(self, live: Collection[str]) -> None:
        """What the upkeep does from time to time."""
        steps = (
            self.conversation.heed_stops,
            lambda: self.intake.adopt(live),
            self.cards.reconcile,
            *((self.alerts.reconcile,) if self.alerts else ()),
            lambda: self.resuming.round(live),
        )
        for step in steps:
            try:
                await step()
            except CopilotError as error:  # the others do not wait for it; the next round tries again
                log.warning("round_incomplete", error=str(error))

    async def receive(self, _: str, payload: dict[str, Any], retry: int) -> Mapping[str, Any] | None:
        """Keep it, and say what has to be said at once: errors in a form, options of a menu."""
        kind = kind_of(payload)
        if kind == "block_suggestion":
            return self._forms.options(payload)
        if kind == "view_submission" and (errors := await self._submissions.judge(payload)):
            return errors
        if retry:
            log.info("delivered_again", kind=kind, retry=retry)
        await self.intake.receive(payload)
        return {"response_action": "clear"} if kind == "view_submission" else None

    async def handle(self, delivery: Delivery) -> None:
        """Through Bolt, to a listener; what goes wrong there is raised here."""
        request = AsyncBoltRequest(
            mode="socket_mode", body=delivery.payload, context={"delivery": delivery, "failures": []}
        )
        await self.bolt.async_dispatch(request)
        failures: list[Exception] = request.context["failures"]
        if failures:
            raise failures[0]

    async def _apologise(self, delivery: Delivery, letter: str) -> None:
        """Whoever waits for an answer that will not come is told so."""
        press = whose(delivery.payload, f"sorry:{delivery.id}")
        if press:
            await self._presses.tell(press, Trouble(SORRY, "Try it again, or tell somebody the reference.", letter))

    async def ready(self) -> Part:
        if self._sockets is not None and not await self._sockets.connected():
            return Part(ok=False, detail="the socket is not connected")
        return Part(ok=True)


def _alerts(brain: Brain, outbox: Outbox) -> AlertCards | None:
    told = brain.alerting
    return AlertCards(told.cards, told.alerts, outbox, brain.registry, brain.clock, told.chart) if told else None


def slack_client(token: SecretStr, api_url: str) -> AsyncWebClient:
    """With one session for all calls: a session of its own for each costs more than the call. In a running loop."""
    return AsyncWebClient(
        token=token.get_secret_value(),
        base_url=api_url,
        session=aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=200)),
    )


async def _keep_error(error: Exception, context: Mapping[str, Any]) -> None:
    """The intake decides what becomes of a delivery that failed."""
    context["failures"].append(error)
