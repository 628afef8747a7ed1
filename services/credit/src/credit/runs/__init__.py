"""Runs: whole populations scored in chunks, for the record, as a trial, or with a draft card."""
