"""Prices: price lists, the price function, tax, totals, net and gross (domain.md 8)."""
