"""信用修复: having a listing or a published penalty repaired, of one's own motion or on application."""
