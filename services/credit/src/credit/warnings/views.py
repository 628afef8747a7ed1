"""A warning as it crosses the API."""

from collections.abc import Iterator, Sequence
from datetime import date

from common.calendar import is_working_day

from .models import Warning, WarningAct, WarningSource
from .rules import Act, RuleSet, State
from .schemas import ActView, DeadlineView, ProposalView, SourceView, WarningView

__all__ = ["view"]


def view(
    warning: Warning,
    name: str,
    region: str,
    acts: Sequence[WarningAct],
    sources: Sequence[WarningSource],
    rules: RuleSet,
    today: date,
    language: str,
) -> WarningView:
    """The warning with its rule's words, its clocks, its evidence and what was done."""
    details = dict(warning.details)
    rule = rules.get(warning.rule_id, warning.rule_version, details.pop("rule_region"))
    provisional = bool(details.pop("provisional", False))
    state = State(warning.state)
    return WarningView(
        id=warning.id,
        subject_id=warning.subject_id,
        subject_name=name,
        region=region,
        rule=warning.rule_id,
        rule_version=warning.rule_version,
        kind=warning.kind,
        proposes=ProposalView(**rule.proposes.model_dump()) if rule.proposes else None,
        name=rule.name.render(language),
        advice=rule.advice.render(language),
        legal_basis=rule.legal_basis,
        severity=warning.severity,
        state=state,
        occurred_on=warning.occurred_on,
        acknowledge_by=warning.acknowledge_by,
        deadlines=list(_deadlines(warning, acts, today, provisional)),
        overdue=state is not State.RESOLVED and warning.due_on < today,
        escalated_to=warning.escalated_to,
        source_reference=warning.source_reference,
        sources=[
            SourceView(
                reference=one.source_reference,
                occurred_on=one.occurred_on,
                details=one.details,
                seen_at=one.seen_at,
            )
            for one in sources
        ],
        details=details,
        outcome=warning.outcome,
        acts=[
            ActView(
                act=one.act,
                note=one.note,
                outcome=one.outcome,
                day=one.day,
                paper_id=one.paper_id,
                done_by=one.done_by,
                done_at=one.done_at,
            )
            for one in acts
        ],
        raised_at=warning.raised_at,
    )


def _deadlines(
    warning: Warning, acts: Sequence[WarningAct], today: date, provisional: bool
) -> Iterator[DeadlineView]:
    done = {act.act for act in acts}
    due: list[tuple[Act, date]] = [(Act.ACKNOWLEDGE, warning.acknowledge_by)]
    if warning.interview_on is not None:
        due.append((Act.INTERVIEW, warning.interview_on))
    due.append((Act.RESOLVE, warning.resolve_by))
    closed = warning.state == State.RESOLVED
    for act, day in due:
        finished = closed or (act in done and not (act is Act.INTERVIEW and warning.state == State.INVITED))
        yield DeadlineView(
            act=act,
            due_on=day,
            # One flag is kept for all: it is that of a later day where this one is covered by a notice.
            provisional=provisional and is_working_day(day).provisional,
            done=finished,
            overdue=not finished and day < today,
        )
