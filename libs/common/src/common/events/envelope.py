"""An event on the wire: CloudEvents 1.0 in JSON, and the subject it travels under.

The two extensions are `aggregateversion` (order of one aggregate's events) and `traceparent` (W3C).
"""

import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

__all__ = [
    "PARTITIONS",
    "Event",
    "MalformedEvent",
    "decode",
    "encode",
    "event_type",
    "filter_subject",
    "is_stale",
    "subject_for",
]

PARTITIONS = 8
_TYPE = re.compile(r"tourtrust\.([a-z][a-z0-9]*)\.([a-z][a-z0-9_]*)\.v[1-9][0-9]*")
_NAME = re.compile(r"[a-z][a-z0-9_]*")


class MalformedEvent(ValueError):
    """Bytes that are no event of this platform."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to one aggregate; `subject` is the aggregate's id, `version` its version."""

    id: UUID
    type: str
    source: str
    subject: str
    version: int
    time: datetime
    data: dict[str, Any]
    traceparent: str | None = None

    @property
    def aggregate(self) -> str:
        """The aggregate among those of all services: what order is kept by."""
        return f"{self.source}/{self.subject}"


def is_stale(event: Event, known_version: int | None) -> bool:
    """Whether a copy that is already at `known_version` has nothing to learn from `event`.

    Handlers that keep the latest state of an aggregate ask this first: a replayed event, or one that was
    parked and driven again, may come after newer ones.
    """
    return known_version is not None and event.version <= known_version


def event_type(service: str, name: str) -> str:
    """The full type of a service's event: ("credit", "fact_recorded") -> tourtrust.credit.fact_recorded.v1.

    Raises:
        ValueError: the name is not in lower snake case.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"an event is named in lower snake case, not {name!r}")
    return f"tourtrust.{service}.{name}.v1"


def subject_for(type_: str, aggregate_id: str) -> str:
    """The NATS subject of an event: ev.<service>.<partition>.<name>; one aggregate stays in one partition."""
    service, name = _parts(type_)
    return f"ev.{service}.{zlib.crc32(aggregate_id.encode()) % PARTITIONS}.{name}"


def filter_subject(type_: str) -> str:
    """The NATS subjects under which events of this type come, in all partitions."""
    service, name = _parts(type_)
    return f"ev.{service}.*.{name}"


def encode(event: Event) -> dict[str, Any]:
    """The event as a CloudEvents 1.0 JSON object."""
    document: dict[str, Any] = {
        "specversion": "1.0",
        "id": str(event.id),
        "source": event.source,
        "type": event.type,
        "subject": event.subject,
        "time": event.time.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "aggregateversion": event.version,
        "data": event.data,
    }
    if event.traceparent is not None:
        document["traceparent"] = event.traceparent
    return document


def decode(document: bytes | Mapping[str, Any], *, subject: str | None = None) -> Event:
    """The event in a CloudEvents JSON object.

    With `subject` (where it came from) the event must also stand under its own service's subject: the bus
    lets each service publish only there, so a source that does not fit it is forged.

    Raises:
        MalformedEvent: not a CloudEvents 1.0 object of this platform, or under a foreign subject.
    """
    try:
        fields = json.loads(document) if isinstance(document, bytes) else document
        if fields["specversion"] != "1.0":
            raise MalformedEvent(f"specversion {fields['specversion']!r}")
        event = Event(
            id=UUID(fields["id"]),
            type=str(fields["type"]),
            source=str(fields["source"]),
            subject=str(fields["subject"]),
            version=int(fields["aggregateversion"]),
            time=datetime.fromisoformat(fields["time"]),
            data=dict(fields["data"]),
            traceparent=fields.get("traceparent"),
        )
        service, _ = _parts(event.type)
        fits = event.source == f"/tourtrust/{service}" and event.time.tzinfo is not None
        if not fits or (subject is not None and subject != subject_for(event.type, event.subject)):
            raise MalformedEvent(f"{event.type} of {event.source} under {subject}")
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise MalformedEvent(str(error)) from error
    return event


def _parts(type_: str) -> tuple[str, str]:
    match = _TYPE.fullmatch(type_)
    if match is None:
        raise ValueError(f"no event type: {type_!r}")
    return match[1], match[2]
