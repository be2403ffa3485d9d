"""One repository for each thing that is kept; each takes the database, and the keyring if it seals columns."""

from storage.repositories.alert_cards import AlertCardRepository
from storage.repositories.alerts import AlertRepository
from storage.repositories.answers import AnswerRepository
from storage.repositories.approvals import ApprovalRepository
from storage.repositories.audit import AuditRepository
from storage.repositories.buckets import BucketRepository
from storage.repositories.cards import CardRepository
from storage.repositories.conversations import ConversationRepository
from storage.repositories.costs import CostRepository
from storage.repositories.dead_letters import DeadLetterRepository
from storage.repositories.deliveries import DeliveryRepository
from storage.repositories.drills import DrillRepository
from storage.repositories.memory import MemoryRepository
from storage.repositories.people import PeopleRepository
from storage.repositories.preferences import PreferenceRepository
from storage.repositories.privacy import PrivacyRepository
from storage.repositories.replicas import ReplicaRepository
from storage.repositories.runs import RunRepository
from storage.repositories.suspended import SuspendedRepository
from storage.repositories.watches import WatchRepository

__all__ = [
    "AlertCardRepository",
    "AlertRepository",
    "AnswerRepository",
    "ApprovalRepository",
    "AuditRepository",
    "BucketRepository",
    "CardRepository",
    "ConversationRepository",
    "CostRepository",
    "DeadLetterRepository",
    "DeliveryRepository",
    "DrillRepository",
    "MemoryRepository",
    "PeopleRepository",
    "PreferenceRepository",
    "PrivacyRepository",
    "ReplicaRepository",
    "RunRepository",
    "SuspendedRepository",
    "WatchRepository",
]
