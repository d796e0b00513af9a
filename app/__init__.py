"""Patron: a storefront and account portal that a shop can run itself."""
