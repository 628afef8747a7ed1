"""Scoring: from known facts to a grade with reasons."""
