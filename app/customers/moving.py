"""Moving a user to another customer: the orders follow (domain.md 2, 9, 10).

What is the user's own goes along: orders, requisitions, baskets, personal addresses, order templates that are not
shared. What is the company's stays. FOLLOWS and STAYS name every column of the database that points to a customer,
a user or a membership; a test fails for one that is in neither.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.applications import application_for_type
from app.audit import record
from app.customers.deleting import delete_customer
from app.customers.joining_rows import execute_named, lock_customers
from app.customers.permissions import ACCOUNT_ADMINISTRATOR, BUILT_IN_ROLE_NAMES, BUILT_IN_ROLES
from app.customers.types import Extension, customer_type_of
from app.errors import Conflict
from app.links import links_of
from app.mail.people import queue_mail_to
from app.segments.segmentation_services import update_segments_of
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
    LAST_USER = "last_user"
    LAST_ADMINISTRATOR = "last_administrator"


class MoveRefused(Exception):
    """Something stands against the move, or has to be answered first; nothing has changed."""

    def __init__(self, obstacle: Obstacle) -> None:
        super().__init__(obstacle)
        self.obstacle = obstacle


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A customer with many users that a user belongs to. `version` is the membership's."""

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


@dataclass(frozen=True, slots=True)
class Move:
    """What was moved, and where: `orders` is how many of them."""

    user_name: str
    from_number: str
    to_number: str
    orders: int
    customer_is_deleted: bool


# By column, in the order in which they run. :place is the membership at the new customer; it is the same one
# unless the user was there already.
FOLLOWS: Mapping[str, Sequence[str]] = {
    "orders.customer": (
        'UPDATE orders SET customer = :new, version = version + 1 WHERE "user" = :user AND customer = :old',
        # Limits for each customer go on to count what the customer's orders have used.
        """UPDATE promotion_uses SET used_by = :new::text WHERE used_by = :old::text
           AND order_number IN (SELECT number FROM orders WHERE "user" = :user AND customer = :new)""",
    ),
    "requisitions.customer": (
        # Nobody at the new customer was asked, and the old one is not to pay.
        """UPDATE requisitions SET state = 'withdrawn', decided_at = now(), version = version + 1
           WHERE "user" = :user AND customer = :old AND state = 'pending'""",
        'UPDATE requisitions SET customer = :new WHERE "user" = :user AND customer = :old',
    ),
    "requisitions.membership": (
        "UPDATE requisitions SET membership = :place WHERE membership = :membership",
    ),
    "baskets.customer": (
        """DELETE FROM baskets b WHERE b."user" = :user AND b.customer = :old AND EXISTS (
               SELECT FROM baskets o WHERE o."user" = :user AND o.customer = :new
                                       AND o.application = b.application)""",
        # The addresses that the checkout has asked for are those of the old customer.
        """UPDATE baskets SET customer = :new, checkout = '{}' WHERE "user" = :user AND customer = :old""",
    ),
    "order_templates.customer": (
        """UPDATE order_templates SET customer = :new
           WHERE "user" = :user AND customer = :old AND NOT is_shared""",
        'UPDATE order_templates SET "user" = NULL WHERE "user" = :user AND customer = :old AND is_shared',
    ),
    "addresses.customer": (
        "UPDATE addresses SET customer = :new, membership = :place WHERE membership = :membership",
    ),
    "personal_data_requests.customer": (
        'UPDATE personal_data_requests SET customer = :new WHERE "user" = :user AND customer = :old',
    ),
    "link_tokens.customer": (
        """UPDATE link_tokens SET revoked_at = coalesce(revoked_at, now())
           WHERE "user" = :user AND customer = :old""",
    ),
    "join_requests.customer": (
        # Whoever asked to join the new customer is there now.
        """UPDATE join_requests SET state = 'accepted', decided_at = now()
           WHERE "user" = :user AND customer = :new AND state = 'pending'""",
    ),
    "memberships.stand_in": (
        """UPDATE memberships SET stand_in = NULL, stand_in_from = NULL, stand_in_until = NULL
           WHERE stand_in = :membership""",
    ),
    # An invitation whose inviter has left does not work any more.
    "invitations.invited_by": (
        "UPDATE invitations SET invited_by = NULL WHERE invited_by = :membership AND customer = :old",
    ),
    "user_imports.started_by": (
        "UPDATE user_imports SET started_by = NULL WHERE started_by = :membership AND customer = :old",
    ),
    "memberships.customer": (
        "DELETE FROM memberships WHERE id = :membership AND id <> :place",
        # What the old customer called the person's work, and who stands in, ends with it.
        """UPDATE memberships SET customer = :new, department = '', position = '', business_partner_number = '',
               stand_in = NULL, stand_in_from = NULL, stand_in_until = NULL, version = version + 1
           WHERE id = :membership AND id = :place""",
    ),
    "sessions.membership": (),  # end_sessions_of: what the person may do changes
}
_OF_PERSON = "the person's own, whichever customer they act for"
_OF_COMPANY = "the company's, which the user leaves"
_WHO_DID = "who did something, which stays so"
_FOLLOWS_CUSTOMER = "the row goes along by its customer or membership"
STAYS: Mapping[str, str] = {
    "account_managers.customer": _OF_COMPANY,
    "addresses.membership": _FOLLOWS_CUSTOMER,
    "approval_requests.customer": _OF_COMPANY,
    "approval_requests.decided_by": _WHO_DID,
    "baskets.user": _FOLLOWS_CUSTOMER,
    "companies.customer": _OF_COMPANY,
    "company_roles.customer": _OF_COMPANY,
    "consents.user": _OF_PERSON,
    "contracts.customer": _OF_COMPANY,
    "customer_merges.kept": _OF_COMPANY,
    "invitations.customer": _OF_COMPANY,
    "join_requests.decided_by": _WHO_DID,
    "join_requests.user": _FOLLOWS_CUSTOMER,
    "known_devices.user": _OF_PERSON,
    "link_tokens.user": _OF_PERSON,
    "listed_members.membership": "the database keeps it as memberships and users are",
    "memberships.user": _FOLLOWS_CUSTOMER,
    "order_templates.user": _FOLLOWS_CUSTOMER,
    "orders.user": _FOLLOWS_CUSTOMER,
    "passkey_challenges.user": _OF_PERSON,
    "passkeys.user": _OF_PERSON,
    "personal_data_requests.user": _FOLLOWS_CUSTOMER,
    "recovery_codes.user": _OF_PERSON,
    "requisitions.decided_by": _WHO_DID,
    "requisitions.user": _FOLLOWS_CUSTOMER,
    "second_factors.user": _OF_PERSON,
    "segment_members.customer": "segments are the customer's: the user has those of the new one at once",
    "sessions.user": _OF_PERSON,
    "sign_in_attempts.user": _OF_PERSON,
    "sign_in_codes.user": _OF_PERSON,
    "staff_members.user": _OF_PERSON,
    "targets.customer": _OF_COMPANY,
    "user_imports.customer": _OF_COMPANY,
}

_PLACES = """
    SELECT m.id AS membership_id, c.id AS customer_id, c.number, c.customer_type, m.roles, m.version,
           coalesce(nullif(c.search_name, ''), c.number) AS customer_name,
           coalesce(nullif(trim(u.first_name || ' ' || u.last_name), ''), u.login) AS user_name,
           (SELECT count(*) FROM orders o WHERE o."user" = u.id AND o.customer = c.id) AS orders
    FROM memberships m JOIN customers c ON c.id = m.customer JOIN users u ON u.id = m."user"
    WHERE m."user" = $1 ORDER BY m.created_at, m.id
"""
_COLLEAGUES = """
    SELECT m."user"::text AS id, m.roles, m.is_active AND u.is_active AS is_active,
           coalesce(nullif(trim(u.first_name || ' ' || u.last_name), ''), u.login) AS name
    FROM memberships m JOIN users u ON u.id = m."user"
    WHERE m.customer = $1 AND m.id <> $2 ORDER BY m.is_active DESC, m.created_at, m.id LIMIT 1000
"""
_HAS_ADMINISTRATOR = """
    SELECT EXISTS (SELECT FROM memberships m JOIN users u ON u.id = m."user"
                   WHERE m.customer = $1 AND m.id <> $2 AND m.is_active AND u.is_active AND $3 = ANY(m.roles))
"""
_APPOINT = """
    UPDATE memberships m SET roles = array_append(m.roles, $3), version = m.version + 1 FROM users u
    WHERE m.customer = $1 AND m."user" = $2 AND u.id = m."user" AND m.is_active AND u.is_active
"""
# New customers become recurring by a sign-in after their first order, whoever placed it (domain.md 7).
_FIRST_ORDER = """
    UPDATE customers SET version = version + 1,
        first_order_at = least(first_order_at, (SELECT min(placed_at) FROM orders WHERE customer = $1))
    WHERE id = $1
"""


async def places_of(user_id: uuid.UUID) -> list[Place]:
    """The places from which a user can be moved: an individual's user cannot (domain.md 2), nor can a user whom
    nobody knows."""
    found = []
    for row in await DB.fetch(_PLACES, user_id):
        if not customer_type_of(row.pop("customer_type")).applies(Extension.GROUP):
            continue
        row["roles"] = tuple(row["roles"])
        colleagues = await DB.fetch(_COLLEAGUES, row["customer_id"], row["membership_id"])
        lacks = not await _has_administrator(row["customer_id"], without=row["membership_id"])
        found.append(
            Place(
                **row,
                is_last_user=not colleagues,
                needs_administrator=ACCOUNT_ADMINISTRATOR in row["roles"] and bool(colleagues) and lacks,
                colleagues=tuple((one["id"], one["name"]) for one in colleagues if one["is_active"]),
            )
        )
    return found


async def move_user(
    user_id: uuid.UUID,
    membership_id: uuid.UUID,
    to_number: str,
    *,
    roles: Sequence[str],
    version: int,
    visitor: Visitor,
    last_user: LastUser | None = None,
    administrator: uuid.UUID | None = None,
) -> Move:
    """Moves a user with their orders from one customer to another, in one transaction, and ends their sessions.

    `roles` are built-in ones; a user who is there already keeps those they have there. `administrator` is the
    colleague who becomes administrator where the last one is moved; `last_user` says what becomes of a customer
    without users. Raises Conflict when the place is not in that `version` any more, MoveRefused, and
    CustomerHasOrders when a customer that is to be deleted has orders of others.
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
        return await _move(user_id, place, new, to_number, roles, visitor, last_user, administrator)


_TO_TELL = """
    SELECT u.email, u.login, u.first_name, u.last_name, u.preferred_language, c.customer_type,
           coalesce(nullif(c.search_name, ''), c.number) AS customer_name
    FROM users u, customers c WHERE u.id = $1 AND u.is_active AND c.id = $2
"""


async def _move(
    user_id: uuid.UUID,
    place: Place,
    new: uuid.UUID,
    to_number: str,
    roles: Sequence[str],
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
    if place.is_last_user and last_user is None:
        raise MoveRefused(Obstacle.LAST_USER)
    if place.needs_administrator:
        await _appoint(old, administrator, visitor)
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
        await DB.execute("UPDATE memberships SET roles = $2 WHERE id = $1", place.membership_id, list(roles))
    await DB.execute(_FIRST_ORDER, new)
    for customer_id in sorted((old, new)):
        await record(
            "user moved",
            visitor=visitor,
            user_id=user_id,
            customer_id=customer_id,
            before={"customer": place.number},
            after={"customer": to_number, "orders": str(place.orders)},
        )
        await update_segments_of(customer_id)
    await _tell(user_id, place, new)
    is_deleted = place.is_last_user and last_user is LastUser.DELETE
    if is_deleted:
        await delete_customer(old, visitor=visitor)
    return Move(place.user_name, place.number, to_number, place.orders, is_deleted)


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
    if target["id"] == place.customer_id:
        raise MoveRefused(Obstacle.TARGET_IS_SAME)
    # An individual customer has exactly one user (domain.md 2).
    if not customer_type_of(str(target["customer_type"])).applies(Extension.GROUP):
        raise MoveRefused(Obstacle.TARGET_HAS_ONE_USER)


async def _appoint(customer_id: uuid.UUID, user_id: uuid.UUID | None, visitor: Visitor) -> None:
    """There is always an active administrator (domain.md 10): the colleague who is named becomes one."""
    if user_id is None or not await DB.execute(_APPOINT, customer_id, user_id, ACCOUNT_ADMINISTRATOR):
        raise MoveRefused(Obstacle.LAST_ADMINISTRATOR)
    await record(
        "member roles changed",
        visitor=visitor,
        user_id=user_id,
        customer_id=customer_id,
        after={"roles": [BUILT_IN_ROLE_NAMES[ACCOUNT_ADMINISTRATOR]]},
    )


async def _has_administrator(customer_id: uuid.UUID, *, without: uuid.UUID) -> bool:
    found: bool = await DB.fetch_value(_HAS_ADMINISTRATOR, customer_id, without, ACCOUNT_ADMINISTRATOR)
    return found
