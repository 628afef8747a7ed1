"""Readings: how a card takes what its source leaves open; the engine carries out each value named here."""

from typing import Literal

from .format import Part

__all__ = ["Readings"]


class Readings(Part):
    """The readings of a card, all shown in every result. A card names only those that differ.

    Those with a single value say what holds for every card; naming another is refused.
    """

    period: Literal[
        "corresponding_day_is_the_last_day_inside", "day_before_the_corresponding_day_is_the_last_inside"
    ] = "corresponding_day_is_the_last_day_inside"
    known: Literal["recorded_at_not_after_known_at"] = "recorded_at_not_after_known_at"
    revoked: Literal["undone_from_its_start"] = "undone_from_its_start"
    until_done: Literal[
        "counts_to_the_day_before_the_duty_is_done", "counts_through_the_day_the_duty_is_done"
    ] = "counts_to_the_day_before_the_duty_is_done"
    repaired: Literal["ends_on_the_day_of_repair", "counts_on"] = "ends_on_the_day_of_repair"
    cooling_off: Literal["ends_when_over_or_removed", "ends_when_over_and_removed"] = (
        "ends_when_over_or_removed"
    )
    disputed: Literal["count_and_flag", "suspend"] = "count_and_flag"
    cap: Literal["earliest_facts_count_first", "latest_facts_count_first"] = "earliest_facts_count_first"
    bounds: Literal["clamped_at_the_end"] = "clamped_at_the_end"
    rounding: Literal["half_up_once", "half_even_once", "down_once"] = "half_up_once"
    runs: Literal["hold_until_the_next_run"] = "hold_until_the_next_run"
    review_day: Literal["belongs_to_the_old_period", "belongs_to_the_new_period"] = (
        "belongs_to_the_old_period"
    )
    ranks: Literal["one_plus_number_strictly_ahead"] = "one_plus_number_strictly_ahead"
    next_change: Literal["nothing_new_recorded"] = "nothing_new_recorded"
