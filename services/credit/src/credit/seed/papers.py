"""What the demo's subjects hold on paper: licences, deposits, liability policies, cards, relations.

All invented and deterministic. Little of it runs out soon, so that warnings stay few.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from common.calendar import add_months
from common.clock import china_date
from common.crypto import Keyring
from common.policies import PolicySet
from common.seeding import SeedPlan, demo_id
from sqlmodel import SQLModel

from credit.deposits.models import DepositEntry, LiabilityPolicy, LiabilityWatch, RiskClassRecord
from credit.deposits.policy import DepositPolicy
from credit.deposits.rules import EntryKind, Form, RiskClass, required
from credit.qualifications.models import Qualification
from credit.qualifications.rules import QualificationKind
from credit.relations.models import Relation
from credit.relations.rules import RelationKind
from credit.subjects.models import SubjectTrace
from credit.subjects.personal import trace_columns
from credit.subjects.rules import Kind
from credit.subjects.schemas import TraceIn
from credit.supervision.models import SupervisionState
from credit.supervision.policy import RiskMatrix
from credit.supervision.rules import supervision_tier

from .firms import Firm
from .firms_more import Related, traces

__all__ = ["Papers", "licence"]

_AUTHORITY = "文化和旅游主管部门（演示）"
_PILOT = "14"
_DAY = timedelta(days=1)


@dataclass
class _Row:
    """A row of any table, made some 20,000 times, so it is no model."""

    values: dict[str, Any]

    def __getattr__(self, name: str) -> Any:
        return self.values.get(name)


@dataclass
class Papers:
    """Rows of the rooms of relations, deposits and qualifications, by table."""

    plan: SeedPlan
    deposits: DepositPolicy
    matrices: PolicySet[RiskMatrix]
    keyring: Keyring
    now: datetime
    rows: dict[type[SQLModel], list[_Row]] = field(default_factory=dict)

    def add_for(
        self,
        firm: Firm,
        licensed_on: date | None,
        uncovered_since: date | None,
        tier: str | None,
        *,
        listed: bool = False,
    ) -> None:
        """What a subject of a credit tier holds. `uncovered_since`: its history says that it has no cover,
        `listed` that it was put on a list, so that others must be told of its measures.
        """
        chance = Random(f"papers {self.plan.seed} {firm.id}")  # noqa: S311  (invented data, no secret)
        if firm.kind is Kind.TRAVEL_AGENCY and licensed_on is not None:
            self._deposit(firm, chance, licensed_on)
            self._cover(firm, chance, licensed_on, uncovered_since)
            self._risk_class(firm, chance, tier, listed=listed)
        if firm.kind is Kind.TOUR_GUIDE:
            self._card(firm, chance)
        if isinstance(firm, Related) and firm.agency is not None:
            branch = firm.kind is Kind.AGENCY_BRANCH
            self._put(
                Relation,
                firm,
                "relation",
                kind=RelationKind.BRANCH_OF if branch else RelationKind.LEGAL_REPRESENTATIVE,
                from_id=firm.id,
                to_id=firm.agency,
                starts_on=china_date(self.now) - timedelta(days=chance.randrange(400, 1800)),
                evidence=[],
            )
        if firm.kind is Kind.UNLICENSED_OPERATOR:
            for kind, value in traces(firm):
                columns = trace_columns(TraceIn(kind=kind, value=value), self.keyring)
                self._put(SubjectTrace, firm, f"trace {kind}", **columns)

    def tables(self) -> Iterable[tuple[type[SQLModel], list[_Row]]]:
        """The rows by table."""
        return self.rows.items()

    def _risk_class(self, firm: Firm, chance: Random, tier: str | None, *, listed: bool) -> None:
        """The market regulator's class; how it and a listing move supervision is told by the next round."""
        risk, first = chance.choices(list(RiskClass), weights=[55, 30, 12, 3])[0], china_date(self.now)
        self._put(
            RiskClassRecord,
            firm,
            "risk class",
            risk_class=risk,
            assessed_on=first.replace(day=1),
            authority="市场监督管理部门（演示）",
        )
        matrix = self.matrices.find("risk-matrix", on=first, region=firm.region)
        moved = supervision_tier(tier, risk, matrix) != tier
        state: dict[str, Any] = {"tier": tier, "risk_class": risk}
        state |= {"measures": [], "restrictions": []}
        turn = {"next_change_on": first if moved or listed else None, "announced_at": self.now}
        self.rows.setdefault(SupervisionState, []).append(_Row({"subject_id": firm.id} | state | turn))

    def _deposit(self, firm: Firm, chance: Random, licensed_on: date) -> None:
        paid_on = licensed_on + timedelta(days=chance.randrange(1, 3))
        forms = [Form.CASH, Form.GUARANTEE, Form.INSURANCE]
        weights = [60, 25, 15 if firm.region.startswith(_PILOT) else 0]
        form = chance.choices(forms, weights=weights)[0]
        paper: dict[str, Any] = {}
        if form is not Form.CASH:
            days = chance.randrange(5, 40) if chance.random() < 0.04 else chance.randrange(100, 700)
            institution = "演示银行（虚构）" if form is Form.GUARANTEE else "演示保险（虚构）"
            paper = {
                "expires_on": china_date(self.now) + timedelta(days=days),
                "institution": institution,
                "instrument_no": f"DEMO-{firm.id.hex[:10].upper()}",
            }
        payment = self._put(
            DepositEntry,
            firm,
            "deposit",
            kind=EntryKind.PAYMENT,
            form=form,
            amount_fen=required(self.deposits, firm.scope, [], halved=False).fen,
            occurred_on=paid_on,
            **paper,
        )
        if form is Form.INSURANCE:
            self._put(
                DepositEntry,
                firm,
                "confirmation",
                kind=EntryKind.CONFIRMATION,
                form=Form.CASH,
                amount_fen=0,
                occurred_on=paid_on + _DAY,
                refers_to=payment,
            )

    def _cover(self, firm: Firm, chance: Random, licensed_on: date, uncovered_since: date | None) -> None:
        today = china_date(self.now)
        days = chance.randrange(5, 30) if chance.random() < 0.03 else chance.randrange(60, 360)
        last = today + timedelta(days=days) if uncovered_since is None else uncovered_since - _DAY
        last = max(last, licensed_on + _DAY)
        self._put(
            LiabilityPolicy,
            firm,
            "liability policy",
            insurer="演示保险（虚构）",
            policy_no=f"ZR-{firm.id.hex[:12].upper()}",
            cover_fen=400_000_00,
            valid_from=max(licensed_on, last - timedelta(days=364)),
            valid_to=last,
        )
        following = last + _DAY if last >= today else None
        self._put(LiabilityWatch, firm, "watch", subject_id=firm.id, covered_to=last, next_on=following)

    def _card(self, firm: Firm, chance: Random) -> None:
        today = china_date(self.now)
        left = chance.randrange(5, 60) if chance.random() < 0.01 else chance.randrange(100, 1060)
        issued_on = today - timedelta(days=1095 - left)
        self._put(
            Qualification,
            firm,
            "card",
            kind=QualificationKind.GUIDE_CARD,
            number=firm.key,
            level=firm.level,
            authority=_AUTHORITY,
            issued_on=issued_on,
            expires_on=add_months(issued_on, 36),
            evidence=[],
        )

    def _put(self, table: type[SQLModel], firm: Firm, what: str, **values: Any) -> UUID:
        row_id = demo_id(f"{what} {firm.id}")
        common = {"id": row_id, "subject_id": firm.id, "recorded_at": self.now, "recorded_by": "seed"}
        self.rows.setdefault(table, []).append(_Row(common | values))
        return row_id


def licence(firm: Firm, born: date) -> tuple[date | None, date | None]:
    """When a subject of the demo got its licence, and when that expires: agencies' do not, homestays' do."""
    if firm.kind is Kind.TRAVEL_AGENCY:
        return born, None
    if firm.kind is Kind.HOMESTAY:
        return born, add_months(born, 96)
    return None, None
