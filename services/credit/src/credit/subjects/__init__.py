"""Subjects: who is supervised."""
