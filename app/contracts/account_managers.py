"""Account managers: the staff who look after a customer and its contracts (domain.md 12)."""

import uuid
from dataclasses import dataclass

from app.audit import record
from app.visitor import Visitor
from tables.engine import DB
from tables.keys import new_key


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountManager:
    """A staff member who looks after a customer, or could."""

    staff_member: uuid.UUID
    name: str
    email: str
    # Whether they can sign in to the back office now.
    is_active: bool


_NAME = "coalesce(nullif(trim(u.first_name || ' ' || u.last_name), ''), u.login)"
_COLUMNS = f"""
    SELECT s.id AS staff_member, {_NAME} AS name, u.email, s.is_active AND u.is_active AS is_active
    FROM staff_members s JOIN users u ON u.id = s."user"
"""
_IS_MANAGER = "EXISTS (SELECT FROM account_managers m WHERE m.customer = $1 AND m.staff_member = s.id)"


async def account_managers_of(customer_id: uuid.UUID) -> list[AccountManager]:
    """Who looks after a customer, by name."""
    rows = await DB.fetch(f"{_COLUMNS} WHERE {_IS_MANAGER} ORDER BY name, s.id", customer_id)
    return [AccountManager(**row) for row in rows]


async def possible_account_managers(customer_id: uuid.UUID) -> list[AccountManager]:
    """The active staff who do not look after the customer yet, by name. Those who are limited to a branch of
    the tree are among them only for customers of that branch (domain.md 11)."""
    rows = await DB.fetch(
        f"{_COLUMNS} WHERE s.is_active AND u.is_active AND NOT {_IS_MANAGER}"
        " AND (s.organisation IS NULL OR EXISTS (SELECT FROM customers c JOIN organisations o ON"
        "      o.id = c.organisation WHERE c.id = $1 AND s.organisation = ANY(o.path)))"
        " ORDER BY name, s.id",
        customer_id,
    )
    return [AccountManager(**row) for row in rows]


async def looks_after(user_id: uuid.UUID, customer_id: uuid.UUID) -> bool:
    """Whether a user is an account manager of a customer."""
    return bool(
        await DB.fetch_value(
            "SELECT EXISTS (SELECT FROM account_managers m JOIN staff_members s ON s.id = m.staff_member"
            ' WHERE m.customer = $1 AND s."user" = $2)',
            customer_id,
            user_id,
        )
    )


async def add_account_manager(
    customer_id: uuid.UUID, staff_member: uuid.UUID, *, visitor: Visitor | None = None
) -> bool:
    """Lets an active staff member look after a customer; False where there is none, or they did already."""
    async with DB.transaction():
        if staff_member not in {one.staff_member for one in await possible_account_managers(customer_id)}:
            return False
        added = await DB.fetch_value(
            "INSERT INTO account_managers (id, customer, staff_member) VALUES ($1, $2, $3)"
            " ON CONFLICT (customer, staff_member) DO NOTHING RETURNING true",
            new_key(),
            customer_id,
            staff_member,
        )
        if not added:
            return False
        await record(
            "account manager added",
            visitor=visitor,
            customer_id=customer_id,
            after={"account_manager": await _name(staff_member)},
        )
    return True


async def remove_account_manager(
    customer_id: uuid.UUID, staff_member: uuid.UUID, *, visitor: Visitor | None = None
) -> bool:
    """Lets a staff member look after a customer no more; False where they did not."""
    async with DB.transaction():
        removed = await DB.fetch_value(
            "DELETE FROM account_managers WHERE customer = $1 AND staff_member = $2 RETURNING true",
            customer_id,
            staff_member,
        )
        if not removed:
            return False
        await record(
            "account manager removed",
            visitor=visitor,
            customer_id=customer_id,
            before={"account_manager": await _name(staff_member)},
        )
    return True


async def _name(staff_member: uuid.UUID) -> str:
    return str(
        await DB.fetch_value(
            f'SELECT {_NAME} FROM staff_members s JOIN users u ON u.id = s."user" WHERE s.id = $1',  # see above
            staff_member,
        )
    )
