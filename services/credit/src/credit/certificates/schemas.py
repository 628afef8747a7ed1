"""What crosses the API about certificates."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from common.web import Day, Model, OneLine
from pydantic import Field, StringConstraints

from .rules import Because, Purpose, Validity

__all__ = [
    "CertificateIn",
    "CertificateMade",
    "CertificateView",
    "Checked",
    "UseIn",
    "UseView",
    "Verification",
    "VerifyIn",
]

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=100), OneLine]
Reference = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=120), OneLine]
Code = Annotated[str, StringConstraints(min_length=8, max_length=40)]
Checked = Literal["relying_party", "purpose"]
Number = Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=60), OneLine]


class CertificateIn(Model):
    """A certificate to issue. Without `subject_id` the caller's own; `as_of` is today if left out.

    `consent` is the reference of a natural person's authorisation, needed unless that person asks itself.
    """

    subject_id: UUID | None = None
    purpose: Purpose
    relying_party: Words
    as_of: Day | None = None
    consent: Reference | None = None


class CertificateView(Model):
    """A certificate. `document` is what the log commits to; `validity` is how it stands today.

    For one that is read by itself or verified, that is looked at anew; a list says what was found last.
    """

    id: UUID
    number: str
    subject_id: UUID
    purpose: str
    relying_party: str
    as_of: date
    issued_on: date
    valid_until: date
    validity: Validity
    ended_because: Because | None
    ended_at: datetime | None
    document: dict[str, Any]
    document_sha256: str
    uses: int = Field(description="how often somebody relied on it")
    pdf: str


class CertificateMade(CertificateView):
    """A new certificate with the code of verification, which is told only now and on the paper."""

    code: str


class VerifyIn(Model):
    """Number and code as they stand on the paper; who asks may say so, and for what.

    Somebody else than the certificate was made for, or another purpose, is refused; who says neither is not
    told that it is valid.
    """

    number: Number
    code: Code
    relying_party: Words | None = None
    purpose: Purpose | None = None
    reference: Reference | None = None


class Verification(Model):
    """What a verifier learns, and no more: whether it holds, for whom and what it was made, of which day.

    `because` is why it ended. `past`: it states an earlier day than that of its issue. `checked`: what the
    asker named and what fits; with neither, a certificate that stands is `unchecked`.
    """

    number: str
    validity: Validity
    because: Because | None
    checked: list[Checked]
    purpose: Purpose
    relying_party: str
    as_of: date
    past: bool
    issued_on: date
    valid_until: date
    document_sha256: str


class UseIn(Model):
    """That the caller relies on a certificate, for what. Another party or purpose is refused."""

    code: Code
    relying_party: Words
    purpose: Purpose | None = None
    reference: Reference | None = None


class UseView(Model):
    """One reliance: when, by whom as far as they said, and what they were told."""

    id: UUID
    used_at: datetime
    relying_party: str | None
    reference: str | None
    used_by: str | None
    told: str
