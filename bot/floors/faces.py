"""Where people and other systems meet the bot: Slack, and the HTTP server."""

from __future__ import annotations

from collections.abc import Mapping

from slack_sdk.web.async_client import AsyncWebClient

from bot.config import PREFIX
from bot.errors import CopilotError
from bot.floors.ground import Plan
from bot.floors.watch import WithWatch
from handlers.face import Alerting, Brain, SlackFace, SlackSettings
from handlers.http import HttpServer, Part, http_app
from handlers.people import SlackDirectory
from handlers.webhooks import Hook, webhooks
from integrations.alertmanager.adapter import Alertmanager
from storage.repositories import CardRepository, DeliveryRepository


class WithFaces(WithWatch):
    """Shows what the floors below do, and hands down what comes in."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self.deliveries = DeliveryRepository(self.database, self.keys)
        client, people = self.slack_client, self.slack_people
        self.slack = self._slack(client, people) if client and people else None
        self.http = self._http()

    def _slack(self, client: AsyncWebClient, directory: SlackDirectory) -> SlackFace:
        settings = self.settings
        assert settings.slack_bot_token is not None
        face = SlackFace(
            SlackSettings(
                bot_token=settings.slack_bot_token,
                mode=settings.slack_mode,
                app_token=settings.slack_app_token,
                api_url=settings.slack_api_url,
                approvals_channel=settings.slack_approvals_channel,
                rate_factor=settings.slack_rate_factor,
            ),
            Brain(
                door=self.door,
                turns=self.turns,
                registry=self.registry,
                catalogue=self.files.catalogue,
                roles=self.files.roles,
                people=self.people,
                desk=self.desk,
                dead_letters=self.dead_letters,
                inbox=self.deliveries,
                answers=self.answers,
                cards=CardRepository(self.database),
                sessions=self.conversations,
                suspended=self.suspended,
                preferences=self.preferences,
                redactor=self.redactor,
                clock=self.clock,
                replica=self.replica,
                metrics=self.metrics,
                alerting=Alerting(self.alert_cards, self.station.stores.alerts, self.station.picturing),
            ),
            directory,
            client,
        )
        if face.alerts:
            self.station.listen(face.alerts.moved)
            self.station.digesting.tell = face.alerts.tell
        return face

    def _http(self) -> HttpServer:
        settings = self.settings
        takes = self.slack is not None and settings.slack_mode == "http"
        app = http_app(
            self.slack.receive if self.slack and takes else None,
            settings.slack_signing_secret if takes else None,
            health=lambda: {"replica": self.replica},
            ready=self._ready,
            metrics=self.metrics,
            clock=self.clock,
            more=(webhooks([self._alertmanager()]),),
        )
        return HttpServer(app, host=settings.http_host, port=settings.http_port)

    def _alertmanager(self) -> Hook:
        """Its alerts come to the channel in which everything is watched; without one there is no place for them."""
        files, settings = self.files, self.settings
        taking = Alertmanager(files.vocabulary, files.catalogue, self.station.hear, self.clock)
        token = settings.alertmanager_token if settings.watch_channel else None
        return Hook("alertmanager", token, f"{PREFIX}ALERTMANAGER_TOKEN and {PREFIX}WATCH_CHANNEL", taking.take)

    async def _ready(self) -> Mapping[str, Part]:
        parts = {"slack": await self.slack.ready()} if self.slack else {}
        try:
            await self.database.current()
        except CopilotError as error:
            return {**parts, "database": Part(ok=False, detail=str(error))}
        return {**parts, "database": Part(ok=True)}
