"""The bus: one connection of a service to NATS, the stream all events go through, and pulling from it."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription as NatsSubscription
from nats.js import JetStreamContext, api
from nats.js.errors import APIError, NotFoundError

from common.events.envelope import filter_subject
from common.settings import ServiceSettings

__all__ = [
    "DUPLICATE_WINDOW",
    "KEPT_FOR",
    "STREAM",
    "BusLost",
    "Puller",
    "connect",
    "ensure_consumer",
    "ensure_stream",
]

STREAM = "EVENTS"
KEPT_FOR = timedelta(days=30)
DUPLICATE_WINDOW = timedelta(minutes=10)
_PULL_SECONDS = 30.0


class BusLost(ConnectionError):
    """The connection to NATS ended, or it no longer answers as it should."""


@asynccontextmanager
async def connect(settings: ServiceSettings, name: str) -> AsyncIterator[tuple[Client, asyncio.Event]]:
    """A connection to the bus, and the event that is set when it ends.

    It never reconnects by itself: the client would send again what it had buffered, behind what the caller
    sent again meanwhile. Whoever uses it starts anew from the database instead.
    """
    closed = asyncio.Event()

    async def on_closed() -> None:
        closed.set()

    async def on_error(_: Exception) -> None:
        """The caller sees the failure where it happens."""

    password = settings.nats_password.get_secret_value() if settings.nats_password else None
    client = await nats.connect(
        settings.nats_url or "",
        name=name,
        user=settings.nats_user,
        password=password,
        allow_reconnect=False,
        connect_timeout=5,
        ping_interval=10,
        closed_cb=on_closed,
        error_cb=on_error,
    )
    try:
        yield client, closed
    finally:
        with contextlib.suppress(Exception):
            async with asyncio.timeout(2):
                await client.close()


async def ensure_stream(js: JetStreamContext) -> datetime:
    """Make the stream when it is missing; one that an operator made otherwise is left as it is.

    Returns:
        When this stream was made, which tells it from one that was lost.
    """
    try:
        info = await js.stream_info(STREAM)
    except NotFoundError:
        config = api.StreamConfig(
            name=STREAM,
            subjects=["ev.>"],
            storage=api.StorageType.FILE,
            retention=api.RetentionPolicy.LIMITS,
            max_age=KEPT_FOR.total_seconds(),
            duplicate_window=DUPLICATE_WINDOW.total_seconds(),
        )
        try:
            await js.add_stream(config)
        except APIError:
            await js.stream_info(STREAM)  # another service was quicker, or the failure is raised again
        info = await js.stream_info(STREAM)
    if info.created is None:
        raise BusLost("the stream does not say when it was made")
    return info.created


async def ensure_consumer(
    js: JetStreamContext, name: str, types: Sequence[str], *, ack_wait: float, batch: int
) -> tuple[int, int]:
    """Make or update the durable consumer that filters `types`; a new one begins with the whole stream.

    Returns:
        How many of its messages are delivered but unacknowledged, and the number of its last delivery.
    """
    info = await js.add_consumer(
        STREAM,
        api.ConsumerConfig(
            name=name,
            durable_name=name,
            filter_subjects=[filter_subject(type_) for type_ in types],
            deliver_policy=api.DeliverPolicy.ALL,
            ack_policy=api.AckPolicy.EXPLICIT,
            ack_wait=ack_wait,
            max_deliver=-1,
            max_ack_pending=batch,
        ),
    )
    return info.num_ack_pending or 0, info.delivered.consumer_seq if info.delivered else 0


class Puller:
    """Pulls batches for a durable consumer: what is there at once, or the first that comes.

    The client library's own `fetch` waits for a batch to fill; here one event is handed on when it comes,
    and one request stays open at the server until it is used up.

    The bus numbers a consumer's deliveries, whoever gets them. `delivered` is the last number before ours;
    from there on all must come here, one by one. A gap means that a predecessor's open request caught a
    message, which will come again later than its successors: nothing may be handled before it does.
    """

    def __init__(self, client: Client, consumer: str, delivered: int, *, stream: str = STREAM) -> None:
        self._client = client
        self._delivered = delivered
        self._subject = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}"
        self._inbox = client.new_inbox()
        self._subscription: NatsSubscription | None = None
        self._requests = 0
        self._open = 0
        self._silent_after = 0.0

    async def __aenter__(self) -> "Puller":
        self._subscription = await self._client.subscribe(f"{self._inbox}.*")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._subscription is not None and not self._client.is_closed:
            await self._subscription.unsubscribe()

    async def next(self, limit: int, wait: float) -> list[Msg]:
        """Up to `limit` messages in the order of the stream; empty when none came within `wait` seconds.

        Raises:
            BusLost: the server no longer answers, the consumer is gone, or a message went to another.
        """
        subscription = self._subscription
        assert subscription is not None  # noqa: S101 (used inside `async with`)
        loop = asyncio.get_running_loop()
        until = loop.time() + wait
        messages: list[Msg] = []
        while not messages or (subscription.pending_msgs and len(messages) < limit):
            if self._open <= 0:
                await self._ask(limit)
            try:
                message = await subscription.next_msg(timeout=max(until - loop.time(), 0.01))
            except nats.errors.TimeoutError as error:
                if loop.time() > self._silent_after:
                    raise BusLost("no answer to a pull") from error
                break
            if self._is_event(message):
                messages.append(message)
        return sorted(messages, key=lambda message: message.metadata.sequence.stream)

    async def _ask(self, batch: int) -> None:
        self._requests += 1
        self._open = batch
        self._silent_after = asyncio.get_running_loop().time() + _PULL_SECONDS + 5
        request = {"batch": batch, "expires": int(_PULL_SECONDS * 1e9)}
        await self._client.publish(self._subject, json.dumps(request).encode(), reply=self._reply)

    @property
    def _reply(self) -> str:
        return f"{self._inbox}.{self._requests}"

    def _is_event(self, message: Msg) -> bool:
        headers = message.headers or {}
        status = headers.get("Status")
        if status is None:
            self._open -= 1
            self._delivered += 1
            if message.metadata.sequence.consumer != self._delivered:
                raise BusLost("a message was delivered to another process")
            return True
        if message.subject == self._reply:
            if status not in {"404", "408"}:
                raise BusLost(f"pull refused: {status} {headers.get('Description', '')}")
            self._open = 0
        return False
