"""Warnings, pure: the life of a warning, what a rule may say, windows, and the statistics of a rise."""

from .choice import RuleSet, RuleShelf
from .format import EVENT_TRIGGERS, SWEPT_TRIGGERS, Proposal, Rise, WarningRule
from .life import Act, Outcome, State, acts_allowed, next_state, parent_region
from .statistics import TEST, Counts, benjamini_hochberg, rise_p, unusual, wilson
from .windows import Hit, latest_cluster

__all__ = [
    "EVENT_TRIGGERS",
    "SWEPT_TRIGGERS",
    "TEST",
    "Act",
    "Counts",
    "Hit",
    "Outcome",
    "Proposal",
    "Rise",
    "RuleSet",
    "RuleShelf",
    "State",
    "WarningRule",
    "acts_allowed",
    "benjamini_hochberg",
    "latest_cluster",
    "next_state",
    "parent_region",
    "rise_p",
    "unusual",
    "wilson",
]
