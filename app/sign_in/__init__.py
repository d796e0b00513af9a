"""Sign in and out, sessions, second factors, password reminder (domain.md 3, 5; security.md)."""
