"""The reasons of an answer: which rules led to it, what was looked at and not chosen, how sure it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from complaints.routing.policy import ConfidenceSettings, Rule

__all__ = ["Alternative", "AppliedRule", "Trail"]


@dataclass(frozen=True, slots=True)
class AppliedRule:
    """A rule that led to the result."""

    id: str
    version: str
    because: str
    article: str


@dataclass(frozen=True, slots=True)
class Alternative:
    """What was looked at and not chosen."""

    id: str
    candidate: str
    because: str
    article: str


@dataclass(slots=True)
class Trail:
    """Collects the rules that applied, what was rejected, and how sure we still are."""

    version: str
    articles: Mapping[str, str]
    confidence: ConfidenceSettings
    applied: list[AppliedRule] = field(default_factory=list)
    rejected: list[Alternative] = field(default_factory=list)
    sure: float = 1.0
    asks_human: bool = False

    def apply(self, rule_id: str, because: str, article: str, *, version: str | None = None) -> None:
        """A rule that led to the result; `{name}` in its article is filled from the rule set of the day."""
        cited = article.format_map(self.articles)
        self.applied.append(AppliedRule(rule_id, version or self.version, because, cited))

    def follow(self, rule_id: str, rule: Rule) -> None:
        """A line of a table that led to the result; a weak one lowers the confidence."""
        self.apply(rule_id, rule.because, rule.article)
        if rule.strength == "weak":
            self.doubt(self.confidence.weak_rule)

    def reject(self, rule_id: str, candidate: str, because: str, article: str) -> None:
        """What was looked at and not chosen."""
        self.rejected.append(Alternative(rule_id, candidate, because, article.format_map(self.articles)))

    def doubt(self, factor: float) -> None:
        """Lower the confidence by `factor`."""
        self.sure *= factor
