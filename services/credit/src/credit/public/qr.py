"""The words of a QR code on the wall of a business: short, canonical, signed by the key of the log."""

import io
from datetime import date
from hashlib import sha256
from urllib.parse import quote

import rfc8785
import segno
from common.ledger.note import SignerKey
from common.ledger.strict import encode_base64

from .schemas import PublicSubject

__all__ = ["FORMAT", "PREFIX", "qr_svg", "qr_text"]

FORMAT = "tourtrust-subject-qr/1"
PREFIX = b"tourtrust subject qr v1\n"
PAGE = "/api/v1/credit/public/subjects/"


def qr_text(brief: PublicSubject, address: str, origin: str, as_of: date, signer: SignerKey) -> str:
    """RFC 8785 JSON of what the code vouches for, with the signature over the rest of it.

    It says whose wall it may hang on, and where the present page is; the grade is that of the day of issue,
    so whoever reads the code looks at the page too.
    """
    content = {
        "format": FORMAT,
        "origin": origin,
        "key": address,
        "name": brief.name,
        "kind": brief.kind,
        "status": brief.status,
        "grade": brief.grade,
        "page": page_of(address),
        "as_of": as_of.isoformat(),
    }
    signature = signer.verifier.key_id + signer.sign(PREFIX + rfc8785.dumps(content))
    return rfc8785.dumps(content | {"signature": encode_base64(signature)}).decode()


def page_of(address: str) -> str:
    """The path of a subject's page and of its data."""
    return PAGE + quote(address, safe="-")


def qr_svg(text: str) -> bytes:
    """The code as SVG, without scripts and links."""
    held = io.BytesIO()
    segno.make(text, error="m", micro=False, encoding="utf-8").save(held, kind="svg", scale=4, svgns=True)
    return held.getvalue()


def digest(text: str) -> str:
    """SHA-256 of the words, lower-case hex."""
    return sha256(text.encode()).hexdigest()
