"""The answer to a registration, the same wherever it is given."""

from contracts.checks.schemas import view
from contracts.registrations.schemas import PromiseView, Registered
from contracts.registrations.service import Registration

__all__ = ["registered"]


def registered(outcome: Registration, verify_url: str, language: str) -> Registered:
    """What a platform learns of its registered document."""
    return Registered(
        contract_no=outcome.contract_no,
        version=outcome.version,
        status="registered",
        findings=[view(finding, language) for finding in outcome.findings],
        promise=PromiseView(**outcome.promise),
        verify_url=verify_url,
    )
