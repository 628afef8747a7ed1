"""Problems of scoring."""

from common.problems import NotFound, Text

__all__ = ["GradeNotFound", "NoScorecard"]


class NoScorecard(NotFound):
    """No scorecard grades this kind of subject there and then."""

    type = "/problems/no-scorecard"
    title = Text("该类主体没有适用的评分卡", "No scorecard applies to this kind of subject")


class GradeNotFound(NotFound):
    """The subject has had no grade of that number."""

    type = "/problems/grade-not-found"
    title = Text("没有该次等级记录", "There is no such published grade")
