"""The basket: what a visitor, or a user for a customer, is about to buy (domain.md 9)."""
