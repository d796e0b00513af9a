"""Categories, held per process and read again when their version changes (architecture.md, Data)."""

from dataclasses import dataclass

import msgspec

from tables.engine import DB


@dataclass(frozen=True, slots=True)
class Category:
    """A category in the words of one language."""

    slug: str
    name: str
    description: str
    picture: str


@dataclass(slots=True)
class _Held:
    """What this process knows of the categories, and which version of them it is."""

    version: int = -1
    rows: tuple[tuple[str, dict[str, str], dict[str, str], str], ...] = ()


_held = _Held()


async def categories(version: int, language: str) -> list[Category]:
    """The top categories in their order. `version` is that of the catalog, read with this very request."""
    if _held.version != version:
        rows = await DB.fetch(
            "SELECT slug, names::text AS names, descriptions::text AS descriptions, picture"
            " FROM categories WHERE parent IS NULL ORDER BY position, slug"
        )
        _held.rows = tuple(
            (row["slug"], _texts(row["names"]), _texts(row["descriptions"]), row["picture"]) for row in rows
        )
        _held.version = version
    return [
        Category(slug, _in(language, names, slug), _in(language, descriptions, ""), picture)
        for slug, names, descriptions, picture in _held.rows
    ]


def _texts(stored: str) -> dict[str, str]:
    return msgspec.json.decode(stored, type=dict[str, str])


def _in(language: str, texts: dict[str, str], otherwise: str) -> str:
    return texts.get(language) or texts.get("en") or otherwise
