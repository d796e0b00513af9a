"""Segments: which customers belong together (domain.md 7)."""
