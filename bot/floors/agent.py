"""The agent: what it remembers, what it knows, which models it may ask, and how it takes a turn."""

from __future__ import annotations

from bot.agent.answers import AnswerStore
from bot.agent.deliberating import Deliberating
from bot.agent.invoking import Invoking
from bot.agent.preferences import PreferenceStore
from bot.agent.thinking.limits import ThinkingLimits
from bot.agent.thinking.loop import Thinker
from bot.agent.thinking.spending import DailyLedger
from bot.agent.thinking.tools import Toolbox
from bot.agent.threads import Threads
from bot.agent.topics import Topics
from bot.agent.turn import Language, Turns
from bot.floors.door import WithDoor
from bot.floors.ground import Plan
from bot.language.lexicon import Lexicon
from bot.memory.knowledge import Knowledge
from bot.memory.memory import Memory
from bot.operations.recommend import Recommender
from integrations.models import models
from storage.repositories import (
    AnswerRepository,
    ConversationRepository,
    MemoryRepository,
    PreferenceRepository,
    SuspendedRepository,
)


class WithAgent(WithDoor):
    """Words become operations here; whatever is then done goes through the door below."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        database, keys = self.database, self.keys
        self.conversations = ConversationRepository(database, keys)
        self.answers = AnswerRepository(database, keys)
        self.preferences = PreferenceRepository(database)
        self.suspended = SuspendedRepository(database, keys)
        self.memory = Memory(MemoryRepository(database, keys), None, self.clock)
        self.knowledge = Knowledge(self.settings.knowledge_dir, self.clock)
        self.models = models(self.settings)
        self.topics = Topics()
        self.turns = self._turns()
        put = self.resources.put
        put(AnswerStore, self.answers)
        put(PreferenceStore, self.preferences)
        put(Knowledge, self.knowledge)
        put(Memory, self.memory)
        put(Recommender, self.memory)

    def _turns(self) -> Turns:
        files, clock = self.files, self.clock
        words = {name: each.words for name, each in files.vocabulary.metrics.items()}
        invoking = Invoking(self.door, self.registry, clock)
        thinker = Thinker(
            self.models,
            invoking,
            Toolbox(self.registry, files.roles, self.policies, clock),
            limits=ThinkingLimits.for_models(self.models, answer_tokens=self.settings.model_max_tokens),
            ledger=DailyLedger(self.costs, files.policies.budgets, clock),
            redactor=self.redactor,
            clock=clock,
        )
        deliberating = Deliberating(thinker, self.memory, self.suspended, self.desk, self.limits, clock)
        return Turns(
            invoking=invoking,
            language=Language(self.registry, files.catalogue, Lexicon(files.catalogue, words, files.names)),
            people=self.people,
            preferences=self.preferences,
            threads=Threads(self.conversations, clock),
            topics=self.topics,
            suspended=self.suspended,
            memory=self.memory,
            deliberating=deliberating if self.models else None,
            clock=clock,
        )
