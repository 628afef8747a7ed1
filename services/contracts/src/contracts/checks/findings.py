"""From a document to its findings: runs every check that applies and writes the sentences."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from common.problems import Text

from contracts.checks.rules import CHECKS
from contracts.checks.rules.case import Case, Hit
from contracts.policies import RuleDefinition
from contracts.policies.model import Severity

__all__ = ["Finding", "examine", "pointer_of"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong, or worth knowing, about a contract."""

    rule_id: str
    severity: Severity
    path: str
    reason: Text
    legal_basis: tuple[str, ...]

    @property
    def pointer(self) -> str:
        """The place as RFC 6901; of several places at once, the array that holds them."""
        return pointer_of(self.path)

    def render(self, language: str) -> dict[str, Any]:
        """The finding for a reader of `language`."""
        return {
            "rule_id": self.rule_id,
            "severity": self.severity,
            "path": self.path,
            "pointer": self.pointer,
            "reason": self.reason.render(language),
            "legal_basis": list(self.legal_basis),
        }

    def stored(self) -> dict[str, Any]:
        """The finding in both languages, for the database."""
        return {
            "rule_id": self.rule_id,
            "severity": self.severity,
            "path": self.path,
            "reason": {"zh": self.reason.zh, "en": self.reason.en},
            "legal_basis": list(self.legal_basis),
        }

    @classmethod
    def restored(cls, stored: Mapping[str, Any]) -> "Finding":
        """A finding as `stored` wrote it."""
        return cls(
            stored["rule_id"],
            stored["severity"],
            stored["path"],
            Text(stored["reason"]["zh"], stored["reason"]["en"]),
            tuple(stored["legal_basis"]),
        )


def pointer_of(path: str) -> str:
    """`itinerary[*].lodging` -> `/itinerary`; `a[2].b` -> `/a/2/b`."""
    known = path.split("[*]", 1)[0]
    return "/" + known.replace("[", "/").replace("]", "").replace(".", "/")


def examine(case: Case) -> list[Finding]:
    """All findings of a contract, in the order of the rule tables; none means it is clean."""
    return [
        finding for rule in case.book.rules if rule.applies(case.kind) for finding in _findings(rule, case)
    ]


def _findings(rule: RuleDefinition, case: Case) -> Iterator[Finding]:
    for hit in CHECKS[rule.id](case):
        reason = rule.reasons[hit.reason]
        yield Finding(
            rule.id,
            reason.severity or rule.severity,
            hit.path,
            _sentence(reason.zh, reason.en, hit),
            (*rule.legal_basis, *hit.basis),
        )
        if rule.once:
            return


def _sentence(zh: str, en: str, hit: Hit) -> Text:
    values = {
        name: value.isoformat() if isinstance(value, date) else str(value)
        for name, value in hit.values.items()
    }
    western = {name: value.replace("、", ", ") for name, value in values.items()}
    return Text(zh.format_map(values), en.format_map(western))
