"""Catalog: categories, for now (domain.md 8)."""
