"""信用承诺: what subjects have promised in writing, and whether it was kept."""
