"""What anyone may see. Nothing here names a natural person, a complaint, a warning or points."""

from datetime import date
from uuid import UUID

from common.web import Model

__all__ = ["PublicDraw", "PublicFact", "PublicGrade", "PublicSubject", "PublicSubjectPage"]


class PublicSubject(Model):
    """A subject in a list."""

    key: str | None
    name: str
    kind: str
    license_no: str | None
    region: str
    region_name: str
    status: str
    grade: str | None


class PublicGrade(Model):
    """The published grade, and what kind of scorecard it comes from (*sample*: issued by no authority)."""

    grade: str
    since: date
    scorecard: str
    scorecard_status: str


class PublicFact(Model):
    """A published record and the last day on which it is shown."""

    code: str
    name: str
    nature: str
    occurred_on: date
    authority: str
    reference: str
    shown_until: date


class PublicSubjectPage(Model):
    """The public page of one subject."""

    key: str | None
    name: str
    kind: str
    license_no: str | None
    region: str
    region_name: str
    business_scope: list[str]
    level: str | None
    status: str
    grade: PublicGrade | None
    records: list[PublicFact]
    as_of: date


class PublicDraw(Model):
    """A draw: void ones are listed too, so that no number is missing. `bundle_sha256` names its proof."""

    draw_id: UUID
    number: str
    region: str
    state: str
    kinds: list[str]
    objects: int
    drawn: int
    created_on: date
    bundle_sha256: str | None
