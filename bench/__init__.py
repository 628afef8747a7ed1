"""Benchmarks: one file each, run as a script; ratios within one run, no absolute promise."""
