"""What a process knows of its log: leading or not, stopped or not, and what is wrong."""

from dataclasses import dataclass

import structlog

from common.problems import Text
from common.telemetry import ALERTS

__all__ = ["LogStatus"]

log = structlog.get_logger(__name__)


@dataclass
class LogStatus:
    """Kept by sequencer and cosigner, read by readiness and tests."""

    service: str
    leading: bool = False
    halted: Text | None = None
    trouble: Text | None = None
    witness_lack: Text | None = None

    def halt(self, detail: Text) -> None:
        """Stop signing for good: only a restart on the right database helps."""
        if self.halted is None:
            self.halted = detail
            self.alert("ledger-halted")
            log.error("ledger.halted", reason=detail.en)

    def alert(self, name: str) -> None:
        """Count something that an operator must look at."""
        ALERTS.labels(service=self.service, alert=name).inc()

    def lack(self) -> str | None:
        """What is missing, in one sentence, or None."""
        for detail in (self.halted, self.trouble, self.witness_lack):
            if detail is not None:
                return detail.en
        return None
