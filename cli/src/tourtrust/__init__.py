"""The TourTrust command: starts, seeds, shows, measures and verifies; it holds no domain rule."""
