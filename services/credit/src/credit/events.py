"""What credit says and hears.

Says: `subject_registered`, `subject_updated` (a subject as others may copy it; if its supervision changed,
with all of it under `supervision`: tier, codes in force, `restrictions` with basis and days),
`fact_recorded` (`shared`: others are told of it, `public`: so may the public be), `fact_withdrawn` (others
are to take it away: `because`), `grade_changed`, all versioned by the subject; `warning_raised`, versioned by
the warning; `draw_revealed`, when a draw is closed, drawn or void; `listing_published` and `listing_removed`,
versioned by the listing (`public`, too); `certificate_ended` (`issued_by`: who ordered it), once. Ids, codes
and words of the law only, never a natural person's name.

Hears: `violation_confirmed` and `penalty_decided` from complaints, which become facts; `price_alert_raised`
from contracts, which becomes a warning and never scores. Each takes effect once, however often delivered; one
about a subject that is not registered yet waits for it.
"""

from common.events import Event, HandlerContext, Subscription, event_type
from sqlalchemy.ext.asyncio import AsyncSession

from credit.intake.service import IntakeService

__all__ = ["SUBSCRIPTIONS"]


async def _take(session: AsyncSession, event: Event, context: HandlerContext) -> None:
    name = event.type.split(".")[2]
    await IntakeService(session, context.state.env).take(event.id, name, event.data)


SUBSCRIPTIONS = (
    Subscription(
        consumer="credit-from-complaints",
        types=(
            event_type("complaints", "violation_confirmed"),
            event_type("complaints", "penalty_decided"),
        ),
        handle=_take,
    ),
    Subscription(
        consumer="credit-from-contracts",
        types=(event_type("contracts", "price_alert_raised"),),
        handle=_take,
    ),
)
