"""Creating, changing and deleting catalog views (domain.md 8). Whom a view is for: app.segments.targets.aim."""

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from app.audit import record, recordable
from app.errors import Conflict
from app.segments.targets import aim_at_nobody
from app.versions import Subject, raise_version
from app.visitor import Visitor
from tables.catalog import ViewRuleAction
from tables.engine import DB
from tables.keys import new_key
from tables.segments import TargetKind

_ID = re.compile(r"[A-Za-z0-9_-]{1,60}")


class ViewIdTaken(Exception):
    """Another view has that id."""


class ViewRefused(ValueError):
    """A detail is not possible; `field` names it."""

    def __init__(self, field_name: str) -> None:
        super().__init__(field_name)
        self.field = field_name


@dataclass(frozen=True, slots=True)
class ViewRule:
    """Includes or excludes a category with all below it, or a product; neither means the whole catalog."""

    action: ViewRuleAction
    category: uuid.UUID | None = None
    product: uuid.UUID | None = None


@dataclass(frozen=True, kw_only=True)
class ViewDetails:
    """A catalog view as staff edit it."""

    name: str
    description: str = ""
    is_active: bool = True
    rules: Sequence[ViewRule] = ()


async def create_view(view: str, details: ViewDetails, *, visitor: Visitor | None = None) -> None:
    """Makes a view; it shows nothing but what its rules include. Raises ViewRefused and ViewIdTaken."""
    if not _ID.fullmatch(view):
        raise ViewRefused("id")
    _refuse_problems(details)
    try:
        async with DB.transaction():
            await DB.execute(
                "INSERT INTO catalog_views (id, name, description, is_active, version) VALUES ($1, $2, $3, $4, 1)",
                view,
                details.name.strip(),
                details.description.strip(),
                details.is_active,
            )
            await _write_rules(view, details.rules)
            await record("catalog view created", visitor=visitor, after=await _told(view))
    except asyncpg.UniqueViolationError as error:
        raise ViewIdTaken from error


async def change_view(
    view: str, version: int, details: ViewDetails, *, visitor: Visitor | None = None
) -> None:
    """Changes a view that was read at a version, its rules included. Raises ViewRefused, and Conflict when
    somebody was faster."""
    _refuse_problems(details)
    async with DB.transaction():
        await DB.execute("SELECT FROM catalog_views WHERE id = $1 FOR NO KEY UPDATE", view)
        before = await _told(view)
        changed = await DB.execute(
            "UPDATE catalog_views SET name = $3, description = $4, is_active = $5, version = version + 1"
            " WHERE id = $1 AND version = $2",
            view,
            version,
            details.name.strip(),
            details.description.strip(),
            details.is_active,
        )
        if not changed:
            raise Conflict
        await DB.execute("DELETE FROM catalog_view_rules WHERE view = $1", view)
        await _write_rules(view, details.rules)
        await record("catalog view changed", visitor=visitor, before=before, after=await _told(view))


async def delete_view(view: str, *, visitor: Visitor | None = None) -> None:
    """Deletes a view with its rules and its target group; who saw by it alone sees everything again."""
    async with DB.transaction():
        await DB.execute("SELECT FROM catalog_views WHERE id = $1 FOR UPDATE", view)
        before = await _told(view)
        if await DB.execute("DELETE FROM catalog_views WHERE id = $1", view):
            await record("catalog view deleted", visitor=visitor, before=before)
        await raise_version(Subject.VIEWS)
        # The version of the targets comes after that of the views, as where a view is changed.
        await aim_at_nobody(TargetKind.CATALOG_VIEW, view, visitor=visitor)


# Rules without a category and a product hold for all. Categories and products by what their addresses call them.
_RULES = """
    SELECT r.action || CASE WHEN r.category IS NOT NULL THEN '_categories' WHEN r.product IS NOT NULL THEN '_products'
                            ELSE '_all' END AS told,
           array_agg(coalesce(c.slug, p.sku) ORDER BY coalesce(c.slug, p.sku))
               FILTER (WHERE r.category IS NOT NULL OR r.product IS NOT NULL) AS of
    FROM catalog_view_rules r LEFT JOIN categories c ON c.id = r.category LEFT JOIN products p ON p.id = r.product
    WHERE r.view = $1 GROUP BY told
"""


async def _told(view: str) -> dict[str, object]:
    """A view with its rules for the audit log, as it is stored now; nothing of one that there is not."""
    row = await DB.fetch_row("SELECT id, name, description, is_active FROM catalog_views WHERE id = $1", view)
    rules = {rule["told"]: rule["of"] or True for rule in await DB.fetch(_RULES, view)}
    return recordable({**(row or {}), **rules})


async def _write_rules(view: str, rules: Sequence[ViewRule]) -> None:
    try:
        async with DB.transaction():
            for rule in dict.fromkeys(rules):
                await DB.execute(
                    "INSERT INTO catalog_view_rules (id, view, action, category, product)"
                    " VALUES ($1, $2, $3, $4, $5)",
                    new_key(),
                    view,
                    rule.action.value,
                    rule.category,
                    rule.product,
                )
            await raise_version(Subject.VIEWS)
    except asyncpg.ForeignKeyViolationError as error:
        raise ViewRefused("rules") from error


def _refuse_problems(details: ViewDetails) -> None:
    if not details.name.strip() or len(details.name) > 200:
        raise ViewRefused("name")
    if any(rule.category is not None and rule.product is not None for rule in details.rules):
        raise ViewRefused("rules")
