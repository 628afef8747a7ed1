"""Certificates: a purpose-bound statement of credit, committed to the log, and who relied on it."""
