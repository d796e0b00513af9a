"""Promotions and content slots: what the shop says and gives to target groups (domain.md 8)."""
