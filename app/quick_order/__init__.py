"""Ordering by numbers: many products at a time, typed, pasted or from a file, and order templates (domain.md 10)."""
