"""Kinds of subjects, what identifies each, and how names are prepared for search."""

import unicodedata
from datetime import date
from enum import StrEnum

from common.crypto import mask_phone
from common.identifiers import InvalidIdentifier, check_uscc, is_guide_card, is_licence_number
from common.problems import Text

__all__ = [
    "DUPLICATED",
    "ENTITY_KEY_OPTIONAL",
    "MERGES_INTO",
    "PERSONS",
    "UNLICENSED",
    "KeyState",
    "Kind",
    "MergeAct",
    "Scope",
    "Status",
    "TraceKind",
    "check_dates",
    "check_key",
    "check_licence",
    "grams",
    "is_person",
    "looks_like_identifier",
    "mask_trace",
    "normalise",
    "trace_form",
    "trace_forms",
]


class Kind(StrEnum):
    """Who can be a subject."""

    TRAVEL_AGENCY = "travel_agency"
    AGENCY_BRANCH = "agency_branch"
    TOUR_GUIDE = "tour_guide"
    STAR_HOTEL = "star_hotel"
    HOMESTAY = "homestay"
    SCENIC_AREA = "scenic_area"
    OTA_PLATFORM = "ota_platform"
    COACH_COMPANY = "coach_company"
    NATURAL_PERSON = "natural_person"
    UNLICENSED_OPERATOR = "unlicensed_operator"


class Status(StrEnum):
    """Whether a subject is in business."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    CLOSED = "closed"


class Scope(StrEnum):
    """What a travel agency may sell."""

    DOMESTIC = "domestic"
    INBOUND = "inbound"
    OUTBOUND = "outbound"
    BORDER = "border"
    TAIWAN = "taiwan"


class TraceKind(StrEnum):
    """Under what somebody without a licence is known."""

    ALIAS = "alias"
    PHONE = "phone"
    ACCOUNT = "account"
    ADDRESS = "address"
    VEHICLE = "vehicle"


class MergeAct(StrEnum):
    """Two records found to be one subject, or such a finding undone."""

    MERGE = "merge"
    UNMERGE = "unmerge"


class KeyState(StrEnum):
    """Where the correction of a key stands."""

    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    REFUSED = "refused"


PERSONS = frozenset({Kind.TOUR_GUIDE, Kind.NATURAL_PERSON})
ENTITY_KEY_OPTIONAL = frozenset(
    {Kind.STAR_HOTEL, Kind.HOMESTAY, Kind.SCENIC_AREA, Kind.COACH_COMPANY, Kind.UNLICENSED_OPERATOR}
)
UNLICENSED = frozenset({Kind.NATURAL_PERSON, Kind.UNLICENSED_OPERATOR})
"""Who holds no licence of a business."""
DUPLICATED = ENTITY_KEY_OPTIONAL - UNLICENSED
"""Kinds of which one may be registered twice, because nothing need identify it."""
MERGES_INTO: dict[Kind, frozenset[Kind]] = {
    Kind.UNLICENSED_OPERATOR: frozenset(Kind),
    Kind.NATURAL_PERSON: PERSONS,
    **{kind: frozenset({kind}) for kind in DUPLICATED},
}
"""Which records can turn out to be another subject: a provisional one anybody, a person a person, and one
without key and licence another of its kind."""


def is_person(kind: str, key: str | None) -> bool:
    """Whether a subject's name may be a natural person's: masked, kept from events and from the public.

    Who trades without a licence is often one person, so such a subject counts as one until it has a USCC,
    which only a registered business has.
    """
    return kind in PERSONS or (kind == Kind.UNLICENSED_OPERATOR and key is None)


def check_key(kind: Kind, key: str | None) -> str | None:
    """The key in its stored form: a USCC (GB 32100), or a guide's card number.

    Raises:
        InvalidIdentifier: wrong, missing where it identifies the kind, or given where there is none.
    """
    if key is None:
        if kind in ENTITY_KEY_OPTIONAL or kind is Kind.NATURAL_PERSON:
            return None
        raise InvalidIdentifier(
            Text("该类主体须有统一社会信用代码或导游证号", "This kind of subject needs a key")
        )
    if kind is Kind.NATURAL_PERSON:
        raise InvalidIdentifier(Text("自然人不用代码标识", "A natural person has no key"))
    if kind is Kind.TOUR_GUIDE:
        card = key.strip().upper()
        if not is_guide_card(card):
            raise InvalidIdentifier(Text("导游证号格式不符", "This is no guide card number"))
        return card
    return check_uscc(key)


def check_dates(licensed_on: date | None, expires_on: date | None, today: date) -> tuple[str, Text] | None:
    """What is wrong with a licence's days, as (field, reason); None when nothing is."""
    if licensed_on is not None and not date(1949, 10, 1) <= licensed_on <= today:
        return "licensed_on", Text("发证日期不得在将来", "A licence is not issued in the future")
    if expires_on is not None and (licensed_on is None or expires_on < licensed_on):
        return "license_expires_on", Text(
            "有效期届满日须在发证日期之后，并须给出发证日期",
            "It expires after the day of issue, which must be given",
        )
    return None


def check_licence(licence: str | None) -> str | None:
    """The licence number in its stored form. Raises InvalidIdentifier."""
    if licence is None:
        return None
    stored = licence.strip().upper()
    if not is_licence_number(stored):
        raise InvalidIdentifier(Text("许可证号格式不符", "This is no licence number"))
    return stored


def normalise(text: str) -> str:
    """The form in which names are compared: compatibility-folded, lower case, without spaces."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def grams(normalised: str) -> list[str]:
    """Single characters and pairs: what a query of one or two Chinese characters is answered from."""
    singles = set(normalised)
    pairs = {normalised[n : n + 2] for n in range(len(normalised) - 1)}
    return sorted(singles | pairs)


def looks_like_identifier(query: str) -> bool:
    """Whether a query means a USCC, a licence or a card rather than a name."""
    text = query.strip()
    return len(text) >= 8 and text.isascii() and any(letter.isdigit() for letter in text) and " " not in text


def trace_form(kind: TraceKind, value: str) -> str:
    """The form in which a trace is compared: digits of a phone, letters without spaces of anything else."""
    return _digits(value) if kind is TraceKind.PHONE else normalise(value)


def trace_forms(query: str) -> frozenset[str]:
    """Every form in which a query can be the trace of somebody."""
    return frozenset({normalise(query), _digits(query)}) - {""}


def mask_trace(kind: TraceKind, value: str) -> str:
    """A trace as everyone sees it: the first letters, then stars; a phone keeps its last four too."""
    if kind is TraceKind.PHONE:
        return mask_phone(value)
    shown = 1 if kind is TraceKind.ALIAS else min(2, len(value) - 1)
    return value[:shown] + "*" * min(6, max(2, len(value) - shown))


def _digits(text: str) -> str:
    found = "".join(letter for letter in unicodedata.normalize("NFKC", text) if letter in "0123456789")
    return found.removeprefix("86") if len(found) == 13 else found
