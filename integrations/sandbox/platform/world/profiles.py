"""What each service is like on an ordinary day: its endpoints, calls, latencies, sizes and models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from integrations.sandbox.platform.world.shapes import Call, Endpoint

MILLI: Final = 1e-3
KILO: Final = 1e3


@dataclass(frozen=True, slots=True)
class Model:
    """A language model as one service uses it; prices in dollars per million tokens."""

    name: str
    share: float
    tokens_in: float
    tokens_out: float
    price_in: float
    price_out: float
    ttft: float
    speed: float
    suite: str
    score: float
    refusals: float = 0.008


@dataclass(frozen=True, slots=True)
class Profile:
    """A service; latencies in milliseconds, memory in MiB, disk in GiB."""

    own: float
    errors: float
    endpoints: tuple[Endpoint, ...]
    external: float = 0.0
    """Requests per second that come from outside the platform, in production, on average."""
    tail: float = 3.0
    busy: float = 0.42
    """Traffic against capacity on average."""
    cores: float = 2.0
    cpu: float = 0.42
    """CPU against the limit on average."""
    memory: float = 2048
    resident: float = 0.58
    disk: float = 20
    pool: int = 0
    """The most database connections of one instance."""
    cache: float = 0.0
    """How many lookups hit."""
    lookups: float = 0.0
    """Cache lookups per request."""
    gpus: int = 0
    gpu_memory: float = 0.0
    queue: str = ""
    models: tuple[Model, ...] = ()


LARGE: Final = Model("atlas-large", 0.35, 1450, 310, 3.0, 15.0, 0.42, 58, "answers", 0.91)
SMALL: Final = Model("atlas-small", 0.65, 900, 220, 0.25, 1.25, 0.21, 118, "answers", 0.86)
EMBED: Final = Model("embed-one", 1.0, 180, 1, 0.02, 0.02, 0.04, 400, "retrieval", 0.88, 0.0002)
GUARD: Final = Model("guard-one", 1.0, 420, 4, 0.1, 0.1, 0.06, 260, "safety", 0.95, 0.02)

_AUTH = Call("auth-service", surfaces=0.3)


def _of(model: Model, share: float) -> Model:
    return Model(**{name: getattr(model, name) for name in Model.__slots__} | {"share": share})


PROFILES: Final[dict[str, Profile]] = {
    "frontend": Profile(
        75,
        0.00012,
        tail=3.3,
        external=110,
        cores=2,
        memory=1024,
        queue="render",
        endpoints=(
            Endpoint("/", "GET", 0.34, 1.0, (Call("api-gateway", factor=0.8, surfaces=0.3),)),
            Endpoint("/search", "GET", 0.24, 1.0, (Call("api-gateway", factor=1.5, surfaces=0.5),)),
            Endpoint("/cart", "GET", 0.18, 0.8, (Call("api-gateway", factor=0.7, surfaces=0.5),)),
            Endpoint("/checkout", "POST", 0.14, 1.2, (Call("api-gateway", factor=2.4, surfaces=0.6),)),
            Endpoint("/chat", "POST", 0.10, 1.2, (Call("api-gateway", factor=1.2, surfaces=0.6),)),
        ),
    ),
    "api-gateway": Profile(
        5,
        0.00004,
        tail=3.2,
        external=30,
        busy=0.38,
        cores=4,
        memory=1024,
        queue="requests",
        endpoints=(
            Endpoint("/api/session", "POST", 0.24, 1.0, (_AUTH,)),
            Endpoint("/api/cart", "GET", 0.19, 1.0, (_AUTH, Call("cart", 1, surfaces=0.4))),
            Endpoint("/api/checkout", "POST", 0.12, 1.2, (_AUTH, Call("checkout", 1, surfaces=0.6, retries=0))),
            Endpoint("/api/search", "GET", 0.25, 1.0, (Call("search", surfaces=0.3),)),
            Endpoint("/api/recommendations", "GET", 0.18, 1.0, (Call("recommendation", surfaces=0.1),)),
            Endpoint("/api/chat", "POST", 0.02, 1.4, (_AUTH, Call("chat-api", 1, surfaces=0.6))),
        ),
    ),
    "auth-service": Profile(
        6,
        0.00008,
        tail=3.2,
        cores=2,
        memory=1024,
        pool=40,
        cache=0.93,
        lookups=1,
        queue="sessions",
        endpoints=(
            Endpoint("/login", "POST", 0.08, 2.4, (Call("postgres-main", 0, 1.5, surfaces=0.5),)),
            Endpoint(
                "/verify",
                "POST",
                0.72,
                0.8,
                (Call("redis-cache", surfaces=0.2), Call("postgres-main", 1, 1.0, 0.12, 0.5)),
            ),
            Endpoint("/refresh", "POST", 0.20, 1.1, (Call("redis-cache", surfaces=0.2), Call("postgres-main", 1))),
        ),
    ),
    "checkout": Profile(
        48,
        0.00028,
        tail=3.4,
        cores=2,
        memory=2048,
        pool=40,
        queue="orders",
        endpoints=(
            Endpoint(
                "/checkout",
                "POST",
                0.62,
                1.15,
                (
                    _AUTH,
                    Call("cart", surfaces=0.5),
                    Call("payments", 1, 1.1, surfaces=0.6),
                    Call("postgres-main", 2, 2.0),
                ),
            ),
            Endpoint("/checkout/quote", "POST", 0.26, 0.8, (Call("cart", surfaces=0.5), Call("postgres-main", 1))),
            Endpoint("/orders/{id}", "GET", 0.12, 0.7, (_AUTH, Call("postgres-main", 1, 1.5))),
        ),
    ),
    "payments": Profile(
        72,
        0.00010,
        tail=3.3,
        cores=2,
        memory=2048,
        pool=40,
        queue="settlements",
        endpoints=(
            Endpoint("/charges", "POST", 0.72, 1.15, (_AUTH, Call("postgres-main", 1, 2.0, surfaces=0.5))),
            Endpoint("/refunds", "POST", 0.06, 1.3, (_AUTH, Call("postgres-main", 1, 2.0, surfaces=0.5))),
            Endpoint("/methods", "GET", 0.22, 0.5, (Call("postgres-main", surfaces=0.5),)),
        ),
    ),
    "cart": Profile(
        11,
        0.00020,
        tail=3.2,
        cores=1,
        memory=1024,
        pool=40,
        cache=0.90,
        lookups=2,
        queue="writes",
        endpoints=(
            Endpoint(
                "/cart", "GET", 0.66, 0.9, (Call("redis-cache", surfaces=0.1), Call("postgres-main", 1, 1.0, 0.2))
            ),
            Endpoint(
                "/cart/items", "POST", 0.26, 1.2, (Call("redis-cache", surfaces=0.3), Call("postgres-main", 1, 1.5))
            ),
            Endpoint("/cart/items/{id}", "DELETE", 0.08, 1.2, (Call("redis-cache"), Call("postgres-main", 1))),
        ),
    ),
    "search": Profile(
        34,
        0.0006,
        tail=3.1,
        cores=4,
        memory=4096,
        cache=0.62,
        lookups=1,
        queue="queries",
        endpoints=(
            Endpoint(
                "/search",
                "GET",
                0.72,
                1.1,
                (Call("redis-cache", surfaces=0.05), Call("embedding-service", 1), Call("vector-db", 2)),
            ),
            Endpoint("/suggest", "GET", 0.28, 0.75, (Call("redis-cache", surfaces=0.3), Call("vector-db", 1, 0.6))),
        ),
    ),
    "recommendation": Profile(
        42,
        0.0012,
        tail=3.0,
        cores=4,
        memory=4096,
        cache=0.70,
        lookups=3,
        queue="candidates",
        endpoints=(
            Endpoint(
                "/recommendations",
                "GET",
                0.8,
                1.05,
                (Call("redis-cache", surfaces=0.1), Call("embedding-service", 1, chance=0.6), Call("vector-db", 1)),
            ),
            Endpoint("/similar/{id}", "GET", 0.2, 0.8, (Call("vector-db"),)),
        ),
    ),
    "inference-gateway": Profile(
        430,
        0.0008,
        tail=4.2,
        external=12,
        busy=0.45,
        cores=8,
        memory=32768,
        gpus=2,
        gpu_memory=40960,
        cache=0.28,
        lookups=1,
        queue="completions",
        models=(_of(LARGE, 0.18), _of(SMALL, 0.34), _of(EMBED, 0.48)),
        endpoints=(
            Endpoint(
                "/v1/chat/completions",
                "POST",
                0.52,
                1.88,
                (Call("redis-cache", surfaces=0.05), Call("content-filter", 1, surfaces=0.4)),
            ),
            Endpoint("/v1/embeddings", "POST", 0.48, 0.05, (Call("redis-cache", surfaces=0.05),)),
        ),
    ),
    "embedding-service": Profile(
        19,
        0.0006,
        tail=3.0,
        cores=4,
        memory=8192,
        gpus=1,
        gpu_memory=16384,
        cache=0.66,
        lookups=1,
        queue="batches",
        models=(EMBED,),
        endpoints=(
            Endpoint(
                "/embed",
                "POST",
                0.85,
                0.9,
                (Call("redis-cache", surfaces=0.05), Call("inference-gateway", 1, 0.06, 0.4)),
            ),
            Endpoint(
                "/embed/batch",
                "POST",
                0.15,
                1.57,
                (Call("redis-cache", surfaces=0.05), Call("inference-gateway", 1, 0.1, 0.9)),
            ),
        ),
    ),
    "chat-api": Profile(
        70,
        0.00025,
        tail=4.0,
        external=11,
        cores=4,
        memory=4096,
        pool=40,
        queue="conversations",
        models=(LARGE, SMALL),
        endpoints=(
            Endpoint(
                "/chat",
                "POST",
                0.80,
                1.1,
                (
                    Call("content-filter", surfaces=0.3),
                    Call("sentiment-model", surfaces=0.02),
                    Call("vector-db", surfaces=0.2),
                    Call("inference-gateway", 1, 1.85, 1.0, 0.3),
                    Call("postgres-main", 2),
                ),
            ),
            Endpoint("/conversations", "GET", 0.14, 0.5, (Call("postgres-main", 0, 2.0),)),
            Endpoint(
                "/feedback", "POST", 0.06, 0.83, (Call("sentiment-model", surfaces=0.1), Call("postgres-main", 1))
            ),
        ),
    ),
    "sentiment-model": Profile(
        28,
        0.0012,
        tail=3.2,
        cores=4,
        memory=8192,
        gpus=1,
        gpu_memory=16384,
        queue="texts",
        endpoints=(Endpoint("/score", "POST", 1.0, 1.0),),
    ),
    "content-filter": Profile(
        20,
        0.0002,
        tail=3.4,
        external=4,
        cores=4,
        memory=4096,
        cache=0.45,
        lookups=1,
        queue="verdicts",
        models=(GUARD,),
        endpoints=(Endpoint("/moderate", "POST", 1.0, 1.0, (Call("redis-cache", surfaces=0.1),)),),
    ),
    "postgres-main": Profile(
        3.6,
        0.00002,
        tail=2.6,
        busy=0.4,
        cores=8,
        memory=32768,
        resident=0.66,
        disk=500,
        pool=200,
        queue="locks",
        endpoints=(
            Endpoint("select", "QUERY", 0.7, 0.8),
            Endpoint("write", "QUERY", 0.27, 1.3),
            Endpoint("commit", "QUERY", 0.03, 1.9),
        ),
    ),
    "redis-cache": Profile(
        0.7,
        0.00004,
        tail=3.0,
        busy=0.3,
        cores=2,
        memory=8192,
        resident=0.68,
        queue="commands",
        endpoints=(Endpoint("get", "COMMAND", 0.8, 0.95), Endpoint("set", "COMMAND", 0.2, 1.2)),
    ),
    "vector-db": Profile(
        21,
        0.0004,
        tail=3.1,
        cores=8,
        memory=32768,
        resident=0.64,
        disk=200,
        queue="searches",
        endpoints=(
            Endpoint("/collections/search", "POST", 0.88, 1.0),
            Endpoint("/collections/upsert", "PUT", 0.12, 1.0),
        ),
    ),
}
