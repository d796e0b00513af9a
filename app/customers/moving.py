"""Moving a user to another customer: the orders follow (domain.md 2, 9, 10).

What is the user's own goes along, and what is the company's stays (app/customers/moved_rows.py).

Limits are the company's that set them, in its currency. So they do not go along; nor does who was limited become
unlimited by being moved, which nobody would notice before the first large order. Staff say what holds at the new
customer, whose administrators can change it, and have to where the user was limited so far.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.applications import Application, all_applications, application_by_id, application_for_type
from app.audit import record
from app.audit_words import recorded_amount
from app.customers.administrators import appoint_administrator, is_last_administrator
from app.customers.deleting import delete_customer
from app.customers.departures import LoginTakenMeanwhile, come_back
from app.customers.joining_rows import execute_named, lock_customers
from app.customers.limits import UNLIMITED, Limits
from app.customers.moved_rows import FOLLOWS
from app.customers.permissions import BUILT_IN_ROLES
from app.customers.types import CustomerTypeMissing, Extension, customer_type_of, installed_type
from app.errors import Conflict
from app.links import links_of
from app.mail.people import queue_mail_to
from app.segments.segmentation_services import update_segments_of
from app.sign_in.password_mails import send_password_mail
from app.sign_in.sessions import end_sessions_of
from app.visitor import Visitor
from tables.engine import DB


class LastUser(StrEnum):
    """What becomes of a customer whose last user is moved (domain.md 2)."""

    KEEP = "keep"
    DELETE = "delete"


class Obstacle(StrEnum):
    """Why a user is not moved."""

    TARGET_UNKNOWN = "target_unknown"
    TARGET_IS_SAME = "target_is_same"
    TARGET_HAS_ONE_USER = "target_has_one_user"
    NO_ROLE = "no_role"
    NO_LIMITS = "no_limits"
    LAST_USER = "last_user"
    LAST_ADMINISTRATOR = "last_administrator"
    LOGIN_TAKEN = "login_taken"


class MoveRefused(Exception):
    """Something stands against the move, or has to be answered first; nothing has changed."""

    def __init__(self, obstacle: Obstacle) -> None:
        super().__init__(obstacle)
        self.obstacle = obstacle


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A customer with many users that a user belongs to, or has left. `version` is the membership's."""

    membership_id: uuid.UUID
    customer_id: uuid.UUID
    number: str
    customer_name: str
    user_name: str
    roles: tuple[str, ...]
    orders: int
    is_last_user: bool
    # Somebody else has to become administrator: (user, name) of those who can.
    needs_administrator: bool
    colleagues: tuple[tuple[str, str], ...]
    version: int
    # What the user may spend there, and its currency.
    limits: Limits
    currency: str
    # Of somebody who was removed there and can come back (app/customers/departures.py); `given_up_login` is "" for
    # who still has a login.
    departure_id: uuid.UUID | None = None
    given_up_login: str = ""


@dataclass(frozen=True, slots=True)
class Move:
    """What was moved, and where: `orders` is how many of them."""

    user_name: str
    from_number: str
    to_number: str
    orders: int
    customer_is_deleted: bool


_PLACES = """
    SELECT p.membership_id, c.id AS customer_id, c.number, c.customer_type, c.application, p.roles, p.version,
           p.departure_id, p.order_limit, p.budget_amount, p.budget_period,
           coalesce(nullif(c.search_name, ''), c.number) AS customer_name,
           coalesce(nullif(trim(u.first_name || ' ' || u.last_name), ''), l.login, u.login) AS user_name,
           coalesce(l.login, '') AS given_up_login,
           (SELECT count(*) FROM orders o WHERE o."user" = u.id AND o.customer = c.id) AS orders
    FROM (SELECT id AS membership_id, customer, roles, version, created_at, NULL::uuid AS departure_id,
                 order_limit, budget_amount, budget_period
          FROM memberships WHERE "user" = $1
          UNION ALL
          SELECT (d.membership ->> 'id')::uuid, d.customer,
                 ARRAY(SELECT jsonb_array_elements_text(d.membership -> 'roles'))::varchar[],
                 (d.membership ->> 'version')::int, d.removed_at, d.id,
                 (d.membership ->> 'order_limit')::bigint, (d.membership ->> 'budget_amount')::bigint,
                 d.membership ->> 'budget_period'
          FROM departures d WHERE d."user" = $1 AND d.kept_until > now() AND NOT EXISTS (
              SELECT FROM memberships m WHERE m."user" = $1 AND m.customer = d.customer)) p
    JOIN customers c ON c.id = p.customer JOIN users u ON u.id = $1
    LEFT JOIN departures l ON l."user" = $1 AND l.login <> ''
    ORDER BY p.departure_id IS NOT NULL, p.created_at, p.membership_id
"""
_COLLEAGUES = """
    SELECT m."user"::text AS id, m.roles, m.is_active AND u.is_active AS is_active,
           coalesce(nullif(trim(u.first_name || ' ' || u.last_name), ''), u.login) AS name
    FROM memberships m JOIN users u ON u.id = m."user"
    WHERE m.customer = $1 AND m.id <> $2 ORDER BY m.is_active DESC, m.created_at, m.id LIMIT 1000
"""
_BEGIN = """
    UPDATE memberships SET roles = $2, order_limit = $3, budget_amount = $4, budget_period = $5 WHERE id = $1
"""
# New customers become recurring by a sign-in after their first order, whoever placed it (domain.md 7).
_FIRST_ORDER = """
    UPDATE customers SET version = version + 1,
        first_order_at = least(first_order_at, (SELECT min(placed_at) FROM orders WHERE customer = $1))
    WHERE id = $1
"""


async def places_of(user_id: uuid.UUID) -> list[Place]:
    """The places from which a user can be moved, those that they were removed from last: an individual's user cannot
    be moved (domain.md 2), nor can a user whom nobody knows. Raises CustomerTypeMissing where the only places have
    types that are not installed."""
    found, missing = [], ""
    for row in await DB.fetch(_PLACES, user_id):
        customer_type = row.pop("customer_type")
        home = _home_of(row.pop("application"), customer_type)
        installed = installed_type(customer_type)
        if installed is None:
            missing = customer_type
        if installed is None or not installed.applies(Extension.GROUP):
            continue
        row["roles"] = tuple(row["roles"])
        row["limits"] = Limits(**{name: row.pop(name) for name in Limits.__slots__})
        row["currency"] = home.currency
        if row["departure_id"] is not None:
            # Whoever has left already is missed by nobody.
            found.append(Place(**row, is_last_user=False, needs_administrator=False, colleagues=()))
            continue
        colleagues = await DB.fetch(_COLLEAGUES, row["customer_id"], row["membership_id"])
        found.append(
            Place(
                **row,
                is_last_user=not colleagues,
                needs_administrator=bool(colleagues)
                and await is_last_administrator(row["customer_id"], user_id),
                colleagues=tuple((one["id"], one["name"]) for one in colleagues if one["is_active"]),
            )
        )
    if missing and not found:
        raise CustomerTypeMissing(missing)
    return found


async def move_user(
    user_id: uuid.UUID,
    membership_id: uuid.UUID,
    to_number: str,
    *,
    roles: Sequence[str],
    limits: Limits | None,
    version: int,
    visitor: Visitor,
    last_user: LastUser | None = None,
    administrator: uuid.UUID | None = None,
) -> Move:
    """Moves a user with their orders from one customer to another, in one transaction, and ends their sessions.

    Who was removed comes back by that, with their login; to the customer that they have left as they were there.
    `roles` are built-in ones, `limits` what the user may spend at the new customer, None where nobody said
    so; a user who is there already keeps those they have there. `administrator` is the colleague who becomes
    administrator where the last one is moved; `last_user` says what becomes of a customer without users.
    Raises Conflict when the place is not in that `version` any more, MoveRefused, and CustomerHasOrders when
    a customer that is to be deleted has orders of others.
    """
    async with DB.transaction():
        target = await DB.fetch_row("SELECT id, customer_type FROM customers WHERE number = $1", to_number)
        place = next((one for one in await places_of(user_id) if one.membership_id == membership_id), None)
        if place is None:
            raise Conflict
        _refuse_target(place, target)
        old, new = place.customer_id, uuid.UUID(str(target["id"])) if target else place.customer_id
        await lock_customers(sorted({old, new}), user_id)
        place = next((one for one in await places_of(user_id) if one.membership_id == membership_id), None)
        if place is None or place.customer_id != old or place.version != version:
            raise Conflict
        if not await DB.fetch_value("SELECT EXISTS (SELECT FROM customers WHERE id = $1)", new):
            raise MoveRefused(Obstacle.TARGET_UNKNOWN)
        may_sign_in_again = await _come_back(user_id, place)
        if new == old:
            moved = await _put_back(user_id, place, visitor)
        else:
            moved = await _move(
                user_id, place, new, to_number, roles, limits, visitor, last_user, administrator
            )
        if may_sign_in_again:
            await send_password_mail(user_id, "enabled")
        return moved


async def _come_back(user_id: uuid.UUID, place: Place) -> bool:
    """Whether the user has their login back by that: then the password mail follows (domain.md 5, trigger 2)."""
    if place.departure_id is None:
        return False
    try:
        return await come_back(user_id, place.departure_id)
    except LoginTakenMeanwhile as error:
        raise MoveRefused(Obstacle.LOGIN_TAKEN) from error


async def _put_back(user_id: uuid.UUID, place: Place, visitor: Visitor) -> Move:
    """The removal was a mistake: the user is at the customer again as before."""
    await end_sessions_of(user_id)
    await record(
        "member put back",
        visitor=visitor,
        user_id=user_id,
        customer_id=place.customer_id,
        after={"name": place.user_name},
    )
    await update_segments_of(place.customer_id)
    return Move(place.user_name, place.number, place.number, place.orders, False)


_TO_TELL = """
    SELECT u.id AS user_id, u.email, u.login, u.first_name, u.last_name, u.preferred_language, c.customer_type,
           coalesce(nullif(c.search_name, ''), c.number) AS customer_name
    FROM users u, customers c WHERE u.id = $1 AND u.is_active AND c.id = $2
"""


async def _move(
    user_id: uuid.UUID,
    place: Place,
    new: uuid.UUID,
    to_number: str,
    roles: Sequence[str],
    limits: Limits | None,
    visitor: Visitor,
    last_user: LastUser | None,
    administrator: uuid.UUID | None,
) -> Move:
    old = place.customer_id
    there: uuid.UUID | None = await DB.fetch_value(
        'SELECT id FROM memberships WHERE customer = $1 AND "user" = $2', new, user_id
    )
    if there is None and (not roles or not set(roles) <= set(BUILT_IN_ROLES)):
        raise MoveRefused(Obstacle.NO_ROLE)
    if there is None and limits is None and not place.limits.is_unlimited:
        raise MoveRefused(Obstacle.NO_LIMITS)
    if place.is_last_user and last_user is None:
        raise MoveRefused(Obstacle.LAST_USER)
    # There is always somebody who can do everything (domain.md 10).
    if place.needs_administrator and (
        administrator is None or not await appoint_administrator(old, administrator, visitor)
    ):
        raise MoveRefused(Obstacle.LAST_ADMINISTRATOR)
    values = {
        "user": user_id,
        "old": old,
        "new": new,
        "membership": place.membership_id,
        "place": there or place.membership_id,
    }
    # Before the orders: who forgets a person holds the user first too.
    await end_sessions_of(user_id)
    for statements in FOLLOWS.values():
        for statement in statements:
            await execute_named(statement, **values)
    if there is None:
        # Roles that the old customer made itself mean nothing at the new one.
        await DB.execute(_BEGIN, place.membership_id, list(roles), *_values(limits or UNLIMITED))
    begins_with = await _recorded(new, limits) if there is None and limits is not None else {}
    await DB.execute(_FIRST_ORDER, new)
    for customer_id in sorted((old, new)):
        await record(
            "user moved",
            visitor=visitor,
            user_id=user_id,
            customer_id=customer_id,
            before={"customer": place.number},
            after={"customer": to_number, "orders": str(place.orders)} | begins_with,
        )
        await update_segments_of(customer_id)
    await _tell(user_id, place, new)
    is_deleted = place.is_last_user and last_user is LastUser.DELETE
    if is_deleted:
        await delete_customer(old, visitor=visitor)
    return Move(place.user_name, place.number, to_number, place.orders, is_deleted)


def _values(limits: Limits) -> tuple[int | None, int | None, str]:
    return limits.order_limit, limits.budget_amount, limits.budget_period


async def _recorded(customer_id: uuid.UUID, limits: Limits) -> dict[str, str]:
    """Limits as the audit log keeps them: amounts with their currency."""
    row = await DB.fetch_row("SELECT application, customer_type FROM customers WHERE id = $1", customer_id)
    currency = _home_of(row["application"], row["customer_type"]).currency if row is not None else ""
    return {
        "order_limit": recorded_amount(limits.order_limit, currency),
        "budget_amount": recorded_amount(limits.budget_amount, currency),
        "budget_period": limits.budget_period,
    }


def _home_of(application: str, customer_type: str) -> Application:
    """Where a customer is at home: its currency is that of the limits."""
    return application_by_id(application) or application_for_type(customer_type) or all_applications()[0]


async def _tell(user_id: uuid.UUID, place: Place, new: uuid.UUID) -> None:
    """Mails the user, who has to sign in anew, for whom they act from now on; nobody who cannot sign in at all."""
    row = await DB.fetch_row(_TO_TELL, user_id, new)
    application = application_for_type(row["customer_type"]) if row is not None else None
    if row is None or application is None:
        return
    await queue_mail_to(
        row,
        application=application,
        kind="user_moved",
        old_customer_name=place.customer_name,
        customer_name=row["customer_name"],
        orders=place.orders,
        link=links_of(application).url("sign_in"),
    )


def _refuse_target(place: Place, target: Mapping[str, object] | None) -> None:
    if target is None:
        raise MoveRefused(Obstacle.TARGET_UNKNOWN)
    if target["id"] == place.customer_id and place.departure_id is None:
        raise MoveRefused(Obstacle.TARGET_IS_SAME)
    # An individual customer has exactly one user (domain.md 2).
    if not customer_type_of(str(target["customer_type"])).applies(Extension.GROUP):
        raise MoveRefused(Obstacle.TARGET_HAS_ONE_USER)
