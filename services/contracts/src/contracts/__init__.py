"""Electronic travel contracts: what was promised to the tourist, checked, numbered and provable."""
