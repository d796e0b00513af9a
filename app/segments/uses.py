"""Where a segment is used: asked before it is deleted (domain.md 7)."""

from dataclasses import dataclass

from app.segments.rule_members import current_rules
from app.segments.rules import segments_named_in
from tables.engine import DB


@dataclass(frozen=True, slots=True)
class Use:
    """Something that names a segment. `kind` is one of tables.segments.TargetKind, "rule", or "organisation"."""

    kind: str
    owner: str
    name: str

    @property
    def is_rule(self) -> bool:
        """Whether it is the rule of another segment, whose id is `owner`."""
        return self.kind == RULE


RULE = "rule"
# Whose customer group it is (domain.md 11).
ORGANISATION = "organisation"

_TARGETS = """
    SELECT t.kind, t.owner,
           coalesce(pl.name, cv.name, p.names ->> 'en', ci.name, sm.names ->> 'en', t.owner) AS name
    FROM targets t
    LEFT JOIN price_lists pl ON t.kind = 'price_list' AND pl.id = t.owner
    LEFT JOIN catalog_views cv ON t.kind = 'catalog_view' AND cv.id = t.owner
    LEFT JOIN promotions p ON t.kind = 'promotion' AND p.id = t.owner
    LEFT JOIN content_items ci ON t.kind = 'content' AND ci.id::text = t.owner
    LEFT JOIN shipping_methods sm ON t.kind = 'shipping_method' AND sm.id = t.owner
    WHERE t.segment = $1
    ORDER BY t.kind, name, t.owner
"""


async def uses_of_segment(segment_id: str) -> list[Use]:
    """Everything that names the segment: target groups first, organisations, then rules of other segments."""
    found = [Use(row["kind"], row["owner"], row["name"]) for row in await DB.fetch(_TARGETS, segment_id)]
    found += await organisations_of_group(segment_id)
    asking = [
        one
        for one, rule in (await current_rules()).by_segment.items()
        if segment_id in segments_named_in(rule) and one != segment_id
    ]
    rows = await DB.fetch("SELECT id, name FROM segments WHERE id = ANY($1::text[]) ORDER BY id", asking)
    return found + [Use(RULE, row["id"], row["name"]) for row in rows]


async def organisations_of_group(segment_id: str) -> list[Use]:
    """The organisations whose customer group a segment is, by name."""
    rows = await DB.fetch(
        "SELECT id::text AS id, name FROM organisations WHERE customer_group = $1 ORDER BY name, id",
        segment_id,
    )
    return [Use(ORGANISATION, row["id"], row["name"]) for row in rows]
