"""Orders: placing them, their states, their history (domain.md 9)."""
