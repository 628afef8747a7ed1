"""Qualifications: cards and certificates of persons, and the training they had."""
