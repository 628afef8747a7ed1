"""Inspections: from the task to the field record, the result and its publication."""
