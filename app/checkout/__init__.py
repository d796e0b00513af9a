"""The checkout: from a basket to a placed order (domain.md 9)."""
