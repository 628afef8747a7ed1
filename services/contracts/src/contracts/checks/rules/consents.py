"""Consent to the use of personal data, and the electronic signatures."""

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Literal

from contracts.checks.rules.case import Case, Hit, spot
from contracts.checks.rules.identity import age_on
from contracts.documents.parties import Signature

__all__ = [
    "SignatureState",
    "abroad",
    "ground_agency",
    "health",
    "marketing",
    "minors",
    "processing",
    "signature_level",
    "signature_state",
    "signatures",
]

SignatureState = Literal["absent", "unverifiable", "valid", "invalid"]
_TRAVELLER_ROLES = frozenset({"traveler_representative", "traveler", "guardian"})
_REFERENCE = re.compile(r"traveler:([0-9]{1,9})")


def _given(case: Case, kind: str, *, separate: bool) -> bool:
    return any(
        consent.given and (consent.separate_consent or not separate)
        for consent in case.document.consents
        if consent.consent_type == kind
    )


def _base_given(case: Case) -> bool:
    return _given(case, "personal_info_processing", separate=False)


def processing(case: Case) -> Iterator[Hit]:
    """PIPL 13: without the basic consent the separate ones are not asked for one by one."""
    if not _base_given(case):
        yield Hit("consents", "missing")


def ground_agency(case: Case) -> Iterator[Hit]:
    """PIPL 23: data passed to another processor."""
    needed = _base_given(case) and case.document.ground_agencies
    if needed and not _given(case, "share_with_ground_agency", separate=True):
        yield Hit("consents", "missing")


def minors(case: Case) -> Iterator[Hit]:
    """PIPL 28, 31: a traveller under 14 on the day of signing."""
    limit = case.book.thresholds.child_under_years
    young = any(age_on(traveler.birth_date, case.signed_on) < limit for traveler in case.document.travelers)
    if _base_given(case) and young and not _given(case, "minor_guardian", separate=True):
        yield Hit("consents", "missing")


def health(case: Case) -> Iterator[Hit]:
    """PIPL 28, 29: a note on somebody's health."""
    noted = any(not case.blank(traveler.health_note) for traveler in case.document.travelers)
    if _base_given(case) and noted and not _given(case, "health_info", separate=True):
        yield Hit("consents", "missing")


def marketing(case: Case) -> Iterator[Hit]:
    """PIPL 14, 16: marketing is not necessary for the contract, so it needs a consent of its own."""
    for at, consent in enumerate(case.document.consents):
        if "marketing" in consent.consent_type and consent.given and not consent.separate_consent:
            yield Hit(spot("consents", [at]), "bundled")


def abroad(case: Case) -> Iterator[Hit]:
    """PIPL 39: data sent to a ground agency abroad. A consent that was given is noted for the officer."""
    if _given(case, "cross_border_transfer", separate=True):
        yield Hit("consents", "obtained")
    elif _base_given(case) and case.kind.leaves_mainland and case.document.ground_agencies:
        yield Hit("consents", "missing")


def signature_state(signature: Signature) -> SignatureState:
    """What can be said of a signature value.

    Neither the certificate nor the signed hash is part of the submission, so a readable value stays
    `unverifiable`: recorded, and never taken for a reliable signature.
    """
    value = signature.signature_value
    if value is None:
        return "unverifiable"
    if not value.strip():
        return "absent"
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return "invalid"
    return "unverifiable"


def _weak(case: Case, signature: Signature) -> bool:
    wording = case.book.wording
    return bool(
        wording.tick_box_method.search(signature.method)
        or wording.picture_method.search(signature.method)
        or wording.no_algorithm.search(signature.algorithm)
    )


def signature_level(case: Case) -> Literal["none", "agreed", "reliable"]:
    """电子签名法 13: `reliable` if every signature was verified, `none` if one is no signature at all."""
    states = [signature_state(signature) for signature in case.document.signatures]
    if any(_weak(case, signature) for signature in case.document.signatures) or "invalid" in states:
        return "none"
    return "reliable" if all(state == "valid" for state in states) else "agreed"


def signatures(case: Case) -> Iterator[Hit]:
    """电子签名法 13: both sides signed, by more than a tick or a picture, before departure, readably."""
    given = case.document.signatures
    missing = []
    if "traveler" in case.kind.signers and not any(_by_traveller(case, entry) for entry in given):
        missing.append(("旅游者", "the traveller"))
    if "agency" in case.kind.signers and not any(entry.signer_role == "agency_seal" for entry in given):
        missing.append(("旅行社", "the agency"))
    if missing:
        values = {
            "roles": "、".join(zh for zh, _ in missing),
            "roles_en": " and ".join(en for _, en in missing),
        }
        yield Hit("signatures", "missing_role", values)
    weak = [at for at, entry in enumerate(given) if _weak(case, entry)]
    if weak:
        yield Hit(spot("signatures", weak), "weak")
    departure = case.document.group.departure_at
    late = [at for at, entry in enumerate(given) if entry.signed_at > departure]
    if late:
        yield Hit(spot("signatures", late, "signed_at"), "late")
    invalid = [at for at, entry in enumerate(given) if signature_state(entry) in {"absent", "invalid"}]
    if invalid:
        yield Hit(spot("signatures", invalid, "signature_value"), "invalid")


def _by_traveller(case: Case, signature: Signature) -> bool:
    if signature.signer_role not in _TRAVELLER_ROLES:
        return False
    reference = _REFERENCE.fullmatch(signature.signer_id_ref)
    return reference is None or int(reference[1]) in case.traveler_numbers
