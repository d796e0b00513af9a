"""Organisations: a tree above business customers (domain.md 11)."""
