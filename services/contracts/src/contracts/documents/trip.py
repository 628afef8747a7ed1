"""What is promised on the way: the group, the days of the itinerary, guide, shopping and paid extras."""

from typing import Annotated, Literal

from pydantic import Field

from contracts.documents.fields import Amount, Count, Day, Instant, Name, Part, WhenPresent

__all__ = [
    "Arrangement",
    "DayPlan",
    "Entertainment",
    "FreeTime",
    "Group",
    "Guide",
    "Lodging",
    "Meal",
    "NotFormedOptions",
    "Option",
    "OptionalPaidItem",
    "OutboundGroupList",
    "Shopping",
    "Sight",
    "Transport",
    "Visa",
]


class Option(Part):
    """What the traveller agreed to; `agency_name` names the other agency where one takes over."""

    agreed: bool
    agency_name: str | None = None


class NotFormedOptions(Part):
    """What happens when too few people book."""

    transfer_to_agency: Option
    postpone: Option
    change_route: Option
    terminate: Option


class Group(Part):
    """The tour group: code, dates, places, size."""

    tour_code: Name
    product_name: Name
    departure_at: Instant
    return_at: Instant
    days: Count
    nights: Amount
    departure_place: Name
    transit_places: list[Name]
    destinations: Annotated[list[Name], Field(min_length=1)]
    end_place: Name
    min_group_size: Amount | None
    max_group_size: Amount | None
    below_min_notice_days: Amount
    not_formed_options: NotFormedOptions
    pooling: Option


class Transport(Part):
    """One leg of the journey."""

    mode: Literal["coach", "train", "flight", "ship", "metro", "walk", "other"]
    from_place: Name
    to_place: Name
    class_standard: Name
    depart_time: str | None
    vehicle_no: str | None
    has_transfer: bool


class Sight(Part):
    """A sight with the shortest time spent there."""

    name: Name
    min_minutes: Count
    ticket_included: bool
    ticket_price_fen: Amount | None


class Meal(Part):
    """One of the three meals of a day."""

    meal: Literal["breakfast", "lunch", "dinner"]
    included: bool
    standard_fen: Amount | None
    place: str | None


class Lodging(Part):
    """Where the night is spent."""

    hotel_name: Name
    address: Name
    star_rating: str | None
    non_star_facilities: list[Name] | None
    room_type: Name


class FreeTime(Part):
    """Time without programme; clock times as `HH:MM`."""

    start_time: Name
    end_time: Name
    minutes: Amount
    note: str | None


class Entertainment(Part):
    """A show or similar item of the programme."""

    name: Name
    place: Name
    start_time: Name
    minutes: Count


class DayPlan(Part):
    """One day of the itinerary."""

    day_no: Count
    date: Day
    title: Name
    transport: list[Transport]
    sights: list[Sight]
    meals: Annotated[list[Meal], Field(min_length=3, max_length=3)]
    lodging: Lodging | None
    free_time: list[FreeTime]
    entertainment: list[Entertainment]


class Guide(Part):
    """Guide and group leader, and what their service costs."""

    guide_required: bool
    guide_name: str | None
    guide_certificate_no: str | None
    leader_required: bool
    leader_name: str | None
    guide_fee_per_person_fen: Amount
    guide_fee_total_fen: Amount


class Arrangement(Part):
    """What shopping stops and paid extras have in common: when, where, how long, and who agreed."""

    day_no: Count
    start_at: Instant
    place: Name
    max_minutes: Count
    note: str | None
    agreed_traveler_nos: list[Count]
    declined_traveler_nos: list[Count]
    signed_at: Instant | None


class Shopping(Arrangement):
    """A shopping stop."""

    shop_name: Name
    main_goods: Name


class OptionalPaidItem(Arrangement):
    """An item outside the fee, paid for separately."""

    item_name: Name
    price_fen: Amount


class Visa(Part):
    """Whether a visa is needed and who gets it."""

    required: bool
    arranged_by: Literal["agency", "traveler", "none"]
    fee_per_person_fen: Amount
    note: str | None


class OutboundGroupList(Part):
    """The name list of a group that leaves the mainland."""

    list_no: Name
    port_of_exit: Name
    pre_departure_briefing_at: Instant | None
    embassy_contact: str | None


OptionalVisa = Annotated[Visa | None, *WhenPresent]
OptionalGroupList = Annotated[OutboundGroupList | None, *WhenPresent]
