"""Problems of listings."""

from common.problems import NotFound, StateConflict, Text

__all__ = [
    "EventRefused",
    "HearingSkipped",
    "ListingExists",
    "ListingNotFound",
    "StatementTooLate",
]


class ListingNotFound(NotFound):
    """No such listing, or not the caller's to see."""

    type = "/problems/listing-not-found"
    title = Text("未找到该名单记录", "No such listing")


class ListingExists(StateConflict):
    """The subject is already being listed, or is listed, for this condition; the listing is named."""

    type = "/problems/listing-exists"
    title = Text(
        "该主体因同一情形的认定正在进行或者已列入", "The subject has a running listing for this condition"
    )


class EventRefused(StateConflict):
    """The event does not fit the state; `allowed` names those that do."""

    type = "/problems/event-refused"
    title = Text("当前状态不允许此操作", "The present state does not allow this event")


class HearingSkipped(StateConflict):
    """No decision without notice and a chance to be heard."""

    type = "/problems/hearing-skipped"
    title = Text(
        "未依法告知或者未听取陈述、申辩，不得作出决定",
        "No decision before the subject was told and could be heard",
    )


class StatementTooLate(StateConflict):
    """The period for a statement is over; silence counts as a waiver."""

    type = "/problems/statement-too-late"
    title = Text("陈述申辩期已满，视为放弃", "The period for a statement is over; silence counts as a waiver")
