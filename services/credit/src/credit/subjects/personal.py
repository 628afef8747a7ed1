"""How names and personal data stand in the table: searchable, or encrypted with a mask and a keyed index."""

from collections.abc import Callable
from datetime import date
from typing import TypedDict, TypeVar

from common.crypto import Keyring, mask_id_officer, mask_name, mask_phone
from common.identifiers import InvalidIdentifier, check_resident_id
from common.problems import InvalidPayload

from .models import Subject, SubjectTrace
from .repository import id_context, name_context, trace_context
from .rules import TraceKind, grams, is_person, mask_trace, normalise, trace_form
from .schemas import PersonIn, PersonMasked, PersonRevealed, TraceIn, TraceRevealed, TraceView

__all__ = [
    "NameColumns",
    "PersonColumns",
    "TraceColumns",
    "checked",
    "id_number_of",
    "masked",
    "masked_trace",
    "name_columns",
    "person_columns",
    "revealed",
    "revealed_trace",
    "trace_columns",
]

Checked = TypeVar("Checked")
_PHONE_CONTEXT = "credit.subject.phone"


class NameColumns(TypedDict):
    """The columns that a name fills."""

    name: str
    name_search: str
    name_grams: list[str]
    name_cipher: str | None
    name_index: str | None


class PersonColumns(TypedDict, total=False):
    """The columns that a natural person's numbers fill."""

    id_number_cipher: str
    id_number_index: str
    phone_cipher: str


class TraceColumns(TypedDict):
    """The columns that a trace fills."""

    kind: str
    value_cipher: str
    value_index: str


def name_columns(kind: str, key: str | None, name: str, keyring: Keyring) -> NameColumns:
    """A name as stored: an entity's in the clear, a natural person's encrypted with a mask to show."""
    plain = normalise(name)
    if is_person(kind, key):
        return NameColumns(
            name=mask_name(name),
            name_search="",
            name_grams=[],
            name_cipher=keyring.encrypt(name, context=name_context),
            name_index=keyring.blind_index(plain, context=name_context),
        )
    return NameColumns(
        name=name, name_search=plain, name_grams=grams(plain), name_cipher=None, name_index=None
    )


def person_columns(person: PersonIn, keyring: Keyring, today: date) -> PersonColumns:
    """A person's numbers as stored. Raises InvalidPayload for an ID number that cannot be one today."""
    columns = PersonColumns()
    if person.id_number is not None:
        given = person.id_number
        number = checked("/person/id_number", lambda: check_resident_id(given, on=today)).number
        columns["id_number_cipher"] = keyring.encrypt(number, context=id_context)
        columns["id_number_index"] = keyring.blind_index(number, context=id_context)
    if person.phone is not None:
        columns["phone_cipher"] = keyring.encrypt(person.phone, context=_PHONE_CONTEXT)
    return columns


def masked(subject: Subject, keyring: Keyring) -> PersonMasked | None:
    """What everyone sees of a natural person's numbers; None for an entity."""
    if not is_person(subject.kind, subject.key):
        return None
    number = _clear(subject.id_number_cipher, id_context, keyring)
    phone = _clear(subject.phone_cipher, _PHONE_CONTEXT, keyring)
    return PersonMasked(
        id_number=mask_id_officer(number) if number else None, phone=mask_phone(phone) if phone else None
    )


def revealed(subject: Subject, keyring: Keyring) -> PersonRevealed | None:
    """A natural person's data in the clear; None for an entity. The caller audits it first."""
    if subject.name_cipher is None:
        return None
    return PersonRevealed(
        name=keyring.decrypt(subject.name_cipher, context=name_context),
        id_number=_clear(subject.id_number_cipher, id_context, keyring),
        phone=_clear(subject.phone_cipher, _PHONE_CONTEXT, keyring),
    )


def id_number_of(subject: Subject, keyring: Keyring) -> str | None:
    """A natural person's ID number in the clear, to compare and never to show."""
    return _clear(subject.id_number_cipher, id_context, keyring)


def trace_columns(trace: TraceIn, keyring: Keyring) -> TraceColumns:
    """A trace as stored: encrypted, with a keyed index of its comparable form."""
    form = trace_form(trace.kind, trace.value)
    return TraceColumns(
        kind=trace.kind,
        value_cipher=keyring.encrypt(trace.value, context=trace_context),
        value_index=keyring.blind_index(form, context=trace_context),
    )


def masked_trace(trace: SubjectTrace, keyring: Keyring) -> TraceView:
    """A trace as everyone sees it."""
    kind = TraceKind(trace.kind)
    value = keyring.decrypt(trace.value_cipher, context=trace_context)
    return TraceView(id=trace.id, kind=kind, masked=mask_trace(kind, value), recorded_at=trace.recorded_at)


def revealed_trace(trace: SubjectTrace, keyring: Keyring) -> TraceRevealed:
    """A trace in the clear. The caller audits it first."""
    value = keyring.decrypt(trace.value_cipher, context=trace_context)
    return TraceRevealed(kind=TraceKind(trace.kind), value=value)


def checked(pointer: str, check: Callable[[], Checked]) -> Checked:
    """The outcome of a check of an identifier; its refusal names the place in the payload."""
    try:
        return check()
    except InvalidIdentifier as error:
        raise InvalidPayload.at(pointer, error.reason) from error


def _clear(cipher: str | None, context: str, keyring: Keyring) -> str | None:
    return None if cipher is None else keyring.decrypt(cipher, context=context)
