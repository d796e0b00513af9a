"""What a customer is: its type, its extensions, its users, its approval (domain.md 1, 2)."""
