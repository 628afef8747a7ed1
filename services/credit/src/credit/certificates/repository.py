"""Every select and insert on certificates."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from common.auth import Principal, region_clause
from sqlalchemy import ARRAY, ColumnElement, Row, Select, Text, Uuid, and_, case, cast, func, or_, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col

from credit.facts.models import Fact
from credit.facts.rules import REPAIRED, Action
from credit.listings.models import Listing
from credit.listings.rules import Removal
from credit.objections.models import Objection, ObjectionAct
from credit.objections.rules import Event, Target
from credit.subjects.models import Subject

from .models import Certificate, CertificateUse
from .rules import Because, State

__all__ = ["CertificateRepository"]

_AUTHORITIES = frozenset({"officer", "service"})


def _undermined() -> Select[Any]:
    """(certificate, why) of those whose ground was taken away after they were made."""
    gone = {
        Because.LISTING_ANNULLED: _stated_listing(Removal.REVOKED),
        Because.REPAIRED: or_(_stated_listing(Removal.REPAIRED), _repaired()),
        Because.FACT_CHANGED: _fact_since(col(Fact.action).in_([Action.REVOKE, Action.AMEND])),
        Because.WITHHELD: _withheld(),
    }
    why = case(*[(clause, str(because)) for because, clause in gone.items()])
    return select(Certificate, why).where(or_(*gone.values()))


def _fact_since(changed: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether a version of a fact under the certificate came to be known since."""
    return (
        select(col(Fact.id))
        .where(
            col(Fact.id) == func.any(col(Certificate.based_on)),
            col(Fact.subject_id) == col(Certificate.subject_id),
            col(Fact.recorded_at) > col(Certificate.known_at),
            changed,
        )
        .exists()
    )


def _repaired() -> ColumnElement[bool]:
    """Whether a fact under the certificate was repaired since."""
    return (
        select(col(Fact.id))
        .where(
            col(Fact.subject_id) == col(Certificate.subject_id),
            col(Fact.code) == REPAIRED,
            col(Fact.action) != Action.REVOKE,
            col(Fact.recorded_at) > col(Certificate.known_at),
            col(Fact.payload)["fact_id"].astext == func.any(cast(col(Certificate.based_on), ARRAY(Text))),
        )
        .exists()
    )


def _stated_listing(removal: Removal) -> ColumnElement[bool]:
    """Whether a listing that the certificate states was removed since for this reason.

    One of whoever was merged into the subject is stated at the survivor.
    """
    number = func.jsonb_build_array(func.jsonb_build_object("number", col(Listing.number)))
    owner = aliased(Subject)
    stated = (
        select(col(Listing.id))
        .join(owner, col(owner.id) == col(Listing.subject_id))
        .where(
            col(Listing.removal) == removal,
            col(Listing.removed_at) > col(Certificate.issued_at),
            cast(col(Certificate.document), JSONB)["lists"].contains(number),
        )
    )
    return or_(
        stated.where(col(Listing.subject_id) == col(Certificate.subject_id)).exists(),
        stated.where(col(owner.merged_into).is_not(None)).exists(),
    )


def _withheld() -> ColumnElement[bool]:
    """Whether a fact under the certificate was taken off the public page since, after an objection."""
    return (
        select(col(Objection.id))
        .join(ObjectionAct, col(ObjectionAct.objection_id) == col(Objection.id))
        .where(
            col(Objection.subject_id) == col(Certificate.subject_id),
            col(Objection.target) == Target.PAGE,
            col(Objection.fact_id) == func.any(col(Certificate.based_on)),
            col(ObjectionAct.event) == Event.SUSTAIN,
            col(ObjectionAct.done_at) > col(Certificate.issued_at),
        )
        .exists()
    )


def _visible(actor: Principal) -> ColumnElement[bool]:
    """A subject's own user sees its own, an authority those of its regions, a program what it ordered."""
    if actor.subject_id is not None:
        return col(Certificate.subject_id) == actor.subject_id
    within = region_clause(col(Subject.region), actor)
    return within if actor.kind in _AUTHORITIES else and_(within, col(Certificate.issued_by) == actor.sub)


class CertificateRepository:
    """Certificates in PostgreSQL."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    def add(self, row: Certificate | CertificateUse) -> None:
        """Queue a new row for the next flush."""
        self._session.add(row)

    async def find(self, certificate_id: UUID, actor: Principal) -> Certificate | None:
        """A certificate the caller may see."""
        query = (
            select(Certificate)
            .join(Subject, col(Subject.id) == col(Certificate.subject_id))
            .where(col(Certificate.id) == certificate_id, _visible(actor))
        )
        return (await self._session.execute(query)).scalar_one_or_none()

    async def get(self, certificate_id: UUID) -> Certificate | None:
        """A certificate, whoever asks: to be shown only to who knows its code."""
        return await self._session.get(Certificate, certificate_id)

    async def by_number(self, number: str) -> Certificate | None:
        """The certificate of a number."""
        query = select(Certificate).where(col(Certificate.number) == number)
        return (await self._session.execute(query)).scalar_one_or_none()

    async def page(
        self, actor: Principal, subject_id: UUID | None, before: UUID | None, limit: int
    ) -> Sequence[Certificate]:
        """`limit + 1` certificates the caller may see, the newest first."""
        query = (
            select(Certificate)
            .join(Subject, col(Subject.id) == col(Certificate.subject_id))
            .where(_visible(actor))
        )
        if subject_id is not None:
            query = query.where(col(Certificate.subject_id) == subject_id)
        if before is not None:
            query = query.where(col(Certificate.id) < before)
        query = query.order_by(col(Certificate.id).desc()).limit(limit + 1)
        return (await self._session.execute(query)).scalars().all()

    async def standing(self, subject_id: UUID, purpose: str, relying_party: str) -> Certificate | None:
        """The issued certificate that a new one for the same purpose and party supersedes, locked."""
        query = (
            select(Certificate)
            .where(
                col(Certificate.subject_id) == subject_id,
                col(Certificate.purpose) == purpose,
                col(Certificate.relying_party) == relying_party,
                col(Certificate.state) == State.ISSUED,
            )
            .with_for_update()
        )
        return (await self._session.execute(query)).scalar_one_or_none()

    async def resting_on(self, subject_id: UUID, fact_id: UUID) -> Sequence[Certificate]:
        """The certificates of a subject that a fact entered, in order of issue."""
        query = (
            select(Certificate)
            .where(col(Certificate.subject_id) == subject_id, col(Certificate.based_on).contains([fact_id]))
            .order_by(col(Certificate.id))
        )
        return (await self._session.execute(query)).scalars().all()

    async def relied_on(
        self, subject_id: UUID, facts: Collection[UUID], since: datetime, after: UUID | None, limit: int
    ) -> Sequence[Row[CertificateUse, str]]:
        """`limit` uses since then, behind `after`, of certificates that one of these facts entered.

        Each with the certificate's number, in order of use.
        """
        query = (
            select(CertificateUse, col(Certificate.number))
            .join(Certificate, col(Certificate.id) == col(CertificateUse.certificate_id))
            .where(
                col(Certificate.subject_id) == subject_id,
                col(Certificate.based_on).op("&&")(cast(sorted(facts), ARRAY(Uuid))),
                col(CertificateUse.used_at) >= since,
            )
        )
        if after is not None:
            query = query.where(col(CertificateUse.id) > after)
        return (await self._session.execute(query.order_by(col(CertificateUse.id)).limit(limit))).all()

    async def undermined(self, today: date, after: UUID | None, limit: int) -> Sequence[UUID]:
        """Certificates still good whose ground was taken away since they were made, behind `after`."""
        query = (
            _undermined()
            .with_only_columns(col(Certificate.id))
            .where(col(Certificate.state) == State.ISSUED, col(Certificate.valid_until) >= today)
            .order_by(col(Certificate.id))
            .limit(limit)
        )
        if after is not None:
            query = query.where(col(Certificate.id) > after)
        return (await self._session.execute(query)).scalars().all()

    async def take_undermined(self, certificates: Collection[UUID]) -> Sequence[Row[Certificate, str]]:
        """Those of the certificates that are still so, with why, locked; what others hold is passed by."""
        query = (
            _undermined()
            .where(col(Certificate.id).in_(certificates), col(Certificate.state) == State.ISSUED)
            .order_by(col(Certificate.id))
            .with_for_update(of=Certificate, skip_locked=True)
        )
        rows: Sequence[Row[Certificate, str]] = (await self._session.execute(query)).all()
        return rows

    async def to_look_at(self, today: date, after: UUID | None, limit: int) -> Sequence[UUID]:
        """Certificates still good, in order, not looked at today or not since their subject changed."""
        query = (
            select(col(Certificate.id))
            .join(Subject, col(Subject.id) == col(Certificate.subject_id))
            .where(
                col(Certificate.state) == State.ISSUED,
                col(Certificate.valid_until) >= today,
                or_(
                    col(Certificate.looked_on) < today,
                    col(Certificate.looked_version) != col(Subject.version),
                ),
            )
        )
        if after is not None:
            query = query.where(col(Certificate.id) > after)
        return (await self._session.execute(query.order_by(col(Certificate.id)).limit(limit))).scalars().all()

    async def undermined_because(self, certificate_id: UUID) -> Because | None:
        """Why the ground of a certificate was taken away after it was made; None while it is there."""
        found = (
            await self._session.execute(_undermined().where(col(Certificate.id) == certificate_id))
        ).one_or_none()
        return None if found is None else Because(found[1])

    async def lock(self, certificate_id: UUID) -> Certificate:
        """A certificate that was found, with its row locked, as it is now; its subject is locked before."""
        query = (
            select(Certificate)
            .where(col(Certificate.id) == certificate_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        return (await self._session.execute(query)).scalar_one()

    async def count_uses(self, certificate_ids: Sequence[UUID]) -> dict[UUID, int]:
        """How often certificates were relied on."""
        rows = await self._session.execute(
            select(col(CertificateUse.certificate_id), func.count())
            .where(col(CertificateUse.certificate_id).in_(certificate_ids))
            .group_by(col(CertificateUse.certificate_id))
        )
        return {row[0]: row[1] for row in rows}

    async def uses(self, certificate_id: UUID, before: UUID | None, limit: int) -> Sequence[CertificateUse]:
        """`limit + 1` uses of a certificate, the newest first."""
        query = select(CertificateUse).where(col(CertificateUse.certificate_id) == certificate_id)
        if before is not None:
            query = query.where(col(CertificateUse.id) < before)
        query = query.order_by(col(CertificateUse.id).desc()).limit(limit + 1)
        return (await self._session.execute(query)).scalars().all()
