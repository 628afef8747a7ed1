"""What can go wrong with an enforcement case."""

from common.problems import NotFound, Problem, SecondPersonNeeded, StateConflict, Text

__all__ = [
    "EnforcementCaseNotFound",
    "EventNotAllowed",
    "HearingNotAsked",
    "HearingTermOver",
    "NoHearingOnTheSpot",
    "PenaltyOutsideBand",
    "RightsStillOpen",
    "SamePerson",
    "SummaryNotAllowed",
]


class EnforcementCaseNotFound(NotFound):
    """No such case, or outside the caller's regions or subject."""

    type = "/problems/enforcement-case-not-found"
    title = Text("未找到执法案件", "No such enforcement case")


class EventNotAllowed(StateConflict):
    """The present state does not take this event; `allowed` names those it takes."""

    type = "/problems/event-not-allowed"
    title = Text("当前状态不允许此事件", "The present state does not take this event")


class RightsStillOpen(StateConflict):
    """The party may still state, defend or be heard; a decision now would be void."""

    type = "/problems/rights-still-open"
    title = Text(
        "当事人陈述、申辩、听证期限未满（《行政处罚法》第六十二条）",
        "The party's time to state, defend and be heard is not over (Administrative Penalty Law art. 62)",
    )


class HearingTermOver(StateConflict):
    """A hearing is asked for within the term after being told of the rights, not later."""

    type = "/problems/hearing-term-over"
    title = Text(
        "申请听证的期限已过（《行政处罚法》第六十四条第（一）项）",
        "The time to ask for a hearing is over (Administrative Penalty Law art. 64)",
    )


class NoHearingOnTheSpot(StateConflict):
    """A penalty on the spot has no hearing: the party states and defends then and there."""

    type = "/problems/no-hearing-on-the-spot"
    title = Text(
        "适用简易程序的处罚没有听证，可以当场陈述、申辩（《行政处罚法》第五十二条、第六十三条）",
        "A penalty on the spot has no hearing; state and defend (Administrative Penalty Law arts. 52, 63)",
    )


class HearingNotAsked(StateConflict):
    """Nobody asked for a hearing; holding one would only cut the party's time short."""

    type = "/problems/hearing-not-asked"
    title = Text("当事人未申请听证，或者听证已经举行", "No hearing was asked for, or it has been held")


class SamePerson(SecondPersonNeeded):
    """Whoever proposed the penalty does not decide on it."""

    title = Text("须由提出处罚建议者以外的人员审批", "Somebody other than the proposer must decide")


class PenaltyOutsideBand(Problem):
    """The penalty is not what the law allows for this violation; `low_fen` and `high_fen` give the band."""

    type = "/problems/penalty-outside-band"
    title = Text("处罚不在法定或裁量幅度内", "The penalty lies outside its band")
    status = 422


class SummaryNotAllowed(Problem):
    """The law does not let this penalty be imposed on the spot; `kinds`, `high_fen` say what it does."""

    type = "/problems/summary-procedure-not-allowed"
    title = Text("不得适用简易程序", "The summary procedure does not cover this penalty")
    status = 422
