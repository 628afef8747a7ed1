"""Regulatory talks and mystery visits as records."""
