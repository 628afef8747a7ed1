"""Why a proof, a note, a receipt or a log is not believed: one exception, one reason, both languages."""

from enum import Enum

from common.problems import Text

__all__ = ["Reason", "Refused"]


class Reason(Enum):
    """What can be wrong with something that claims to be proven. The value is its code."""

    MALFORMED_KEY = "malformed-key"
    NOT_CANONICAL = "not-canonical"
    WRONG_SHAPE = "wrong-shape"
    MALFORMED_NOTE = "malformed-note"
    MALFORMED_CHECKPOINT = "malformed-checkpoint"
    WRONG_ORIGIN = "wrong-origin"
    WRONG_KEY = "wrong-key"
    BAD_SIGNATURE = "bad-signature"
    UNKNOWN_SIGNATURE = "unknown-signature"
    MISSING_COSIGNATURE = "missing-cosignature"
    WRONG_SIZE = "wrong-size"
    BAD_PROOF = "bad-proof"
    WRONG_DOCUMENT = "wrong-document"
    UNREADABLE_DOCUMENT = "unreadable-document"
    MISSING_PART = "missing-part"
    WRONG_TILE = "wrong-tile"
    WRONG_ENTRY = "wrong-entry"

    @property
    def text(self) -> Text:
        """The reason as a sentence."""
        return _TEXTS[self]


_TEXTS = {
    Reason.MALFORMED_KEY: Text("密钥格式错误", "The key is not well formed"),
    Reason.NOT_CANONICAL: Text(
        "内容不是其规范字节（RFC 8785）", "The bytes are not their own canonical form (RFC 8785)"
    ),
    Reason.WRONG_SHAPE: Text("字段缺失、多余或取值不符", "A field is missing, unknown or of the wrong form"),
    Reason.MALFORMED_NOTE: Text("签名文本格式错误", "The signed note is not well formed"),
    Reason.MALFORMED_CHECKPOINT: Text("检查点格式错误", "The checkpoint is not well formed"),
    Reason.WRONG_ORIGIN: Text("来自另一日志", "It belongs to another log"),
    Reason.WRONG_KEY: Text("不是由所给公钥签名", "It is not signed by the given key"),
    Reason.BAD_SIGNATURE: Text("签名不成立", "The signature does not verify"),
    Reason.UNKNOWN_SIGNATURE: Text(
        "含有无法核验的签名行", "It carries a signature line that cannot be verified"
    ),
    Reason.MISSING_COSIGNATURE: Text("缺少见证方的联署", "The cosignature of the witness is missing"),
    Reason.WRONG_SIZE: Text("树的大小不符", "The tree sizes do not fit"),
    Reason.BAD_PROOF: Text(
        "证明不能导出检查点的树根", "The proof does not lead to the root of the checkpoint"
    ),
    Reason.WRONG_DOCUMENT: Text("文件与回执不符", "The document is not the one of the receipt"),
    Reason.UNREADABLE_DOCUMENT: Text("文件无法规范化", "The document cannot be put into canonical form"),
    Reason.MISSING_PART: Text("日志缺少应有的部分", "A part of the log that must exist is missing"),
    Reason.WRONG_TILE: Text("哈希块与条目不符", "A tile does not match the entries"),
    Reason.WRONG_ENTRY: Text("日志条目格式错误", "A log entry is not well formed"),
}


class Refused(Exception):
    """Something is not proven. `reason` says why, `where` which part of it (never its contents)."""

    def __init__(self, reason: Reason, where: str = "") -> None:
        super().__init__(f"{reason.value}: {where}" if where else reason.value)
        self.reason = reason
        self.where = where

    @property
    def detail(self) -> Text:
        """The reason for people, with the place."""
        suffix = f" [{self.where}]" if self.where else ""
        return Text(self.reason.text.zh + suffix, self.reason.text.en + suffix)
