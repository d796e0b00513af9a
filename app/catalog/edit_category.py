"""Creating, changing and deleting categories."""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

import asyncpg

from app.catalog.json_texts import texts_as_json
from app.catalog.pictures import change_picture, is_picture, keep_for_a_day
from app.errors import Conflict
from app.versions import Subject, raise_version
from tables.engine import DB
from tables.keys import new_key

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class SlugTaken(Exception):
    """Another category has that address."""


class CategoryRefused(ValueError):
    """A detail is not possible; `field` names it."""

    def __init__(self, field_name: str) -> None:
        super().__init__(field_name)
        self.field = field_name


class CategoryInUse(Exception):
    """Products or other categories stand in the category, or a promotion or catalog view names it."""


@dataclass(frozen=True, kw_only=True)
class CategoryDetails:
    """A category as staff edit it. Texts are by language; `picture` is a path below static/ or of an uploaded picture
    (app.catalog.pictures), or ""."""

    slug: str
    names: Mapping[str, str]
    descriptions: Mapping[str, str] = field(default_factory=dict)
    parent: uuid.UUID | None = None
    position: int = 0
    picture: str = ""


async def create_category(details: CategoryDetails) -> uuid.UUID:
    """Makes a category and gives its id. Raises CategoryRefused and SlugTaken."""
    category = new_key()
    await _write(
        "INSERT INTO categories (id, slug, names, descriptions, parent, position, picture)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        category,
        details,
    )
    return category


async def change_category(
    category: uuid.UUID, details: CategoryDetails, *, version: int | None = None
) -> None:
    """Changes a category that was read at a version (None: whatever it has).

    Raises CategoryRefused (a category never stands below itself), SlugTaken, and Conflict when somebody was
    faster or it is gone.
    """
    await _write(
        "UPDATE categories SET slug = $2, names = $3, descriptions = $4, parent = $5, position = $6,"
        " picture = $7, version = version + 1 WHERE id = $1 AND version = coalesce($8::int, version)",
        category,
        details,
        version,
    )


async def delete_category(category: uuid.UUID) -> None:
    """Deletes a category. Raises CategoryInUse while something stands in it or names it."""
    try:
        async with DB.transaction():
            picture = await DB.fetch_value("DELETE FROM categories WHERE id = $1 RETURNING picture", category)
            await keep_for_a_day(picture or "")
            await raise_version(Subject.CATALOG)
    except (asyncpg.ForeignKeyViolationError, asyncpg.RestrictViolationError) as error:
        raise CategoryInUse from error


_STANDS_BELOW = """
    WITH RECURSIVE below AS (
        SELECT id FROM categories WHERE id = $1
        UNION SELECT c.id FROM categories c JOIN below ON c.parent = below.id
    )
    SELECT EXISTS (SELECT FROM below WHERE id = $2)
"""


async def _write(statement: str, category: uuid.UUID, details: CategoryDetails, *version: int | None) -> None:
    if not _SLUG.fullmatch(details.slug) or len(details.slug) > 80:
        raise CategoryRefused("slug")
    if not any(name.strip() for name in details.names.values()):
        raise CategoryRefused("names")
    if details.picture and not is_picture(details.picture):
        raise CategoryRefused("picture")
    try:
        async with DB.transaction():
            # Two moves at once could make a ring of what each for itself allows.
            await DB.execute("LOCK TABLE categories IN SHARE ROW EXCLUSIVE MODE")
            if details.parent is not None and await DB.fetch_value(_STANDS_BELOW, category, details.parent):
                raise CategoryRefused("parent")
            before = await DB.fetch_value("SELECT picture FROM categories WHERE id = $1", category) or ""
            if not await change_picture(before, details.picture):
                raise CategoryRefused("picture")
            changed = await DB.execute(
                statement,
                category,
                details.slug,
                texts_as_json(details.names),
                texts_as_json(details.descriptions),
                details.parent,
                details.position,
                details.picture,
                *version,
            )
            if not changed:
                raise Conflict
            await raise_version(Subject.CATALOG)
    except asyncpg.UniqueViolationError as error:
        raise SlugTaken from error
    except asyncpg.ForeignKeyViolationError as error:
        raise CategoryRefused("parent") from error
