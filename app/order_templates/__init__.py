"""Order templates: what is ordered again and again, of one user or shared in the company (domain.md 10)."""
