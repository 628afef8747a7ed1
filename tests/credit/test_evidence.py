"""Files of evidence: known by content, kept encrypted, given back on record."""

from hashlib import sha256
from typing import Any

import httpx
import pytest
from credit.evidence.rules import CHUNK, MAX_BYTES, media_type_of, pieces, safe_name
from sqlalchemy import text

from .conftest import Service

PDF = b"%PDF-1.7\n" + "虚构的检查笔录".encode() * 40
SUBJECT = "01912345-0000-7000-8000-000000000001"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"%PDF-1.4", "application/pdf"),
        (b"\x89PNG\r\n\x1a\nrest", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"\x00\x00\x00\x18ftypmp42", "video/mp4"),
        (b"PK\x03\x04....word/document.xml", media_type_of(b"PK\x03\x04word/")),
        ("现场询问记录（虚构）".encode(), "text/plain"),
        (b"MZ\x90\x00\x03", None),
        (b"\x7fELF\x02\x01", None),
        (b"PK\x03\x04....evil.exe", None),
        (b" <!DOCTYPE html><script>", None),
        (b"<svg xmlns='x'>", None),
        (b"<?xml version='1.0'?>", None),
        (b"text with \x00", None),
        ("中".encode()[:2], None),
    ],
)
def test_a_file_is_known_by_its_content(data: bytes, kind: str | None) -> None:
    assert media_type_of(data) == kind


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\笔录.pdf", "笔录.pdf"),
        ("a\x00\r\nb.pdf", "ab.pdf"),
        ("", "evidence"),
        (None, "evidence"),
        ("..", "evidence"),
        ("长" * 200 + ".pdf", ("长" * 200 + ".pdf")[-120:]),
    ],
)
def test_a_name_holds_no_path(given: str | None, kept: str) -> None:
    assert safe_name(given) == kept


def test_pieces_put_together_are_the_file() -> None:
    data = bytes(range(256)) * 10_000
    assert b"".join(pieces(data)) == data
    assert [len(piece) for piece in pieces(data)] == [CHUNK, CHUNK, len(data) - 2 * CHUNK]


async def upload(
    service: Service, path: str, data: bytes, name: str = "笔录.pdf", who: dict[str, str] | None = None
) -> httpx.Response:
    return await service.http.post(
        f"/api/v1/credit{path}",
        files={"file": (name, data, "application/octet-stream")},
        headers=service.who() if who is None else who,
    )


async def recorded(service: Service) -> dict[str, Any]:
    return await service.fact(await service.subject(), "VALID_COMPLAINT", "2026-06-01")


async def test_a_file_is_kept_once_and_comes_back_as_it_was(service: Service) -> None:
    fact = await recorded(service)
    data = PDF + b"\x01" * (CHUNK + 5)
    first = await upload(service, f"/facts/{fact['id']}/evidence", data)
    assert first.status_code == 201, first.text
    made = first.json()
    assert (made["sha256"], made["size"], made["media_type"], made["name"]) == (
        sha256(data).hexdigest(),
        len(data),
        "application/pdf",
        "笔录.pdf",
    )
    again = await upload(service, f"/facts/{fact['id']}/evidence", data, "another name.pdf")
    assert (again.status_code, again.json()) == (200, made)
    assert await service.get(f"/facts/{fact['id']}/evidence") == [made]
    got = await service.http.get(f"/api/v1/credit/evidence/{made['id']}", headers=service.who())
    assert got.content == data
    assert got.headers["content-disposition"].startswith("attachment; filename*=UTF-8''%E7%AC%94")
    assert got.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in got.headers["content-security-policy"]
    async with service.app.state.db.session() as session:
        stored = b"".join(
            await session.scalars(
                text("SELECT data FROM evidence_chunks WHERE evidence_id = :id ORDER BY number"),
                {"id": made["id"]},
            )
        )
        names = " ".join(await session.scalars(text("SELECT name_cipher FROM evidence")))
        read = (
            await session.execute(
                text("SELECT actor, details FROM audit WHERE action = 'evidence.read' AND target = :target"),
                {"target": f"evidence:{made['id']}"},
            )
        ).all()
    assert b"%PDF" not in stored and "笔录" not in names
    assert len(read) == 1 and read[0].details["sha256"] == made["sha256"]


async def test_what_is_no_evidence_is_refused(service: Service) -> None:
    path = f"/facts/{(await recorded(service))['id']}/evidence"
    program = await upload(service, path, b"MZ\x90\x00" + b"\x00" * 50, "笔录.pdf")
    assert (program.status_code, program.json()["type"]) == (415, "/problems/evidence-refused")
    empty = await upload(service, path, b"")
    assert (empty.status_code, empty.json()["errors"][0]["pointer"]) == (422, "/file")
    large = await upload(service, path, b"%PDF-" + b"\x00" * MAX_BYTES)
    assert large.status_code == 413
    missing = await service.http.post(f"/api/v1/credit{path}", headers=service.who())
    assert missing.status_code == 422
    assert await service.get(path) == []


async def test_evidence_is_for_the_authorities_of_the_region(service: Service) -> None:
    subject = await service.subject()
    fact = await service.fact(subject, "VALID_COMPLAINT", "2026-06-01")
    made = (await upload(service, f"/facts/{fact['id']}/evidence", PDF)).json()
    path = f"/facts/{fact['id']}/evidence"
    abroad = service.who("140200")
    assert (await upload(service, path, PDF, who=abroad)).status_code == 404
    await service.get(path, 404, who=abroad)
    for who in (
        abroad,
        service.who(kind="client", sub="department-1"),
        service.who(kind="agency", sub="agency-1", subject_id=subject["id"], scopes=["credit:read"]),
    ):
        await service.get(f"/evidence/{made['id']}", 404, who=who)
    reader = service.who(scopes=["credit:read"])
    assert (await upload(service, path, PDF, who=reader)).status_code == 403


async def test_chunks_cannot_be_changed(service: Service) -> None:
    from sqlalchemy.exc import DBAPIError

    async with service.app.state.db.session() as session:
        with pytest.raises(DBAPIError, match="append-only"):
            await session.execute(text("DELETE FROM evidence_chunks"))
        await session.rollback()


async def test_a_file_that_is_too_large_is_refused_as_a_problem(service: Service) -> None:
    made = await service.subject()
    url = f"/api/v1/credit/subjects/{made['id']}/evidence"
    file = {"file": ("大文件.txt", b"x" * (21 * 2**20), "text/plain")}
    answer = await service.http.post(url, files=file, headers=service.who())
    assert answer.status_code == 413 and answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "/problems/payload-too-large"
