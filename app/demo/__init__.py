"""Demo data: a small shop with its customers, so that a newcomer can look around (architecture.md, Demo data)."""
