"""How a tier is supervised: as the region's policy says, or as the card does by which somebody is graded.

A card that says nothing leaves all to the policy (`supervision.yaml`). What one of its bands says counts
before the policy for the subjects that it grades: ratio and frequency for the band's tier, also where a risk
class or a restriction moved somebody to that tier (of bands of one tier the highest figure); publicity
for the grade itself.
"""

from dataclasses import dataclass
from datetime import date

from credit.scoring.rules import Scorecard
from credit.scoring.rules.cards import CardView
from credit.scoring.rules.grades import BandMeasures

from .policy import Publicity, SupervisionPolicy

__all__ = ["Figures", "Tiers", "figures_of", "measures_in_words", "publicity_of"]


@dataclass(frozen=True, slots=True)
class Figures:
    """Sampling ratio in basis points, and checks a year."""

    sampling_bp: int
    routine_checks_per_year: int


def figures_of(policy: SupervisionPolicy, tier: str | None, card: Scorecard | None) -> Figures:
    """Ratio and frequency of a tier among the subjects that `card` grades."""
    given = policy.of(tier)
    said = [band.measures for band in card.bands if band.tier == tier and band.measures] if card else []
    ratios = [one.sampling_bp for one in said if one.sampling_bp is not None]
    checks = [one.checks_per_year for one in said if one.checks_per_year is not None]
    return Figures(
        max(ratios, default=given.sampling_bp),
        max(checks, default=given.routine_checks_per_year),
    )


def publicity_of(
    policy: SupervisionPolicy, tier: str | None, card: Scorecard | None, grade: str | None
) -> Publicity:
    """Whether a grade is shown to the public, and whether with a risk notice."""
    if tier is None or grade is None:
        return "none"
    given, said = policy.of(tier).publicity, card.measures_of.get(grade) if card else None
    said = said or BandMeasures()
    if not (given != "none" if said.publish is None else said.publish):
        return "none"
    warned = given == "grade_and_warning" if said.warn is None else said.warn
    return "grade_and_warning" if warned else "grade"


def measures_in_words(said: BandMeasures) -> tuple[str, str]:
    """What a band says of supervision, in Chinese and in English; both empty where it says nothing."""
    zh, en = [], []
    if said.sampling_bp is not None:
        zh.append(f"抽查比例{said.sampling_bp / 100:g}%")
        en.append(f"sampling ratio {said.sampling_bp / 100:g} %")
    if said.checks_per_year is not None:
        zh.append(f"每年检查{said.checks_per_year}次")
        en.append(f"{said.checks_per_year} checks a year")
    if said.publish is not None:
        zh.append("公示等级" if said.publish else "不公示等级")
        en.append("grade shown" if said.publish else "grade not shown")
    if said.warn is not None:
        zh.append("作风险提示" if said.warn else "不作风险提示")
        en.append("risk notice" if said.warn else "no risk notice")
    return "；".join([*zh, *said.notes]), "; ".join([*en, *said.notes])


@dataclass(frozen=True, slots=True)
class Tiers:
    """The tiers of a place and day, for rooms that weigh or count many subjects."""

    policy: SupervisionPolicy
    cards: CardView
    on: date

    def sampling_bp(self, kind: str, region: str, tier: str | None) -> int:
        """The sampling ratio of a tier among the subjects of a kind in a region."""
        schedule = self.cards.schedule(kind, region, self.on)
        return figures_of(self.policy, tier, schedule.card if schedule else None).sampling_bp
