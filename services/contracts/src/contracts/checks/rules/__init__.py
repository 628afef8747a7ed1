"""Every check, by rule id. A check is pure: it reads one case and names the places that break its rule."""

from collections.abc import Callable, Iterable

from contracts.checks.rules import (
    arithmetic,
    arrangements,
    consents,
    identity,
    itinerary,
    parties,
    prices,
    terms,
)
from contracts.checks.rules.case import Case, Hit

__all__ = ["CHECKS", "Check"]

Check = Callable[[Case], Iterable[Hit]]

CHECKS: dict[str, Check] = {
    "L35": arrangements.agreed_by_each_traveller,
    "L58A": parties.parties_are_named,
    "L58B": itinerary.every_day_has_a_programme,
    "L58C": itinerary.smallest_group_is_agreed,
    "L59": itinerary.sheet_is_attached,
    "L60A": parties.principal_and_seller_are_named,
    "L60B": parties.ground_agencies_are_named,
    "L60C": itinerary.guide_fee_is_stated,
    "L61": parties.insurance_is_prompted,
    "L62": terms.traveller_was_told,
    "L63": terms.not_formed_notice,
    "L69": terms.no_one_sided_change,
    "R27": prices.not_below_own_cost,
    "R28A": parties.agency_is_described,
    "R28B": parties.handler_is_named,
    "R28C": parties.place_and_date_of_signing,
    "R28D": itinerary.places_are_named,
    "R28E": itinerary.services_have_a_standard,
    "R28F": itinerary.sights_have_content_and_time,
    "R28G": itinerary.free_time_is_stated,
    "R28H": prices.fee_is_stated,
    "R28I": arrangements.shops_are_described,
    "R28J": arrangements.paid_extras_are_described,
    "R28K": terms.withdrawal_is_covered,
    "R28L": terms.disputes_are_covered,
    "R28M": parties.complaint_telephone,
    "R30": itinerary.leader_is_arranged,
    "R31": itinerary.guide_holds_a_card,
    "R38": parties.liability_policy_covers_the_trip,
    "Q01": parties.licence_covers_the_type,
    "S20": terms.no_discriminating_surcharge,
    "T01": terms.edition_is_known,
    "T02": itinerary.no_vague_wording,
    "T03": terms.edition_is_current,
    "T04": terms.clauses_are_no_worse,
    "U01": terms.no_unfair_terms,
    "B01": terms.payee_is_no_person,
    "M01": arithmetic.figures_agree,
    "ID": identity.numbers_are_valid,
    "C01": consents.processing,
    "C02": consents.ground_agency,
    "C03": consents.minors,
    "C04": consents.health,
    "C05": consents.marketing,
    "C06": consents.abroad,
    "E01": consents.signatures,
    "P01": prices.against_reference,
    "P02": prices.settlement_covers_reception,
    "P03": prices.cost_is_broken_down,
    "P04": prices.shopping_is_moderate,
    "P05": prices.paid_extras_are_moderate,
    "P06": prices.guide_is_paid,
}
