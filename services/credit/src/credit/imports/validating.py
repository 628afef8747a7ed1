"""From the texts of one row to a checked wish, by the rules that hold for a subject entered by hand."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from common import regions
from common.crypto import mask_name
from common.identifiers import InvalidIdentifier, check_resident_id
from common.problems import FieldError, Text
from common.web import Day, Model, field_errors
from pydantic import ValidationError

from credit.subjects.rules import (
    ENTITY_KEY_OPTIONAL,
    PERSONS,
    UNLICENSED,
    Kind,
    Scope,
    Status,
    check_dates,
    check_key,
    check_licence,
    is_person,
    normalise,
)
from credit.subjects.schemas import Headcount, Identifier, Level, Name, PersonIn, Phone, Region

from .reading import RawRow
from .rules import PERSONAL, code_of, codes_of, day_of, is_masked

__all__ = ["Wanted", "check_row", "is_personal", "shown_name"]

_PERSON = Kind.NATURAL_PERSON
_DAYS = ("licensed_on", "license_expires_on")
_NO_DAY = Text("日期须如 2026-01-05、2026/1/5 或 2026年1月5日", "A day is written as 2026-01-05 or 2026/1/5")


class _Row(Model):
    kind: Kind
    id: UUID | None = None
    key: Identifier | None = None
    name: Name | None = None
    region: Region | None = None
    license_no: Identifier | None = None
    business_scope: list[Scope] | None = None
    level: Level | None = None
    status: Status | None = None
    licensed_on: Day | None = None
    license_expires_on: Day | None = None
    headcount: Headcount | None = None
    id_number: Identifier | None = None
    phone: Phone | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a row asks for; None leaves what is there. Identifiers stand in their stored form."""

    kind: Kind
    id: UUID | None
    key: str | None
    name: str | None
    region: str | None
    license_no: str | None
    business_scope: list[Scope] | None
    level: str | None
    status: Status | None
    licensed_on: date | None
    license_expires_on: date | None
    headcount: int | None
    id_number: str | None
    phone: str | None

    @property
    def person(self) -> bool:
        """Whether this is a natural person."""
        return is_person(self.kind, self.key)

    @property
    def named_only(self) -> bool:
        """Whether nothing but kind, name and region says whom the row means."""
        numbers = (self.id, self.key, self.license_no, self.id_number if self.kind is _PERSON else None)
        return all(number is None for number in numbers)

    @property
    def twin(self) -> tuple[str, str, str] | None:
        """Kind, region and name by which somebody of an optional key may stand there without it already.

        None when the row names an id, or when its kind always has a key.
        """
        if self.kind not in ENTITY_KEY_OPTIONAL or self.id is not None or not (self.name and self.region):
            return None
        return self.kind, self.region, normalise(self.name)

    def identities(self) -> list[tuple[str, ...]]:
        """What no two rows of one file may share."""
        found: list[tuple[str, ...]] = []
        names = ["id", "key", "license_no"]
        if self.kind is Kind.NATURAL_PERSON:
            names.append("id_number")
        for name in names:
            if (value := getattr(self, name)) is not None:
                found.append((name, str(value)))
        if not found and self.name and self.region:
            found.append(("name", self.kind, self.region, normalise(self.name)))
        return found

    def lacks(self) -> str | None:
        """The first field without which no new subject can be registered, if one is missing."""
        return next((name for name in ("name", "region") if getattr(self, name) is None), None)

    @property
    def personal(self) -> PersonIn | None:
        """The numbers of a natural person, if any are given."""
        if not (self.person and (self.id_number or self.phone)):
            return None
        return PersonIn(id_number=self.id_number, phone=self.phone)


def check_row(row: RawRow, today: date) -> tuple[Wanted | None, list[FieldError]]:
    """The wish of a row, or everything that is wrong with it. Details never repeat a value."""
    errors = list(row.errors)
    if errors and not row.cells:
        return None, errors
    texts: dict[str, Any] = dict(row.cells)
    texts = {code: text for code, text in texts.items() if not (code in PERSONAL and is_masked(text))}
    for code in ("kind", "status"):
        if code in texts:
            texts[code] = code_of(code, texts[code])
    if "business_scope" in texts:
        texts["business_scope"] = codes_of("business_scope", texts["business_scope"])
    for code in _DAYS:
        if code in texts and (day := day_of(texts[code])) is not None:
            texts[code] = day
        elif texts.pop(code, None) is not None:
            errors.append(FieldError(code, _NO_DAY))
    if (count := texts.get("headcount", "")).isdecimal() and len(count) < 10:
        texts["headcount"] = int(count)
    try:
        read = _Row.model_validate(texts)
    except ValidationError as error:
        return None, errors + [_bare(one) for one in field_errors(error.errors(include_input=False))]
    if errors:
        return None, errors
    return _checked(read, errors, today), errors


def _bare(error: FieldError) -> FieldError:
    return FieldError(error.pointer.removeprefix("/").split("/")[0], error.detail)


def _checked(read: _Row, errors: list[FieldError], today: date) -> Wanted | None:
    key = licence = number = None
    try:
        if read.key is not None or read.id is None:
            key = check_key(read.kind, read.key)
    except InvalidIdentifier as error:
        errors.append(FieldError("key", error.reason))
    try:
        licence = check_licence(read.license_no)
    except InvalidIdentifier as error:
        errors.append(FieldError("license_no", error.reason))
    try:
        number = None if read.id_number is None else check_resident_id(read.id_number, on=today).number
    except InvalidIdentifier as error:
        errors.append(FieldError("id_number", error.reason))
    if read.region is not None and not regions.exists(read.region):
        errors.append(FieldError("region", Text("没有此行政区划代码", "There is no such division code")))
    if read.business_scope and read.kind not in {Kind.TRAVEL_AGENCY, Kind.AGENCY_BRANCH}:
        errors.append(
            FieldError(
                "business_scope",
                Text("只有旅行社及其分社有经营范围", "Only agencies and their branches have a scope"),
            )
        )
    if read.headcount is not None and read.kind in PERSONS:
        errors.append(
            FieldError("headcount", Text("自然人没有从业人数", "A natural person has no headcount"))
        )
    if read.license_no is not None and read.kind in UNLICENSED:
        errors.append(
            FieldError(
                "license_no", Text("该类主体没有许可证号", "This kind of subject has no licence number")
            )
        )
    if read.licensed_on is not None and (
        wrong := check_dates(read.licensed_on, read.license_expires_on, today)
    ):
        errors.append(FieldError(*wrong))
    for name in ("id_number", "phone"):
        if getattr(read, name) is not None and not is_person(read.kind, key):
            errors.append(FieldError(name, Text("只有自然人才有此项", "Only natural persons have this")))
    if errors:
        return None
    scope = None if read.business_scope is None else sorted(set(read.business_scope))
    return Wanted(
        kind=read.kind,
        id=read.id,
        key=key,
        name=read.name,
        region=read.region,
        license_no=licence,
        business_scope=scope,
        level=read.level,
        status=read.status,
        licensed_on=read.licensed_on,
        license_expires_on=read.license_expires_on,
        headcount=read.headcount,
        id_number=number,
        phone=read.phone,
    )


def is_personal(wanted: Wanted | None) -> bool:
    """Whether a staged row must be encrypted: a person's, or one of which we cannot tell."""
    return wanted is None or wanted.person


def shown_name(row: RawRow, wanted: Wanted | None) -> str | None:
    """The name that a report shows: masked unless it is plainly an entity's."""
    name = row.cells.get("name")
    if name is None:
        return None
    return mask_name(name)[:200] if is_personal(wanted) else name
