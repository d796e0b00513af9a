"""A signed-in person: overview, profile, addresses (domain.md 6)."""
