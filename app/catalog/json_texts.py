"""Texts by language as they are stored: JSON, without empty ones."""

from collections.abc import Mapping

import msgspec


def texts_as_json(texts: Mapping[str, str]) -> str:
    """{"en": "Beverages", "de": "Getränke"} for the database."""
    kept = {language: text.strip() for language, text in texts.items() if text.strip()}
    return msgspec.json.encode(kept).decode()
