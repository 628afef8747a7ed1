"""Routine inspection planned: the item list, the library of objects, annual plans."""
