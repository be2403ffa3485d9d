"""How each service speaks: its format, its language, what it says on ordinary days, when it fails, when it is ill.

A message holds variables in braces; `facts.py` knows them. `weight | logger | message | further fields`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Format = Literal["json", "logfmt", "text"]
Tongue = Literal["python", "java", "go", "node", "postgres", "redis", "rust"]


@dataclass(frozen=True, slots=True)
class Voice:
    """A service's way of logging."""

    format: Format
    tongue: Tongue
    served: tuple[str, ...] = ()
    """After a request that went well."""
    failed: tuple[str, ...] = ()
    """After one that failed by the service's own fault."""
    routine: tuple[str, ...] = ()
    """Now and then, with no request behind it."""


SERVED: Final = (
    "6 | access | {method} {endpoint} {status} | ",
    "1 | access | {method} {endpoint} 404 not found | status=404",
    "0.4 | access | {method} {endpoint} 429 too many requests | status=429",
)
SLOW: Final = (
    "3 | slow | slow request: {method} {endpoint} took {slow_ms} ms | duration_ms={slow_ms} threshold_ms=1000",
    "1 | pool | waited {wait_ms} ms for a connection | pool_size=40",
    "1 | client | retrying call to {callee} after {wait_ms} ms, attempt {attempt} | attempt={attempt}",
)
FAILED: Final = (
    "2 | http | {method} {endpoint} failed with 500: internal error | status=500",
    "1 | http | request {request} aborted: deadline exceeded after {slow_ms} ms | status=504 duration_ms={slow_ms}",
    "1 | http | cannot serialise response of {endpoint}: unexpected null in field {field} | status=500",
)
UPSTREAM: Final = (
    "3 | client | call to {callee} failed: 503 service unavailable | status=503 upstream={callee}",
    "2 | client | call to {callee} timed out after {slow_ms} ms | status=504 upstream={callee}",
    "1 | client | circuit to {callee} is open, failing fast | status=503 upstream={callee}",
)
POOL: Final = (
    (
        "3 | pool | timed out after {wait_ms} ms waiting for a connection from the pool (in use 40, waiting {few}) "
        "| status=503 upstream=postgres-main"
    ),
    (
        "2 | db | could not connect to postgres-main: FATAL: remaining connection slots are reserved for "
        "non-replication superuser connections | status=503 upstream=postgres-main"
    ),
)
ROUTINE: Final = (
    "3 | health | health check passed in {few} ms | ",
    "1 | metrics | flushed {many} samples in {few} ms | ",
    "1 | config | configuration reloaded, revision {hash} | revision={hash}",
    "0.5 | pool | connection pool resized to {few} | ",
    "1 | scheduler | job {job} finished in {ms} ms | job={job}",
)
HICCUPS: Final = (
    "2 | client | connection to {callee} reset by peer, reconnecting | upstream={callee}",
    "1 | config | feature flag {flag} is unknown, using its default | flag={flag}",
    "1 | clock | clock drift of {few} ms detected | ",
    "1 | cache | stale entry for key {key} served | ",
)
CHATTER: Final = (
    "2 | cache | cache lookup {key}: hit | ",
    "1 | cache | cache lookup {key}: miss | ",
    "2 | sql | prepared statement {hash} executed, {few} rows | ",
    "1 | http | request headers: content-length={many}, x-request-id={request} | ",
)
STARTING: Final = (
    "1 | main | starting {service} version {version} | ",
    "1 | main | configuration loaded, {few} settings from the environment | ",
    "1 | main | listening on 0.0.0.0:8080 | ",
)
STOPPING: Final = (
    "1 | main | SIGTERM received, draining {few} connections | ",
    "1 | main | shutdown of {service} version {version} complete | ",
)

FAULTS: Final[Mapping[str, tuple[str, ...]]] = {
    "bad_deploy": (
        (
            "4 | handler | unhandled exception in {endpoint} since version {version}: 'NoneType' object has no "
            "attribute 'total' | status=500"
        ),
        "1 | handler | version {version}: schema mismatch, column {field} does not exist | status=500",
    ),
    "error_burst": (
        "2 | handler | {endpoint} rejected: provider answered 502 bad gateway | status=500",
        "1 | handler | too many consecutive failures in {endpoint}, giving up on {request} | status=500",
    ),
    "connection_exhaustion": POOL,
    "gpu_saturation": (
        "3 | worker | CUDA out of memory. Tried to allocate {many} MiB (GPU 0; 0 bytes free) | status=503",
        "2 | batcher | queue full, request {request} rejected | status=503",
    ),
    "memory_leak": (
        "2 | handler | cannot allocate {many} KiB: out of memory | status=500",
        "1 | handler | request {request} aborted by garbage collection pause of {slow_ms} ms | status=503",
    ),
    "latency": (
        "1 | http | {endpoint} gave up after {slow_ms} ms: deadline exceeded | status=504 duration_ms={slow_ms}",
    ),
    "traffic_surge": (
        "2 | limiter | overloaded: {few} requests in flight, request {request} shed | status=503",
        "1 | http | backlog full, connection refused | status=503",
    ),
    "noisy_neighbour": (
        "1 | http | {endpoint} gave up after {slow_ms} ms: no cpu time | status=504 duration_ms={slow_ms}",
    ),
}
"""What failures look like while a fault is on."""

SYMPTOMS: Final[Mapping[str, tuple[str, ...]]] = {
    "bad_deploy": ("1 | handler | falling back to the code path of the version before {version} | ",),
    "latency": (
        "2 | slow | {endpoint} is slower than its budget: {slow_ms} ms | ",
        "1 | worker | thread pool is busy, {few} tasks wait | ",
    ),
    "memory_leak": (
        "2 | gc | garbage collection took {slow_ms} ms, heap at {memory} % | heap_percent={memory}",
        "1 | gc | memory pressure: {memory} % of the limit in use | heap_percent={memory}",
    ),
    "connection_exhaustion": (
        "1 | pool | connection pool nearly exhausted: in use {pool}, waiting {few} | in_use={pool}",
    ),
    "traffic_surge": (
        "2 | limiter | request rate is {times} times the usual | ",
        "1 | autoscaler | wanted replicas exceed the limit | ",
    ),
    "gpu_saturation": (
        "2 | batcher | queue depth {queue}, batch waits {wait_ms} ms for a GPU | queue_depth={queue}",
        "1 | worker | GPU memory fragmented, {memory} % in use | ",
    ),
    "cost_spike": (
        "2 | budget | spending is {times} times the plan for {model} | model={model}",
        "1 | router | prompt of {many} tokens sent to {model} | model={model}",
    ),
    "refusal_drift": (
        "3 | safety | completion of {model} refused: policy {policy} | model={model} policy={policy}",
        "1 | eval | refusal rate of {model} is above its baseline | model={model}",
    ),
    "noisy_neighbour": (
        "2 | runtime | cpu throttled for {slow_ms} ms in the last period | ",
        "1 | runtime | scheduling delay of {wait_ms} ms | ",
    ),
    "flush": ("1 | cache | cache is cold, {many} misses in a row | ",),
    "failover": ("1 | replication | primary changed, reconnecting | ",),
}
"""What a service warns of while a fault is on."""

OOM: Final = "1 | main | previous run of {service} was OOMKilled (exit code 137), memory limit reached | exit_code=137"


def _logs(*messages: str) -> tuple[str, ...]:
    return messages


VOICES: Final[Mapping[str, Voice]] = {
    "frontend": Voice(
        "json",
        "node",
        _logs(
            "3 | render | rendered {endpoint} for user {user} | bytes={many}",
            "1 | session | session {session} resumed | ",
        ),
        _logs(
            "2 | render | hydration of {endpoint} failed: Cannot read properties of undefined (reading '{field}') "
            "| status=500"
        ),
        _logs("1 | assets | asset manifest {hash} activated | "),
    ),
    "api-gateway": Voice(
        "logfmt",
        "go",
        _logs("5 | proxy | proxied {method} {endpoint} to {callee} | bytes={many} client={ip}"),
        _logs("2 | proxy | no healthy upstream for {endpoint} | status=503 client={ip}"),
        _logs("1 | routes | routing table rebuilt, {few} routes | "),
    ),
    "auth-service": Voice(
        "json",
        "go",
        _logs(
            "3 | token | token issued for user {user}, session {session} | ",
            "2 | token | token verified for user {user} | ",
            "0.3 | login | login of user {user} from {ip} refused: wrong password | ",
        ),
        _logs("1 | token | signing key {hash} not found | status=500"),
        _logs("1 | keys | signing keys rotated, current {hash} | "),
    ),
    "checkout": Voice(
        "json",
        "python",
        _logs(
            "4 | orders | order {order} created for user {user} | order_id={order} amount_cents={many}",
            "2 | quote | quote {hash} computed for cart {session} | items={few}",
        ),
        _logs(
            "2 | orders | order {order} could not be placed: payment not confirmed | status=500 order_id={order}",
            "1 | orders | inventory of item {order} cannot be reserved: lock timeout | status=500",
        ),
        _logs("1 | outbox | {few} events published | "),
    ),
    "payments": Voice(
        "json",
        "java",
        _logs(
            "4 | charge | charge {hash} authorised for order {order} | amount_cents={many} provider=acme",
            "1 | refund | refund {hash} accepted | provider=acme",
        ),
        _logs(
            "3 | charge | charge {hash} failed: card processor timeout | status=504 provider=acme",
            "1 | charge | duplicate idempotency key {request} | status=500",
        ),
        _logs("1 | settlement | settlement batch {hash} closed with {few} charges | "),
    ),
    "cart": Voice(
        "logfmt",
        "go",
        _logs("3 | cart | cart {session} read | items={few}", "2 | cart | item {order} added to cart {session} | "),
        _logs("1 | cart | version conflict on cart {session} | status=500"),
        _logs("1 | sweeper | {few} abandoned carts removed | "),
    ),
    "search": Voice(
        "json",
        "python",
        _logs("4 | query | query {hash} gave {few} hits | hits={few}", "1 | suggest | {few} suggestions | "),
        _logs("1 | query | query {hash} failed: shard {few} did not answer | status=500"),
        _logs("1 | index | index segment {hash} merged | "),
    ),
    "recommendation": Voice(
        "json",
        "python",
        _logs("3 | ranker | ranked {many} candidates for user {user} | candidates={many}"),
        _logs("1 | ranker | feature vector of user {user} is missing | status=500"),
        _logs("1 | model | ranking model {hash} loaded | "),
    ),
    "inference-gateway": Voice(
        "json",
        "python",
        _logs(
            "5 | completions | completion finished | model={model} input_tokens={many} output_tokens={few} "
            "ttft_ms={wait_ms}",
            "1 | router | request {request} routed to {model} | model={model}",
        ),
        _logs(
            "2 | completions | worker died while generating, request {request} lost | status=500 model={model}",
            "1 | completions | context length exceeded: {many} tokens | status=500 model={model}",
        ),
        _logs("1 | kv-cache | {few} blocks evicted | "),
    ),
    "embedding-service": Voice(
        "json",
        "python",
        _logs("4 | embed | embedded {few} texts | model={model} tokens={many}"),
        _logs("1 | embed | embedding failed: tensor of wrong shape | status=500 model={model}"),
        _logs("1 | batcher | batch of {few} dispatched | "),
    ),
    "chat-api": Voice(
        "json",
        "python",
        _logs(
            "4 | chat | answered conversation {session} | model={model} input_tokens={many} output_tokens={few}",
            "1 | retrieval | {few} passages found for conversation {session} | ",
        ),
        _logs(
            "2 | chat | stream of conversation {session} broke off | status=500 model={model}",
            "1 | chat | tool call of {model} is no valid JSON | status=500 model={model}",
        ),
        _logs("1 | sessions | {few} idle conversations closed | "),
    ),
    "sentiment-model": Voice(
        "text",
        "python",
        _logs("3 | score | scored text {hash} | "),
        _logs("1 | score | scoring of {hash} failed: input is empty | status=500"),
        _logs("1 | model | warm-up finished in {ms} ms | "),
    ),
    "content-filter": Voice(
        "logfmt",
        "go",
        _logs(
            "4 | verdict | verdict for {hash}: allowed | policy={policy}",
            "0.5 | verdict | verdict for {hash}: blocked | policy={policy}",
        ),
        _logs("1 | verdict | classifier did not answer for {hash} | status=500"),
        _logs("1 | policies | policy {policy} reloaded | "),
    ),
    "postgres-main": Voice("text", "postgres"),
    "redis-cache": Voice("text", "redis"),
    "vector-db": Voice(
        "text",
        "rust",
        _logs("3 | collection | search in collection {collection} returned {few} points | "),
        _logs("1 | collection | search in collection {collection} failed: segment {hash} is locked | status=500"),
        _logs("1 | optimizer | segment {hash} optimised in {ms} ms | "),
    ),
}

STORES: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "postgres": {
        "served": ("1 | LOG | duration: {ms} ms  execute {statement}: {sql} | ",),
        "slow": ("2 | LOG | duration: {slow_ms} ms  statement: {sql} | ",
                 "1 | LOG | process {pid} still waiting for ShareLock on transaction {many} after {wait_ms} ms | "),
        "failed": ("2 | ERROR | canceling statement due to statement timeout | ",
                   "1 | ERROR | deadlock detected | ",
                   '1 | ERROR | duplicate key value violates unique constraint "orders_pkey" | '),
        "routine": ("2 | LOG | checkpoint complete: wrote {many} buffers; sync={few} ms | ",
                    '2 | LOG | automatic vacuum of table "shop.public.{table}": pages: {few} removed | ',
                    "2 | LOG | connection authorized: user={dbuser} database=shop | "),
        "hiccups": ("1 | WARNING | there is no transaction in progress | ",
                    "1 | LOG | could not receive data from client: Connection reset by peer | "),
        "connection_exhaustion": (("3 | FATAL | remaining connection slots are reserved for non-replication "
                                  "superuser connections | "),
                                  "2 | FATAL | sorry, too many clients already | "),
        "starting": ("1 | LOG | database system is ready to accept connections | ",),
        "stopping": ("1 | LOG | received fast shutdown request | ",),
    },
    "redis": {
        "served": ("1 | * | {many} changes in 300 seconds. Saving... | ", "1 | - | Accepted {ip}:{pid} | "),
        "slow": ("1 | # | Slow command: {slow_ms} ms GET {key} | ",),
        "failed": ("1 | # | OOM command not allowed when used memory > 'maxmemory' | ",
                   "1 | # | Error condition on socket for SYNC: Connection refused | "),
        "routine": ("2 | * | Background saving terminated with success | ",
                    "1 | * | DB saved on disk | ", "1 | - | DB 0: {many} keys ({few} volatile) in {many} slots HT. | "),
        "hiccups": ("1 | # | Client id={pid} addr={ip}:{pid} closed for overcoming of output buffer limits. | ",),
        "starting": ("1 | * | Ready to accept connections tcp | ",),
        "stopping": ("1 | # | User requested shutdown... | ",),
    },
}  # fmt: skip
"""What the stores say, each in its own way; what is missing they have in common with services."""

TRACES: Final[Mapping[str, tuple[str, ...]]] = {
    "python": (
        (
            'Traceback (most recent call last):\n  File "/app/{module}/handlers.py", line {few}, in handle\n'
            '    result = await self.{verb}(request)\n  File "/app/{module}/core.py", line {many}, in {verb}\n'
            '    raise ServiceError(f"{{reason}}")\n{module}.errors.ServiceError: {verb} of {request} failed'
        ),
        (
            'Traceback (most recent call last):\n  File "/app/{module}/client.py", line {few}, in send\n'
            "    response = await session.post(url, timeout=timeout)\n"
            "asyncio.exceptions.TimeoutError: no answer for {request} in {slow_ms} ms"
        ),
    ),
    "java": (
        (
            'Exception in thread "http-{few}" com.shop.{module}.ServiceException: {verb} of {request} failed\n'
            "\tat com.shop.{module}.Handler.{verb}(Handler.java:{few})\n"
            "\tat com.shop.{module}.Server.dispatch(Server.java:{many})\n"
            "Caused by: java.net.SocketTimeoutException: Read timed out\n\t... {few} more"
        ),
    ),
    "go": (
        (
            "panic: runtime error: invalid memory address or nil pointer dereference\n"
            "[signal SIGSEGV: segmentation violation code=0x1 addr=0x0]\n\ngoroutine {many} [running]:\n"
            "shop/{module}.(*Handler).{verb}(0xc{hash})\n\t/src/{module}/handler.go:{few} +0x1d"
        ),
    ),
    "node": (
        (
            "TypeError: Cannot read properties of undefined (reading '{field}')\n"
            "    at {verb} (/app/dist/{module}.js:{many}:{few})\n    at async handle (/app/dist/server.js:{few}:11)"
        ),
    ),
    "rust": (
        (
            "thread 'worker-{few}' panicked at src/{module}/segment.rs:{many}:\n"
            "called `Result::unwrap()` on an `Err` value: Timeout({slow_ms})"
        ),
    ),
}
"""One entry of several lines each."""
