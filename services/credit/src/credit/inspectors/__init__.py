"""The library of inspectors, and who must stay away from whom."""
