"""The contract document as platforms submit it: its schema, its canonical form, its masked view."""
