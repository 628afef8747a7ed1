"""Scorecards made here: drafted, simulated, published by a second person, withdrawn in time."""
