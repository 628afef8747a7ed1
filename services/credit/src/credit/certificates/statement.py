"""What a certificate states: grade, list status, records that are shown; and what it says it leaves out."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from common import regions
from common.clock import china_date
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.facts.repository import FactRepository
from credit.facts.retention import repaired
from credit.facts.rules import FactVersion, Hidden, known
from credit.facts.views import as_version, shown_codes, shown_on
from credit.listings.models import Listing
from credit.listings.repository import ListingRepository
from credit.listings.rules import ListName, Removal
from credit.objections.repository import ObjectionRepository
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
    ) -> None:
        self._env, self._subject, self._as_of = env, subject, as_of
        self._facts = FactRepository(session)
        self._scoring = ScoringService(session, env)
        self._listings = ListingRepository(session)
        self._objections = ObjectionRepository(session)

    async def content(self) -> tuple[dict[str, Any], list[UUID]]:
        """Grade, serious listings and shown records, and the facts that entered them.

        What was repaired by now is not shared or used any more (NDRC Order 36 Article 3), also not as it was
        on an earlier day: neither the record nor the listing is stated, nor a grade of that day which counted
        them.
        """
        known_facts = known(await self._facts.versions_of(self._subject.id), self._subject.last_recorded_at)
        kept_back = await self._facts.kept_back([self._subject.id], self._as_of)
        listings = [
            one
            for one in await self._listings.in_force(self._subject.id, self._as_of)
            if one.on_list == ListName.SERIOUS
        ]
        gone = {
            one.id
            for one in known_facts
            if repaired(one, known_facts, self._today) and not repaired(one, known_facts, self._as_of)
        }
        if any(one.removal == Removal.REPAIRED for one in listings):
            gone |= {fact_id for fact_id, why in kept_back.items() if why is Hidden.REPAIRED}
        grade, counted = await self._grade(gone)
        records, shown = await self._records(known_facts, kept_back)
        content = {"grade": grade, "lists": _stated(listings), "records": records}
        return content, sorted({*counted, *shown})

    async def made(
        self,
        certificate_id: UUID,
        purpose: Purpose,
        relying_party: str,
        today: date,
        valid_until: date,
        policy: CertificatePolicy,
    ) -> tuple[dict[str, Any], list[UUID]]:
        """The document, and the facts that entered it or its grade. Natural persons stand masked.

        `past` says that it is of a day before its issue, and what that means.
        """
        subject = self._subject
        content, based_on = await self.content()
        document = content | {
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
            "past": policy.past.zh if self._as_of < today else None,
            "not_included": [text.zh for text in policy.not_included],
            "policy": {
                "id": policy.id,
                "version": policy.version,
                "status": policy.status,
                "hash": policy.hash,
            },
        }
        return document, based_on

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
            "past": document["past"],
            "grade": grade.get("not_stated") or (grade["grade"] if grade["rated"] else "未评级"),
            "scorecard": f"{grade['scorecard']} 第{grade['version']}版" if "scorecard" in grade else None,
            "lists": lists or ["未列入"],
            "records": records or ["无"],
            "valid_until": date.fromisoformat(document["valid_until"]),
            "code": code,
            "hash": digest,
            "not_included": document["not_included"],
        }

    @property
    def _today(self) -> date:
        return china_date(self._env.clock.now())

    async def _grade(self, gone: Collection[UUID]) -> tuple[dict[str, Any], list[UUID]]:
        """The grade and the facts it counted; not stated where one of these is `gone` since."""
        subject = self._subject
        try:
            result = await self._scoring.present(subject, self._as_of)
        except NoScorecard:
            return {"rated": False, "grade": None}, []
        document = result.document
        counted = [
            UUID(fact_id)
            for part in ("contributions", "vetoes")
            for one in document[part]
            for fact_id in one.get("facts") or [one.get("fact_id")]
            if fact_id
        ]
        if set(gone) & set(counted):
            policy = self._env.rulebook.certificates.choose(
                "certificates", on=self._today, region=subject.region
            )
            return {"rated": True, "grade": None, "not_stated": policy.repaired.zh}, []
        return {
            "rated": result.rated,
            "grade": result.grade,
            "scorecard": result.card.id,
            "version": result.card.version,
            "status": result.card.status,
            "result_hash": result.hash,
        }, counted

    async def _records(
        self, versions: Sequence[FactVersion], kept_back: Mapping[UUID, Hidden]
    ) -> tuple[list[dict[str, Any]], list[UUID]]:
        """The records that the public page shows; what it leaves out after an objection is left out here."""
        subject, on = self._subject, self._as_of
        codes = shown_codes(self._env.rulebook, on)
        rows = await self._facts.standing(subject.id, codes, on, subject.last_recorded_at)
        flagged = {one.fact_id for one in await self._objections.flagged(subject.id)}
        records: list[dict[str, Any]] = []
        shown: list[UUID] = []
        for fact in rows:
            row = as_version(fact)
            found = shown_on(self._env.rulebook, subject, row, versions, on, kept_back, consented=True)
            if found is None or repaired(row, versions, self._today):
                continue
            kind, _ = found
            shown.append(fact.id)
            records.append(
                {
                    "code": fact.code,
                    "name": kind.name.zh,
                    "nature": kind.nature,
                    "occurred_on": fact.occurred_on.isoformat(),
                    "authority": fact.source_authority,
                    "reference": fact.source_reference,
                    "objection": row.disputed_on(on) or fact.id in flagged,
                }
            )
        return records, shown


def _stated(listings: Sequence[Listing]) -> list[dict[str, Any]]:
    """The serious listings that were not repaired since; the slight list is not for others to see."""
    return [
        {
            "list": one.on_list,
            "number": one.number,
            "condition": one.condition,
            "listed_on": one.listed_on.isoformat(),
            "ends_on": one.management_until.isoformat(),
        }
        for one in listings
        if one.removal != Removal.REPAIRED and one.listed_on and one.management_until
    ]
