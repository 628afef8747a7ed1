"""Exchange: records sent to other credit systems, their decisions taken in, both sides compared by day."""
