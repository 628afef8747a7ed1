"""The numbers by which one sees that events flow."""

from prometheus_client import Counter, Gauge, Histogram

__all__ = ["HANDLED", "HANDLE_SECONDS", "HELD_ROWS", "PUBLISHED", "UNPUBLISHED"]

PUBLISHED = Counter("tourtrust_events_published_total", "Events acknowledged by the bus", ["service"])
UNPUBLISHED = Gauge(
    "tourtrust_outbox_unpublished", "Events waiting in the outbox (at most 10000)", ["service"]
)
HANDLED = Counter(
    "tourtrust_events_handled_total",
    "Events taken by a consumer: handled, duplicate, ignored, held or malformed",
    ["consumer", "outcome"],
)
HANDLE_SECONDS = Histogram("tourtrust_event_batch_seconds", "Seconds to handle one batch", ["consumer"])
HELD_ROWS = Gauge(
    "tourtrust_inbox_held", "Events held back: retrying, waiting or parked", ["consumer", "state"]
)
