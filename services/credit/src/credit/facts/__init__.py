"""The archive: append-only, bitemporal facts about subjects."""
