"""Contracts with business customers, and the staff who look after them (domain.md 12)."""
