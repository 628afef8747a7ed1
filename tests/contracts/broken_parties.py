"""Parties and identity."""

from datetime import date

from contracts.synthetic import resident_number

from .changes import PAID, SELLER, Broken, one
from .samples import domestic, outbound

PARTIES: list[Broken] = [
    ("L58A", domestic, {"travelers[1].is_representative": True}, one("L58A", "travelers")),
    ("L58A", domestic, {"travelers[0].phone": None}, one("L58A", "travelers[0].phone")),
    (
        "L58A",
        domestic,
        {"travelers[3].guardian_traveler_no": 9},
        one("L58A", "travelers[3].guardian_traveler_no"),
    ),
    (
        "L58A",
        domestic,
        {"travelers[2].traveler_no": 2, f"{PAID}.declined_traveler_nos": [4]},
        one("L58A", "travelers[*].traveler_no"),
    ),
    ("L60A", domestic, {"selling_agent": domestic()["agency"]}, one("L60A", "selling_agent.uscc")),
    ("L60A", domestic, {"selling_agent": SELLER | {"address": " "}}, one("L60A", "selling_agent.address")),
    ("L60B", domestic, {"ground_agencies[0].license_no": None}, one("L60B", "ground_agencies[0].license_no")),
    (
        "L60B",
        domestic,
        {"ground_agencies[0].contact_name": "待定"},
        one("L60B", "ground_agencies[0].contact_name"),
    ),
    ("R28A", domestic, {"agency.address": " "}, one("R28A", "agency.address")),
    ("R28B", domestic, {"agency.handler.phone": "无"}, one("R28B", "agency.handler.phone")),
    ("R28C", domestic, {"contract.signing_place": "-"}, one("R28C", "contract.signing_place")),
    (
        "R28C",
        domestic,
        {"contract.signed_at": "2026-11-20T10:33:00+08:00"},
        one("R28C", "contract.signed_at"),
    ),
    (
        "R28C",
        domestic,
        {"contract.signed_at": "2026-12-12T10:33:00+08:00"},
        one("R28C", "contract.signed_at"),
    ),
    ("R28M", domestic, {"agency.complaint_phone": None}, one("R28M", "agency.complaint_phone")),
    ("R28M", domestic, {"supervision_contact.authority": None}, one("R28M", "supervision_contact.phone")),
    ("L61", domestic, {"insurance.agency_prompted": False}, one("L61", "insurance.agency_prompted")),
    ("L61", domestic, {"insurance.choice": None}, one("L61", "insurance.choice")),
    (
        "L61",
        domestic,
        {"insurance.agency_has_insurance_agent_license": False},
        one("L61", "insurance.agency_has_insurance_agent_license"),
    ),
    ("Q01", domestic, {"agency.business_scope": ["inbound"]}, one("Q01", "agency.business_scope")),
    ("Q01", outbound, {"agency.business_scope": ["domestic"]}, one("Q01", "agency.business_scope")),
    (
        "Q01",
        domestic,
        {"selling_agent": SELLER | {"business_scope": ["inbound"]}},
        one("Q01", "selling_agent.business_scope"),
    ),
    (
        "R38",
        domestic,
        {"agency.liability_insurance.valid_to": "2026-12-15"},
        one("R38", "agency.liability_insurance.valid_to"),
    ),
    (
        "R38",
        domestic,
        {"agency.liability_insurance.valid_from": "2026-12-13"},
        one("R38", "agency.liability_insurance.valid_from"),
    ),
    (
        "R38",
        domestic,
        {"agency.liability_insurance.per_person_death_limit_fen": 19_999_999},
        one("R38", "agency.liability_insurance.per_person_death_limit_fen"),
    ),
    ("ID", domestic, {"travelers[0].id_number": "140100198506159953"}, one("ID", "travelers[0].id_number")),
    ("ID", domestic, {"travelers[0].birth_date": "1985-06-16"}, one("ID", "travelers[0].birth_date")),
    ("ID", domestic, {"travelers[0].gender": "female"}, one("ID", "travelers[0].gender")),
    (
        "ID",
        domestic,
        {"travelers[0].id_number": resident_number("990100", date(1985, 6, 15), 995)},
        one("ID", "travelers[0].id_number", "warn"),
    ),
    (
        "ID",
        domestic,
        {
            "travelers[3].traveler_kind": "adult",
            "fees.adult_count": 4,
            "fees.child_count": 0,
            "fees.total_fen": 952000,
        },
        one("ID", "travelers[3].traveler_kind"),
    ),
    (
        "ID",
        domestic,
        {
            "travelers[1].id_number": "140100198506159952",
            "travelers[1].birth_date": "1985-06-15",
            "travelers[1].gender": "male",
        },
        one("ID", "travelers[1].id_number"),
    ),
    ("ID", domestic, {"agency.uscc": "911401059999990158"}, one("ID", "agency.uscc")),
    ("ID", domestic, {"ground_agencies[0].uscc": "911409029999990231"}, one("ID", "ground_agencies[0].uscc")),
    (
        "ID",
        domestic,
        {
            "travelers[1].id_type": "other",
            "travelers[1].id_number": "X1",
            "travelers[1].birth_date": "2026-11-21",
        },
        {
            ("ID", "error", "travelers[1].birth_date"),
            ("ID", "error", "travelers[1].traveler_kind"),
        },
    ),
]
