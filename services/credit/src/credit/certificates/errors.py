"""Problems of certificates."""

from common.problems import NotFound, StateConflict, Text

__all__ = ["CertificateNotFound", "MadeForAnother", "NotCertifiable"]


class CertificateNotFound(NotFound):
    """No such certificate, not the caller's, or number and code do not belong together."""

    type = "/problems/certificate-not-found"
    title = Text("未找到该证明，或编号与查验码不符", "No such certificate, or number and code do not fit")


class MadeForAnother(StateConflict):
    """It was made for another party or purpose; `relying_party` and `purpose` say for which."""

    type = "/problems/certificate-made-for-another"
    title = Text("该证明不是为此使用方或此用途出具的", "It was made for another party or purpose")


class NotCertifiable(StateConflict):
    """A provisional or merged subject gets no certificate."""

    type = "/problems/not-certifiable"
    title = Text("该主体不能出具信用证明", "This subject gets no certificate")
