"""Self-registration and e-mail verification (domain.md 4)."""
