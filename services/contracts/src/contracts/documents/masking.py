"""The document as others see it: persons masked, everything else as it was filed."""

from typing import Any

from common.crypto import mask_id_officer, mask_id_public, mask_name, mask_phone, mask_text

__all__ = ["masked"]

_HEALTH = "***"


def masked(document: dict[str, Any], *, officer: bool) -> dict[str, Any]:
    """A copy in which no person can be told: names, numbers, telephones, health notes.

    Officers see the first three and last two characters of a number, others the first and the last.
    """
    mask_id = mask_id_officer if officer else mask_id_public
    view = dict(document)
    names = {traveler["name"] for traveler in document["travelers"]}
    view["travelers"] = [_traveler(traveler, mask_id) for traveler in document["travelers"]]
    for party in ("agency", "selling_agent"):
        if document[party] is not None:
            view[party] = document[party] | {"handler": _person(document[party]["handler"])}
    view["ground_agencies"] = [
        agency
        | {
            "contact_name": mask_name(agency["contact_name"]),
            "contact_phone": mask_phone(agency["contact_phone"]),
        }
        for agency in document["ground_agencies"]
    ]
    guide = document["guide"]
    view["guide"] = guide | {
        name: mask(guide[name]) if guide[name] else guide[name]
        for name, mask in (
            ("guide_name", mask_name),
            ("guide_certificate_no", mask_id),
            ("leader_name", mask_name),
        )
    }
    view["supplementary_terms"] = [mask_text(term) for term in document["supplementary_terms"]]
    for items in ("voluntary_shopping", "optional_paid_items"):
        view[items] = [item | {"note": item["note"] and mask_text(item["note"])} for item in document[items]]
    view["signatures"] = [
        signature | {"signer_name": mask_name(signature["signer_name"])}
        if signature["signer_role"] != "agency_seal" or signature["signer_name"] in names
        else signature
        for signature in document["signatures"]
    ]
    return view


def _person(person: dict[str, Any]) -> dict[str, Any]:
    return person | {"name": mask_name(person["name"]), "phone": mask_phone(person["phone"])}


def _traveler(traveler: dict[str, Any], mask_id: Any) -> dict[str, Any]:
    view = traveler | {
        "name": mask_name(traveler["name"]),
        "id_number": mask_id(traveler["id_number"]),
        "birth_date": traveler["birth_date"][:4],
        "phone": traveler["phone"] and mask_phone(traveler["phone"]),
        "health_note": traveler["health_note"] and _HEALTH,
        "emergency_contact": _person(traveler["emergency_contact"]),
    }
    if passport := traveler.get("passport"):
        view["passport"] = passport | {
            "passport_no": mask_id(passport["passport_no"]),
            "surname_pinyin": passport["surname_pinyin"] and _HEALTH,
            "given_name_pinyin": passport["given_name_pinyin"] and _HEALTH,
        }
    return view
