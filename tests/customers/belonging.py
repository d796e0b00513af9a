"""Rows that belong to a customer, one of each kind, and what of the database points to people."""

import uuid

from tables.engine import DB
from tests.people import Known

# Every foreign key to a customer, a user or a membership, as "table.column".
LINKS_TO_PEOPLE = """
    SELECT t.relname || '.' || a.attname AS link
    FROM pg_constraint f JOIN pg_class t ON t.oid = f.conrelid
    JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = f.conkey[1]
    WHERE f.contype = 'f' AND f.confrelid IN ('customers'::regclass, 'users'::regclass, 'memberships'::regclass)
"""


async def links_to_people() -> set[str]:
    """Every column of the database that points to a customer, a user or a membership."""
    return {row["link"] for row in await DB.fetch(LINKS_TO_PEOPLE)}


async def ordered(known: Known, number: str, state: str = "new") -> str:
    """An order that a person has placed for their customer."""
    await DB.execute(
        """INSERT INTO orders (id, number, application, customer, "user", buyer_name, email, email_canonical,
               language, state, currency, gross_total, net_total, tax_total, placed_at)
           VALUES (gen_random_uuid(), $1::varchar, 'business', $2, $3, 'Maria Anders', $4::varchar, $4, 'en', $5,
               'EUR', 1190, 1000, 190, now())""",
        number,
        known.customer_id,
        known.user_id,
        known.email,
        state,
    )
    return number


async def asked(known: Known, number: str, state: str = "pending") -> str:
    """A requisition of a person."""
    await DB.execute(
        """INSERT INTO requisitions (id, number, customer, "user", membership, application, state, created_at,
               expires_at) VALUES (gen_random_uuid(), $1, $2, $3, $4, 'business', $5, now(), now() + interval '1 day')""",
        number,
        known.customer_id,
        known.user_id,
        known.membership_id,
        state,
    )
    return number


async def template(known: Known, name: str, *, is_shared: bool = False) -> None:
    """An order template."""
    await DB.execute(
        """INSERT INTO order_templates (id, customer, "user", name, is_shared, created_at)
           VALUES (gen_random_uuid(), $1, $2, $3, $4, now())""",
        known.customer_id,
        known.user_id,
        name,
        is_shared,
    )


async def address(
    known: Known, street: str, *, is_personal: bool = False, is_preferred: bool = False
) -> None:
    """An address of a customer, or of one of its people."""
    await DB.execute(
        """INSERT INTO addresses (id, customer, membership, street, country, is_preferred_billing,
               is_preferred_shipping, created_at)
           VALUES (gen_random_uuid(), $1, $2, $3, 'DE', $4, $4, now())""",
        known.customer_id,
        known.membership_id if is_personal else None,
        street,
        is_preferred,
    )


async def basket(known: Known) -> uuid.UUID:
    """An empty basket of a person for their customer."""
    key = uuid.uuid4()
    await DB.execute(
        'INSERT INTO baskets (id, application, "user", customer, checkout, changed_at)'
        " VALUES ($1, 'business', $2, $3, '{\"x\": 1}', now())",
        key,
        known.user_id,
        known.customer_id,
    )
    return key


async def member_too(known: Known, of: Known, roles: tuple[str, ...] = ("buyer",)) -> uuid.UUID:
    """Makes somebody whom the shop knows a member of another customer too."""
    key = uuid.uuid4()
    await DB.execute(
        'INSERT INTO memberships (id, "user", customer, roles, created_at) VALUES ($1, $2, $3, $4, now())',
        key,
        known.user_id,
        of.customer_id,
        list(roles),
    )
    return key


async def values(sql: str, *arguments: object) -> list[object]:
    """The first column of all rows."""
    return [next(iter(row.values())) for row in await DB.fetch(sql, *arguments)]
