"""Risk warnings: clues that never score."""
