"""Filing at the edges of a text: a cry for help is taken, a report that waives compensation is not."""

from sqlalchemy import text

from tests.complaints.conftest import World, complaint

CRY = "我们一车人现在被扔在高速服务区，司机跑了，有老人心脏病发作，快来人！"
WAIVED = "我要举报：这家公司没有旅行社许可证却组团收钱，请依法查处。我不要求赔偿。"


async def test_a_cry_for_help_is_taken_at_once(world: World) -> None:
    places = {"respondent": "140603", "incident": "140105"}
    filed = await world.file(text=CRY, contract_no=None, claim={}, respondent={}, places=places)
    assert filed["kind"] == "complaint"
    routing = (await world.get(f"/cases/{filed['id']}")).json()["routing"]
    assert (routing["urgency"], routing["needs_human"], routing["main_department"]) == ("U1", True, "WL")
    assert {"GA", "WJ"} <= set(routing["other_departments"])
    assert routing["jurisdiction"] == "140105"


async def test_a_report_that_waives_compensation_leaves_nothing(world: World) -> None:
    body = complaint(text=WAIVED, contract_no=None, claim={"wish": "不要求赔偿"}, respondent={})
    answer = await world.post("/complaints", body, "tourist")
    assert answer.status_code == 422
    assert answer.json()["type"] == "/problems/report-needs-protected-channel"
    async with world.app.state.db.session() as session:
        assert (await session.execute(text("SELECT count(*) FROM cases"))).scalar() == 0
