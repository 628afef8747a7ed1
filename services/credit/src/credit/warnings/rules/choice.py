"""Which version of a rule holds for a subject there and then: those of files and those written later."""

from collections.abc import Iterable
from datetime import date, datetime

from common.policies import PolicyNotInForce
from common.problems import Text

from .format import WarningRule

__all__ = ["RuleSet", "RuleShelf"]

_PLACES_KEPT = 4096


class RuleSet:
    """Rule versions from files, then those written through the API in the order of their activation.

    For a day and place the nearest region wins; in one region the version that begins last, and of two that
    begin together the one activated last. So a later version replaces an earlier one from its first day on,
    and what was decided under the earlier one can still be looked up.
    """

    def __init__(self, files: Iterable[WarningRule], written: Iterable[WarningRule] = ()) -> None:
        self._rules = [*files, *written]
        self._by_version = {(rule.id, rule.version, rule.region): rule for rule in self._rules}
        self._in_force: dict[tuple[date, str], list[WarningRule]] = {}

    def find(self, rule_id: str, *, on: date, region: str) -> WarningRule | None:
        """The version of a rule that holds in `region` on `on`."""
        for place in dict.fromkeys((region, region[:4] + "00", region[:2] + "0000", "000000")):
            begun = [
                rule
                for rule in self._rules
                if (rule.id, rule.region) == (rule_id, place) and rule.effective_from <= on
            ]
            if begun:
                latest = max(enumerate(begun), key=lambda item: (item[1].effective_from, item[0]))[1]
                if latest.in_force(on):
                    return latest
        return None

    def in_force(self, *, on: date, region: str) -> list[WarningRule]:
        """For each id the version that holds, in order of id."""
        found = self._in_force.get((on, region))
        if found is None:
            ids = sorted({rule.id for rule in self._rules})
            found = [rule for one in ids if (rule := self.find(one, on=on, region=region)) is not None]
            if len(self._in_force) >= _PLACES_KEPT:
                self._in_force.clear()
            self._in_force[on, region] = found
        return list(found)

    def holding(self, on: date) -> list[WarningRule]:
        """Every version that holds somewhere on `on`, in order of id and region."""
        places = {(rule.id, rule.region) for rule in self._rules}
        found = [
            (rule, region) for one, region in sorted(places) if (rule := self.find(one, on=on, region=region))
        ]
        return [rule for rule, region in found if rule.region == region]

    def get(self, rule_id: str, version: str, region: str) -> WarningRule:
        """Exactly that version. Raises PolicyNotInForce."""
        try:
            return self._by_version[rule_id, version, region]
        except KeyError:
            raise PolicyNotInForce(
                Text(
                    f"没有预警规则 {rule_id} 的版本 {version}", f"there is no version {version} of {rule_id}"
                )
            ) from None

    def all(self) -> list[WarningRule]:
        """Every version."""
        return list(self._rules)


class RuleShelf:
    """The rules of one process as of the last activation that it has seen, parsed once.

    Activation is never undone, so how many versions are active and the last instant say which they are.
    """

    def __init__(self) -> None:
        self._of: tuple[int, datetime | None] | None = None
        self._rules: RuleSet | None = None

    def find(self, generation: tuple[int, datetime | None]) -> RuleSet | None:
        """The rules if none was activated since."""
        return self._rules if self._of == generation else None

    def keep(self, generation: tuple[int, datetime | None], rules: RuleSet) -> RuleSet:
        """Remember the rules as of `generation`."""
        self._of, self._rules = generation, rules
        return rules
