"""A target group as the audit log tells it: who is given which prices, catalog views, promotions, content and
shipping methods (domain.md 15)."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from app.audit import record
from app.visitor import Visitor
from tables.engine import DB
from tables.segments import TargetKind

if TYPE_CHECKING:
    from app.segments.targets import Targets

_NAMES = {
    TargetKind.PRICE_LIST: "SELECT name FROM price_lists WHERE id = $1",
    TargetKind.CATALOG_VIEW: "SELECT name FROM catalog_views WHERE id = $1",
    TargetKind.PROMOTION: "SELECT names ->> 'en' FROM promotions WHERE id = $1",
    TargetKind.CONTENT: "SELECT name FROM content_items WHERE id::text = $1",
    TargetKind.SHIPPING_METHOD: "SELECT names ->> 'en' FROM shipping_methods WHERE id = $1",
}
# By the names under which staff know them: ids are said of segments alone, which keep theirs for ever.
_CUSTOMERS = "SELECT number AS told FROM customers WHERE id = ANY($1::uuid[]) ORDER BY number"
_CONTRACTS = "SELECT number AS told FROM contracts WHERE id = ANY($1::uuid[]) ORDER BY number"
# Several branches may have a node of the same name, so those above it are told as well.
_ORGANISATIONS = """
    SELECT (SELECT string_agg(above.name, ' > ' ORDER BY array_position(o.path, above.id))
            FROM organisations above WHERE above.id = ANY(o.path)) AS told
    FROM organisations o WHERE o.id = ANY($1::uuid[]) ORDER BY 1
"""


async def record_target_group(
    kind: TargetKind, owner: str, before: "Targets", after: "Targets", *, visitor: Visitor | None = None
) -> None:
    """Appends an entry that says whom something was meant for and is meant for now, in the current transaction.

    Of what is deleted, after its row is, the name is not told: the entry of the deletion has it.
    """
    of: dict[str, object] = {"target_of": TargetKind(kind).value, "id": owner}
    if name := await DB.fetch_value(_NAMES[TargetKind(kind)], owner):
        of["name"] = name
    await record(
        "target group changed",
        visitor=visitor,
        before=of | await _told(before),
        after=of | await _told(after),
    )


async def _told(group: "Targets") -> dict[str, object]:
    return {
        "segments": sorted(group.segments),
        "organisations": await _named(_ORGANISATIONS, group.organisations),
        "customers": await _named(_CUSTOMERS, group.customers),
        "contracts": await _named(_CONTRACTS, group.contracts),
    }


async def _named(statement: str, ids: Iterable[object]) -> list[str]:
    wanted = list(ids)
    return [row["told"] for row in await DB.fetch(statement, wanted)] if wanted else []
