"""Randomised inspection: the draw protocol."""
