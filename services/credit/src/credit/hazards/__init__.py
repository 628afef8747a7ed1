"""Hazards: found, ordered to be put right, checked again, closed or handed over."""
