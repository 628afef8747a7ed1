"""Numbers of persons and bodies. Only what the number itself proves: nobody is looked up."""

from collections.abc import Iterator
from datetime import date

from common.calendar import add_months
from common.identifiers import InvalidIdentifier, check_resident_id, check_uscc
from common.regions import exists

from contracts.checks.rules.case import Case, Hit, spot
from contracts.documents.parties import Traveler

__all__ = ["age_on", "numbers_are_valid"]


def age_on(born: date, day: date) -> int:
    """Completed years of life on `day`."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def numbers_are_valid(case: Case) -> Iterator[Hit]:
    """Checksums, birth dates, sex, adult or child, travel documents, codes of the bodies.

    An unknown region inside an identity number is only a warning: districts come and go.
    """
    seen: set[tuple[str, str]] = set()
    for at, traveler in enumerate(case.document.travelers):
        yield from _traveler(case, at, traveler)
        key = (traveler.id_type, traveler.id_number.strip().upper())
        if key in seen:
            yield Hit(spot("travelers", [at], "id_number"), "repeated", {"number": traveler.traveler_no})
        seen.add(key)
    yield from _bodies(case)


def _traveler(case: Case, at: int, traveler: Traveler) -> Iterator[Hit]:
    number: dict[str, object] = {"number": traveler.traveler_no}
    if traveler.id_type == "resident_id_card":
        yield from _resident(at, traveler, number)
    elif traveler.birth_date > case.signed_on:
        yield Hit(spot("travelers", [at], "birth_date"), "born_later", number)
    limit = case.book.thresholds.child_under_years
    ages = {age_on(traveler.birth_date, day) for day in (case.signed_on, case.departs_on)}
    possible = {"child" if age < limit else "adult" for age in ages}
    if traveler.traveler_kind not in possible:
        kind = {"adult": "成人", "child": "儿童"}[traveler.traveler_kind]
        values = {**number, "kind": kind, "kind_en": traveler.traveler_kind, "age": limit}
        yield Hit(spot("travelers", [at], "traveler_kind"), "kind", values)
    yield from _travel_document(case, at, traveler, number)


def _resident(at: int, traveler: Traveler, number: dict[str, object]) -> Iterator[Hit]:
    try:
        identity = check_resident_id(traveler.id_number)
    except InvalidIdentifier:
        yield Hit(spot("travelers", [at], "id_number"), "resident_id", number)
        return
    if identity.birth_date != traveler.birth_date:
        yield Hit(spot("travelers", [at], "birth_date"), "birth_date", number)
    if identity.gender != traveler.gender:
        yield Hit(spot("travelers", [at], "gender"), "gender", number)
    if not exists(identity.region[:2] + "0000"):
        yield Hit(spot("travelers", [at], "id_number"), "region", number)


def _travel_document(case: Case, at: int, traveler: Traveler, number: dict[str, object]) -> Iterator[Hit]:
    passport = traveler.passport
    if passport is None:
        if case.kind.leaves_mainland and traveler.id_type in {"resident_id_card", "other"}:
            yield Hit(spot("travelers", [at], "passport"), "passport_missing", number)
        return
    path = spot("travelers", [at], "passport.expiry_date")
    months = case.book.thresholds.passport_valid_months_after_return
    if passport.expiry_date < case.returns_on:
        yield Hit(path, "passport_expired", number)
    elif case.kind.leaves_mainland and passport.expiry_date < add_months(case.returns_on, months):
        yield Hit(path, "passport_short", {**number, "months": months})


def _bodies(case: Case) -> Iterator[Hit]:
    document = case.document
    codes: list[tuple[str, str | None]] = [
        ("submitting_platform.platform_uscc", document.submitting_platform.platform_uscc),
        ("agency.uscc", document.agency.uscc),
    ]
    if document.selling_agent is not None:
        codes.append(("selling_agent.uscc", document.selling_agent.uscc))
    codes += [
        (spot("ground_agencies", [at], "uscc"), agency.uscc)
        for at, agency in enumerate(document.ground_agencies)
    ]
    for path, code in codes:
        if code is None:
            continue
        try:
            check_uscc(code)
        except InvalidIdentifier:
            yield Hit(path, "uscc")
