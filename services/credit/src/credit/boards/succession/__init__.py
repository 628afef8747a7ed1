"""Which run follows which, and whose black entries a run takes the place of."""
