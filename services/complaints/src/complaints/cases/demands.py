"""Which fields each event needs and which it may carry. A decision without its reason is no decision."""

from dataclasses import dataclass

from complaints.cases.rules import Event

__all__ = ["DEMANDS", "PRIVATE", "Demand"]

COMMON = frozenset({"event", "happened_on", "note"})
PRIVATE = frozenset({"note", "terms", "appraiser", "appraisal_item"})
"""Fields that may name persons: kept encrypted, never in an event's open data."""


@dataclass(frozen=True, slots=True)
class Demand:
    """The fields an event must and may have beside `event`, `happened_on` and `note`."""

    needs: frozenset[str] = frozenset()
    may: frozenset[str] = frozenset()

    @property
    def known(self) -> frozenset[str]:
        """All fields that make sense for the event."""
        return COMMON | self.needs | self.may


def _demand(needs: str = "", may: str = "") -> Demand:
    return Demand(frozenset(needs.split()), frozenset(may.split()))


DEMANDS: dict[Event, Demand] = {
    Event.ASK_SUPPLEMENT: _demand("note"),
    Event.SUPPLEMENT: _demand("note", "evidence"),
    Event.ACCEPT: _demand(),
    Event.REFUSE: _demand("ground", "department"),
    Event.TRANSFER: _demand("department", "region"),
    Event.CLAIM_CONFLICT: _demand("note", "region"),
    Event.DESIGNATE: _demand("region"),
    Event.HANDLE_ON_SPOT: _demand("note"),
    Event.CLOSE_ON_SPOT: _demand("note", "amount_fen"),
    Event.SERVE: _demand("", "method"),
    Event.REPLY: _demand("note", "evidence"),
    Event.REPLY_OVERDUE: _demand(),
    Event.COLLECT_EVIDENCE: _demand("note", "evidence"),
    Event.ENTRUST: _demand("region note"),
    Event.START_APPRAISAL: _demand("appraiser appraisal_item agreed_by_both"),
    Event.APPRAISAL_DONE: _demand("note", "evidence"),
    Event.MEDIATE: _demand(),
    Event.AGREE: _demand("amount_fen terms", "pay_by estimate"),
    Event.TERMINATE: _demand("note"),
    Event.SELF_SETTLE: _demand("terms agreed_by_both", "amount_fen"),
    Event.WITHDRAW: _demand("note"),
    Event.EXTEND: _demand("note"),
    Event.GO_TO_LAW: _demand("forum"),
    Event.DEPOSIT_PAYOUT: _demand("amount_fen basis note"),
    Event.SUSPECT_VIOLATION: _demand("note violation_code"),
    Event.ARCHIVE: _demand(),
    Event.REOPEN: _demand("note"),
}
