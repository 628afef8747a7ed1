"""Imports: many subjects from one file, staged, checked, applied in chunks, reported row by row."""
