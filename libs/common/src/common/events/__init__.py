"""Events: a transactional outbox, a relay to the bus, and consumers that let each event take effect once.

`publish` writes into the outbox in the caller's transaction; `events_part` runs the relay and the consumers
beside the service. The reasons are in docs/adr/0003-events.md.
"""

from common.events.consumer import HandlerContext, Subscription
from common.events.envelope import Event, MalformedEvent, event_type, is_stale
from common.events.epoch import raise_epoch
from common.events.held import redrive
from common.events.models import TABLES
from common.events.part import events_part
from common.events.publish import NewEvent, publish, publish_many
from common.events.replay import replay
from common.events.tuning import Tuning

__all__ = [
    "TABLES",
    "Event",
    "HandlerContext",
    "MalformedEvent",
    "NewEvent",
    "Subscription",
    "Tuning",
    "event_type",
    "events_part",
    "is_stale",
    "publish",
    "publish_many",
    "raise_epoch",
    "redrive",
    "replay",
]
