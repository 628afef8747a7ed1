"""What anyone may see. Nothing here names a natural person, a complaint, a warning or points."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from common.web import Model
from pydantic import StringConstraints

from credit.commitments.schemas import PublicCommitment

from .rules import ReplyState

__all__ = [
    "PublicDraw",
    "PublicFact",
    "PublicGrade",
    "PublicReply",
    "PublicSubject",
    "PublicSubjectPage",
    "PublicWaiver",
    "QrView",
    "ReplyIn",
    "ReplyReviewIn",
    "ReplyView",
]


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
    """The published grade, and what kind of scorecard it comes from (*sample*: issued by no authority).

    `objection`: an objection against this grade is being looked into. `warning` is the risk notice that goes
    with a grade of which the scorecard or the supervision policy says so, else null.
    """

    grade: str
    since: date
    scorecard: str
    scorecard_status: str
    warning: str | None
    objection: bool


class PublicReply(Model):
    """What the subject itself says about a record."""

    text: str
    shown_since: date


class PublicFact(Model):
    """A published record and the last day on which it is shown.

    `content` holds what of the document may be shown: amount, article, days and the like. `repairable_from`
    is the day from which a repair may be applied for, as the repair desk says; none for what is not repaired
    by itself, such as an entry in a list. `objection`: it is disputed and being looked into.
    """

    code: str
    name: str
    nature: str
    publicity_class: str
    occurred_on: date
    authority: str
    reference: str
    content: dict[str, Any]
    shown_until: date
    repairable_from: date | None
    objection: bool
    reply: PublicReply | None


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
    commitments: list[PublicCommitment]
    as_of: date


class QrView(Model):
    """What a QR code on the wall of a business says, signed by the key of the service's log.

    `text` is RFC 8785 JSON: it goes into the code as it is. `signature` in it is base64 of the key id and the
    Ed25519 signature over `tourtrust subject qr v1`, a line feed, and the same JSON without `signature`.
    """

    text: str
    sha256: str
    key: str
    page: str


class PublicWaiver(Model):
    """That a chain of void draws was given up, under a number of its own, and for which ground."""

    number: str
    ground: str
    waived_on: date


class PublicDraw(Model):
    """A draw: void ones are listed too, so that no number is missing. `bundle_sha256` names its proof.

    `waiver` stands at the last void draw of a chain that nobody repeats.
    """

    draw_id: UUID
    number: str
    region: str
    state: str
    kinds: list[str]
    objects: int
    drawn: int
    created_on: date
    bundle_sha256: str | None
    waiver: PublicWaiver | None


class ReplyIn(Model):
    """What a subject wants to say beside a record."""

    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=1000)]


class ReplyReviewIn(Model):
    """An officer's look at a reply: it is shown, or refused with a reason (insult, data of others)."""

    decision: Literal["show", "refuse"]
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=500)] | None = (
        None
    )


class ReplyView(Model):
    """A reply as its subject and officers see it, with numbers of persons masked as they will be shown."""

    id: UUID
    fact_id: UUID
    subject_id: UUID
    text: str
    state: ReplyState
    filed_by: str
    filed_at: datetime
    reviewed_by: str | None
    reviewed_at: datetime | None
    reason: str | None
