"""What names a product or category: asked before it is deleted, since it would mean something else without it."""

import uuid

from app.segments.uses import Use
from tables.engine import DB

_USES = """
    SELECT 'promotion' AS kind, p.id AS owner, coalesce(p.names ->> 'en', p.id) AS name
    FROM promotions p WHERE p.{column} = $1
    UNION
    SELECT 'catalog_view', v.id, v.name
    FROM catalog_view_rules r JOIN catalog_views v ON v.id = r.view WHERE r.{column} = $1
    ORDER BY kind, name, owner
"""


async def uses_of_product(product: uuid.UUID) -> list[Use]:
    """The catalog views with a rule for the product, and the promotions of it alone, by name."""
    return [Use(**row) for row in await DB.fetch(_USES.format(column="product"), product)]


async def uses_of_category(category: uuid.UUID) -> list[Use]:
    """The same of a category."""
    return [Use(**row) for row in await DB.fetch(_USES.format(column="category"), category)]
