"""What crosses the API about subjects."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from common.web import Model
from pydantic import Field, StringConstraints

from .rules import Kind, Scope, Status

__all__ = [
    "PersonIn",
    "PersonMasked",
    "PersonRevealed",
    "RevealIn",
    "SubjectIn",
    "SubjectPatch",
    "SubjectView",
]

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Region = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
Identifier = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=24)]
Level = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=16)]
Phone = Annotated[str, StringConstraints(pattern=r"^\+?[0-9-]{5,20}$")]


class PersonIn(Model):
    """Personal data of a natural person; stored encrypted."""

    id_number: Identifier | None = None
    phone: Phone | None = None


class SubjectIn(Model):
    """A subject to register."""

    kind: Kind
    key: Identifier | None = None
    name: Name
    region: Region
    license_no: Identifier | None = None
    business_scope: list[Scope] = Field(default=[])
    level: Level | None = None
    status: Status = Status.ACTIVE
    person: PersonIn | None = None


class SubjectPatch(Model):
    """The fields to change; what is left out stays."""

    name: Name | None = None
    region: Region | None = None
    license_no: Identifier | None = None
    business_scope: list[Scope] | None = None
    level: Level | None = None
    status: Status | None = None
    person: PersonIn | None = None


class PersonMasked(Model):
    """Personal data as everyone sees it."""

    id_number: str | None
    phone: str | None


class SubjectView(Model):
    """A subject with its present grade. A natural person's name and numbers are masked."""

    id: UUID
    kind: str
    key: str | None
    name: str
    license_no: str | None
    region: str
    region_name: str
    business_scope: list[str]
    level: str | None
    status: str
    score: float | None
    grade: str | None
    tier: str | None
    grade_version: int
    scored_on: date | None
    next_change_on: date | None
    person: PersonMasked | None
    version: int
    created_at: datetime
    updated_at: datetime


class RevealIn(Model):
    """Why personal data must be read in the clear; the purpose is kept in the audit trail."""

    purpose: Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=200)]


class PersonRevealed(Model):
    """Personal data in the clear, for one reading."""

    name: str
    id_number: str | None
    phone: str | None
