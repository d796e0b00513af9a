"""What the shop's staff do (domain.md 15)."""
