"""Which place is competent, and at which level. Pure; the order of the places is policy."""

from common import regions

from complaints.routing.enquiry import Enquiry, Tables
from complaints.routing.trail import Trail

__all__ = ["jurisdiction_of", "level_of"]

PLACES = ("respondent", "contract_signed", "incident")
REASONS = {
    "respondent": "被投诉人所在地（住所地）",
    "contract_signed": "旅游合同签订地",
    "incident": "纠纷发生地",
}


def jurisdiction_of(
    enquiry: Enquiry, level: str, tables: Tables, trail: Trail, *, at_once: bool
) -> str | None:
    """The competent place at `level`; where harm must be stopped `at_once`, the place of the incident first.

    None, and a person is asked, when no place is known on which the rule set lets jurisdiction rest.
    """
    order = tables.places_in_order
    article = "{jurisdiction}"
    if at_once and enquiry.places.get(tables.stop_at_once_first):
        order = (tables.stop_at_once_first, *order)
    chosen: str | None = None
    for name in dict.fromkeys(order):
        code = enquiry.places.get(name)
        if code is None:
            continue
        if chosen is None:
            chosen = code
            trail.apply(f"jurisdiction.{name}", REASONS[name], article, version=tables.procedure_version)
        elif code != chosen:
            trail.reject(f"jurisdiction.{name}", code, "同样有管辖权，已有在先的连接点", article)
    for name in PLACES:
        if name not in order and (code := enquiry.places.get(name)):
            trail.reject(f"jurisdiction.{name}", code, "该规则下此地不是管辖连接点", article)
    if chosen is None:
        trail.asks_human = True
        return None
    if regions.level(chosen) == "county" and level == "city":
        return regions.parent(chosen) or chosen
    if regions.level(chosen) != "county":
        trail.asks_human = trail.asks_human or level == "county"
    return chosen


def level_of(jurisdiction: str | None, level: str) -> str:
    """A place known only as a city or province cannot be handled lower than that."""
    if jurisdiction is None or level != "county":
        return level
    return str(regions.level(jurisdiction))
