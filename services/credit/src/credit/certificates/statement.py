"""What a certificate states: grade, list status, records that are shown; and what it says it leaves out."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from common import regions
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.facts.models import Fact
from credit.facts.repository import FactRepository
from credit.facts.retention import ended_on, repaired
from credit.facts.rules import known
from credit.facts.views import as_version, fact_periods
from credit.listings.service import ListingService
from credit.scoring.errors import NoScorecard
from credit.scoring.service import ScoringService
from credit.subjects.models import Subject

from .policy import CertificatePolicy
from .rules import FORMAT, Purpose

__all__ = ["Statement"]


class Statement:
    """The statement about one subject, as of a day, with all that is known now."""

    def __init__(
        self,
        session: AsyncSession,
        env: Environment,
        subject: Subject,
        as_of: date,
        policy: CertificatePolicy,
    ) -> None:
        self._env, self._subject, self._as_of, self._policy = env, subject, as_of, policy
        self._facts = FactRepository(session)
        self._scoring = ScoringService(session, env)
        self._listings = ListingService(session, env)

    async def made(
        self, certificate_id: UUID, purpose: Purpose, relying_party: str, today: date, valid_until: date
    ) -> tuple[dict[str, Any], list[UUID]]:
        """The document, and the facts that entered it or its grade. Natural persons stand masked."""
        subject, policy = self._subject, self._policy
        grade, counted = await self._grade()
        records, shown = await self._records()
        document = {
            "format": FORMAT,
            "certificate_id": str(certificate_id),
            "purpose": str(purpose),
            "relying_party": relying_party,
            "subject": {
                "kind": subject.kind,
                "key": subject.key,
                "name": subject.name,
                "license_no": subject.license_no,
                "region": subject.region,
                "region_name": regions.name_of(subject.region),
                "status": subject.status,
            },
            "as_of": self._as_of.isoformat(),
            "issued_on": today.isoformat(),
            "valid_until": valid_until.isoformat(),
            "grade": grade,
            "lists": await self._lists(),
            "records": records,
            "not_included": [text.zh for text in policy.not_included],
            "policy": {
                "id": policy.id,
                "version": policy.version,
                "status": policy.status,
                "hash": policy.hash,
            },
        }
        return document, sorted({*counted, *shown})

    def on_paper(self, document: dict[str, Any], purpose: str, code: str, digest: str) -> dict[str, Any]:
        """The same for the paper, in words."""
        grade = document["grade"]
        lists = [f"{one['condition']}，列入日期 {one['listed_on']}" for one in document["lists"]]
        records = [
            f"{one['occurred_on']} {one['name']}（{one['authority']} {one['reference']}）"
            + ("，异议处理中" if one["objection"] else "")
            for one in document["records"]
        ]
        return {
            "purpose": purpose,
            "relying_party": document["relying_party"],
            "as_of": self._as_of,
            "grade": grade["grade"] if grade["rated"] else "未评级",
            "scorecard": f"{grade['scorecard']} 第{grade['version']}版" if grade["rated"] else None,
            "lists": lists or ["未列入"],
            "records": records or ["无"],
            "valid_until": date.fromisoformat(document["valid_until"]),
            "code": code,
            "hash": digest,
            "not_included": document["not_included"],
        }

    async def _grade(self) -> tuple[dict[str, Any], list[UUID]]:
        subject = self._subject
        book = await self._scoring.cards()
        changed = book.changed_at(subject.kind, None)
        moment = max(filter(None, (subject.last_recorded_at, changed)))
        try:
            result = await self._scoring.evaluate(subject, self._as_of, moment)
        except NoScorecard:
            return {"rated": False, "grade": None}, []
        document = result.document
        counted = [
            UUID(one["fact_id"])
            for part in ("contributions", "vetoes")
            for one in document[part]
            if one.get("fact_id")
        ]
        return {
            "rated": result.rated,
            "grade": result.grade,
            "scorecard": result.card.id,
            "version": result.card.version,
            "status": result.card.status,
            "result_hash": result.hash,
        }, counted

    async def _lists(self) -> list[dict[str, Any]]:
        """The serious listings in force; the slight list is not for others to see."""
        found = await self._listings.in_force(self._subject.id, self._as_of)
        return [
            {
                "list": one.list,
                "number": one.number,
                "condition": one.condition,
                "listed_on": one.listed_on.isoformat(),
                "ends_on": one.ends_on.isoformat(),
            }
            for one in found
            if one.list == "serious"
        ]

    async def _records(self) -> tuple[list[dict[str, Any]], list[UUID]]:
        subject, on = self._subject, self._as_of
        versions = known(await self._facts.versions_of(subject.id), subject.last_recorded_at)
        rows: Sequence[Fact] = await self._facts.standing(subject.id, on, subject.last_recorded_at)
        catalogue = self._env.rulebook.catalogue(on)
        records: list[dict[str, Any]] = []
        shown: list[UUID] = []
        for fact in rows:
            kind, row = catalogue.by_code.get(fact.code), as_version(fact)
            if kind is None:
                continue
            ended = ended_on(row, versions, catalogue)
            if (ended is not None and ended <= on) or repaired(row, versions, on):
                continue
            periods = fact_periods(self._env.rulebook, subject.region, row, versions, kind, on)
            if not periods.visible_on(on) or periods.archived_on(on):
                continue
            shown.append(fact.id)
            records.append(
                {
                    "code": fact.code,
                    "name": kind.name.zh,
                    "nature": kind.nature,
                    "occurred_on": fact.occurred_on.isoformat(),
                    "authority": fact.source_authority,
                    "reference": fact.source_reference,
                    "objection": row.disputed_on(on),
                }
            )
        return records, shown
