"""The people of a customer with many users: who they are, what they may do, and what they did (domain.md 10)."""
