"""What each paper says, as plain data for its template. Pure: no keys, no database, no clock.

Everything a person wrote stays data to the end: the templates place it, they never read it as markup.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from common.crypto import mask_text
from common.money import format_yuan
from common.typesetting import plain

from complaints.cases.clocks import Deadline
from complaints.compensation.schemas import EstimateOut
from complaints.documents.rules import SERVED_ON_RESPONDENT, Kind, chinese_date

__all__ = ["Happening", "PaperFacts", "hide_contacts", "paper_data", "plain"]

COURSE = {
    "submit": "收到投诉",
    "ask_supplement": "通知投诉人补正材料",
    "supplement": "投诉人补正材料",
    "accept": "决定受理",
    "serve": "向被投诉人送达受理通知书和投诉书副本",
    "reply": "被投诉人作出书面答复",
    "reply_overdue": "答复期限届满，被投诉人未作答复",
    "collect_evidence": "调查取证",
    "entrust": "委托其他旅游投诉处理机构调查取证",
    "start_appraisal": "启动鉴定、检测，期间不计入办理期限",
    "appraisal_done": "鉴定、检测完成",
    "mediate": "组织双方当事人调解",
    "extend": "依地方性法规延长办理期限",
}
"""The steps that a paper recounts; steps of no concern to the parties are left out."""

MIN_CONTACT = 5


@dataclass(frozen=True, slots=True)
class Happening:
    """One step of the procedure and its day."""

    event: str
    on: date


@dataclass(frozen=True, slots=True)
class PaperFacts:
    """What is known when a paper is ordered. Amounts are fen, days are days in China."""

    kind: Kind
    title: str
    number: str
    authority: str
    issued_on: date
    basis: str
    notes: Sequence[str]
    case_number: str
    received_on: date
    accepted_on: date | None
    complainant: str
    contacts: Sequence[str]
    respondent: str
    respondent_key: str | None
    contract_no: str | None
    problems: Sequence[str]
    text: str
    split_from_report: bool
    claim_amount_fen: int | None
    wish: str | None
    course: Sequence[Happening]
    reply_term: str
    reply_article: str
    conclude: Deadline | None
    ground: str | None = None
    body: str | None = None
    hotline: str | None = None
    note: str | None = None
    terms: str | None = None
    amount_fen: int | None = None
    pay_by: date | None = None
    estimate: EstimateOut | None = None


def paper_data(facts: PaperFacts) -> dict[str, Any]:
    """The template's data: texts as lists of paragraphs, days and amounts in words.

    Papers of which the respondent gets a copy name the complainant but hold no contact data of his, whoever
    wrote them down. Where a report was split off, the story itself is left out as well, because it may tell
    the report's part.
    """
    shared = facts.kind in SERVED_ON_RESPONDENT

    def texts(text: str | None, *, told_by_complainant: bool = False) -> list[str]:
        if text is None:
            return []
        if shared:
            text = hide_contacts(text, facts.contacts)
            text = mask_text(text) if told_by_complainant else text
        return plain(text)

    story = [] if shared and facts.split_from_report else texts(facts.text, told_by_complainant=True)
    return {
        "kind": facts.kind.value,
        "title": facts.title,
        "number": facts.number,
        "authority": facts.authority,
        "date": chinese_date(facts.issued_on),
        "basis": facts.basis,
        "notes": list(facts.notes),
        "case_number": facts.case_number,
        "received_on": chinese_date(facts.received_on),
        "accepted_on": chinese_date(facts.accepted_on) if facts.accepted_on else None,
        "complainant": _line(facts.complainant),
        "respondent": _line(facts.respondent),
        "respondent_key": _line(facts.respondent_key or ""),
        "contract_no": _line(facts.contract_no or ""),
        "problems": list(facts.problems),
        "text": story,
        "claim_amount": _amount(facts.claim_amount_fen),
        "wish": texts(facts.wish, told_by_complainant=True),
        "course": [
            {"date": chinese_date(step.on), "step": COURSE[step.event]}
            for step in facts.course
            if step.event in COURSE
        ],
        "reply_term": facts.reply_term,
        "reply_article": facts.reply_article,
        "conclude": _due(facts.conclude),
        "ground": facts.ground,
        "body": facts.body,
        "hotline": facts.hotline,
        "note": texts(facts.note),
        "terms": texts(facts.terms),
        "amount": _amount(facts.amount_fen),
        "pay_by": chinese_date(facts.pay_by) if facts.pay_by else None,
        "steps": _steps(facts.estimate),
        "reckoned": _amount(facts.estimate.total_fen) if facts.estimate else None,
    }


def hide_contacts(text: str, contacts: Iterable[str]) -> str:
    """`text` without the given phone numbers, ID numbers, addresses and mail addresses."""
    for contact in sorted({c.strip() for c in contacts}, key=len, reverse=True):
        if len(contact) >= MIN_CONTACT:
            text = text.replace(contact, "〔略〕")
    return text


def _line(text: str) -> str:
    return " ".join(plain(text))


def _amount(fen: int | None) -> str | None:
    return None if fen is None else f"人民币{format_yuan(fen)}元"


def _due(deadline: Deadline | None) -> dict[str, Any] | None:
    if deadline is None:
        return None
    return {
        "on": chinese_date(deadline.due_on),
        "article": deadline.article,
        "provisional": deadline.provisional,
    }


def _steps(estimate: EstimateOut | None) -> list[dict[str, str]]:
    """The lines of the compensation estimate that the agreement refers to."""
    return [
        {"basis": step.article or step.rule, "formula": step.formula, "amount": format_yuan(step.amount_fen)}
        for step in (estimate.steps if estimate else ())
    ]
