"""Tests of the credit service."""
