"""Routing: choose the policy versions of the day and the place, then let the pure rules decide."""

from datetime import date

from common.policies import PolicyView, policies_payload

from complaints.policybook import PolicyBook
from complaints.routing.policy import Department
from complaints.routing.rules import Enquiry, RoutingResult, Tables, route

__all__ = ["RoutingService"]


class RoutingService:
    """Answers where a text belongs. Stores nothing."""

    def __init__(self, policies: PolicyBook) -> None:
        self._policies = policies

    def route(self, enquiry: Enquiry) -> RoutingResult:
        """The routing object for `enquiry`, by the tables in force on its day of receipt.

        Raises:
            PolicyNotInForce: received before the first rule set (2010-07-01).
        """
        return route(enquiry, self._tables(enquiry))

    def departments(self, on: date) -> list[Department]:
        """The bodies of the department list in force on `on`."""
        return self._policies.routing.departments.choose("departments", on=on).departments

    def policies(self, on: date | None) -> list[PolicyView]:
        """Every policy version of this service, or those in force on `on`."""
        return policies_payload(self._policies.all(), on=on)

    def _tables(self, enquiry: Enquiry) -> Tables:
        on = enquiry.received_on
        procedure = self._policies.procedure.national(on)
        jurisdiction = procedure.jurisdiction
        assert jurisdiction is not None, "a national rule set has one"  # noqa: S101
        place = enquiry.places.respondent or enquiry.places.incident or enquiry.places.contract_signed
        routing = self._policies.routing
        return Tables(
            signals=routing.signals.choose("routing-signals", on=on),
            rules=routing.rules.choose("routing-rules", on=on),
            local=routing.local.find("local-duties", on=on, region=place) if place else None,
            procedure_version=procedure.version,
            places_in_order=tuple(jurisdiction.order),
            stop_at_once_first=jurisdiction.stop_at_once_first,
            articles=procedure.citations(),
        )
