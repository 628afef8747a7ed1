"""The tables behind the checks, for readers."""

from datetime import date

from common.policies import WHOLE_COUNTRY, policies_payload

from contracts.catalogue.schemas import (
    PolicyList,
    ReasonView,
    ReferenceList,
    ReferenceView,
    RuleList,
    RuleView,
    TemplateList,
    TemplateView,
)
from contracts.policies import Library

__all__ = ["list_policies", "list_references", "list_rules", "list_templates"]


def list_rules(library: Library, *, on: date, region: str | None, language: str) -> RuleList:
    """The rules in force on a day in a region, sentences with their places in braces."""
    place = region or WHOLE_COUNTRY
    kinds = library.types.all()[-1].types
    items = [
        RuleView(
            rule_id=rule.id,
            title=rule.title.en if language == "en" else rule.title.zh,
            severity=rule.severity,
            applies_to=[kind.type for kind in kinds if rule.applies(kind)],
            once=rule.once,
            legal_basis=rule.legal_basis,
            status=rule.status,
            reasons=[
                ReasonView(
                    key=key,
                    severity=reason.severity or rule.severity,
                    sentence=reason.en if language == "en" else reason.zh,
                )
                for key, reason in rule.reasons.items()
            ],
            policy=table.id,
            policy_version=table.version,
        )
        for table in library.rules.in_force(on=on, region=place)
        for rule in table.rules
    ]
    return RuleList(on=on, region=place, items=items)


def list_templates(library: Library) -> TemplateList:
    """Every edition of every model text."""
    items = []
    for policy in library.editions:
        tables = [table for tables in library.cancellation for table in tables.tables]
        for edition in policy.editions:
            table = next(
                (
                    table
                    for table in tables
                    if table.contract_type == edition.contract_type and edition.edition_year in table.editions
                ),
                None,
            )
            items.append(
                TemplateView(
                    **edition.model_dump(),
                    cancellation=None
                    if table is None
                    else table.model_dump(mode="json", exclude={"contract_type", "editions"}),
                    status=policy.status,
                )
            )
    return TemplateList(items=items)


def list_references(library: Library) -> ReferenceList:
    """Every guide price ever known."""
    items = [
        ReferenceView(
            **reference.model_dump(),
            effective_from=policy.effective_from,
            effective_to=policy.effective_to,
            status=policy.status,
            legal_basis=policy.legal_basis,
        )
        for policy in library.references
        for reference in policy.references
    ]
    return ReferenceList(items=items)


def list_policies(library: Library, *, on: date | None) -> PolicyList:
    """Every policy as it was written, or those in force on a day."""
    return PolicyList(items=policies_payload(library.all(), on=on))
