"""What a draft card would do to the whole population: who moves where, why, and how far the whole shifts."""
