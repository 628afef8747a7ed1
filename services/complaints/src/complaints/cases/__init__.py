"""The complaint: intake, the statutory state machine, its clocks, and who may see it."""
