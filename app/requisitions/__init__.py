"""Budgets of a company's users, and orders beyond them that wait for somebody's approval (domain.md 10)."""
