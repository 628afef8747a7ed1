"""The tests, one folder per package. Helpers of a folder are imported as `tests.<folder>.<module>`."""
