"""The custom segments of the demo shop: two that are filled by hand, one that a rule fills."""

from app.segments.custom import create_segment
from app.segments.members import assign
from app.segments.order_conditions import OrderCount
from app.segments.rules import Rule
from tables.engine import DB

GOLD = "GOLD"
SILVER = "SILVER"
FREQUENT = "FREQUENT"
# Those that an organisation can give to all its companies.
GROUPS = (GOLD, SILVER)

# Id, name, description, the companies in it by their numbers, and the rule of those that have one.
SEGMENTS: tuple[tuple[str, str, str, tuple[str, ...], Rule | None], ...] = (
    (GOLD, "Gold", "Our best companies: ten percent and more off.", ("ALFKI", "ERNSH", "SAVEA"), None),
    (
        SILVER,
        "Silver",
        "Good companies: five percent and more off.",
        ("BERGS", "BONAP", "FOLKO", "FRANK", "HILAA", "HUNGO", "LEHMS", "RATTC"),
        None,
    ),
    (FREQUENT, "Frequent buyers", "Ten orders or more.", (), OrderCount(at_least=10)),
)


async def add_segments() -> int:
    """Adds the segments that are missing with their members, in the current transaction; how many those were.

    A segment that is there keeps the members that staff have given it.
    """
    known = {row["id"] for row in await DB.fetch("SELECT id FROM segments")}
    missing = [one for one in SEGMENTS if one[0] not in known]
    for segment, name, description, companies, rule in missing:
        await create_segment(segment, name, description, rule, is_customer_group=segment in GROUPS)
        if companies:
            rows = await DB.fetch("SELECT id FROM customers WHERE number = ANY($1::text[])", list(companies))
            await assign(segment, [row["id"] for row in rows])
    return len(missing)
