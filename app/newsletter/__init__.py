"""The newsletter: ordered twice (by a tick and by a link), ended by one click."""
