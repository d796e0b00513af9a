"""Order history: which orders a person sees (domain.md 9).

Individuals see those of their customer, which are theirs; of a company users see their own, and those with the
permission for it all of them, by buyer and time if they like.
"""

import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from app.access import Account
from app.customers.emails import canonical_email
from app.customers.permissions import Permission, visitor_may
from app.customers.types import Extension, customer_type_of
from app.orders.order import OrderMissing, StoredOrder, order_of_number
from app.visitor import Visitor
from tables.engine import DB
from tables.orders import OrderState

ON_A_PAGE = 20


class ListedOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order in a list. The total is what was paid, gross, in minor units."""

    number: str
    placed_at: datetime
    buyer_name: str
    state: OrderState
    gross_total: int
    currency: str
    pieces: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which orders of a history; `first` and `last` are days in the time zone of the
    application, both included.

    `text` is part of a number, or of the SKU or name of a product that was ordered.
    """

    page: int = 1
    buyer: uuid.UUID | None = None
    first: date | None = None
    last: date | None = None
    state: OrderState | None = None
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """A page of a history. `claimable` is how many guest orders there are with the person's own e-mail; `buyers`
    are (id, name) of the people whose orders can be picked out, nothing where there is nothing to pick."""

    orders: tuple[ListedOrder, ...]
    page: int
    pages: int
    claimable: int
    buyers: tuple[tuple[str, str], ...] = ()


_WHERE = """
    o.customer = $1 AND ($2::uuid IS NULL OR o."user" = $2)
    AND ($3::timestamptz IS NULL OR o.placed_at >= $3) AND ($4::timestamptz IS NULL OR o.placed_at < $4)
    AND ($9::text IS NULL OR o.state = $9)
"""
_WITH_TEXT = f"""{_WHERE}
    AND (strpos(lower(o.number), lower($10)) > 0 OR EXISTS (
        SELECT FROM order_lines w WHERE w."order" = o.id
            AND (strpos(lower(w.sku), lower($10)) > 0 OR strpos(lower(w.name), lower($10)) > 0)))
"""
# One query for the page, how many there are, what could be claimed, and who has ordered ($8: if it is asked).
_PAGE_OF = f"""
    SELECT (SELECT count(*) FROM orders o WHERE {{where}}) AS found,
           (SELECT count(*) FROM orders g WHERE g.email_canonical = $5 AND g.customer IS NULL
                AND g."user" IS NULL AND g.application = $6) AS claimable,
           (SELECT coalesce(json_agg(l), '[]')::text FROM (
                SELECT o.number, o.placed_at, o.buyer_name, o.state, o.gross_total, o.currency,
                       (SELECT coalesce(sum(quantity), 0) FROM order_lines l WHERE l."order" = o.id) AS pieces
                FROM orders o WHERE {{where}}
                ORDER BY o.placed_at DESC, o.id DESC LIMIT {ON_A_PAGE} OFFSET $7
           ) AS l) AS orders,
           CASE WHEN $8::boolean THEN (SELECT coalesce(json_agg(json_build_array(b.id, b.name)), '[]')::text FROM (
                SELECT u.id, coalesce(nullif(trim(u.first_name || ' ' || u.last_name), ''), u.login) AS name
                FROM users u JOIN memberships m ON m."user" = u.id WHERE m.customer = $1
                ORDER BY u.last_name, u.first_name, u.id LIMIT 200
           ) AS b) END AS buyers
"""
_PAGE = _PAGE_OF.format(where=_WHERE)
_FOUND = _PAGE_OF.format(where=_WITH_TEXT)


_orders = msgspec.json.Decoder(tuple[ListedOrder, ...])
_buyers = msgspec.json.Decoder(tuple[tuple[str, str], ...])


def sees_all_orders(visitor: Visitor) -> bool:
    """Whether the person sees what others have ordered for the customer too."""
    return visitor_may(visitor, Permission.SEE_ALL_ORDERS)


async def history_of(visitor: Visitor, wanted: Wanted, *, with_buyers: bool = False) -> History:
    """A page of the orders that the person sees, newest first: one query, however long the history."""
    account = _account(visitor)
    sees_all = sees_all_orders(visitor)
    user = wanted.buyer if sees_all else account.user_id
    page, zone = max(wanted.page, 1), ZoneInfo(visitor.application.time_zone)
    (row,) = await DB.fetch(
        _FOUND if wanted.text else _PAGE,
        account.customer_id,
        user,
        _begin_of(wanted.first, zone) if wanted.first is not None else None,
        _begin_of(wanted.last, zone, days=1) if wanted.last is not None else None,
        canonical_email(account.email),
        visitor.application.id,
        (page - 1) * ON_A_PAGE,
        with_buyers and sees_all and customer_type_of(account.customer_type).applies(Extension.GROUP),
        wanted.state.value if wanted.state is not None else None,
        *((wanted.text,) if wanted.text else ()),
    )
    return History(
        orders=_orders.decode(row["orders"]),
        page=page,
        pages=-(-row["found"] // ON_A_PAGE),
        claimable=row["claimable"],
        buyers=_buyers.decode(row["buyers"]) if row["buyers"] is not None else (),
    )


async def order_seen_by(visitor: Visitor, number: str) -> StoredOrder:
    """The order if the person may see it. Raises OrderMissing, for a foreign one just as for none."""
    account = _account(visitor)
    order = await order_of_number(number)
    is_own = order.user == account.user_id or sees_all_orders(visitor)
    if account.customer_id is None or order.customer != account.customer_id or not is_own:
        raise OrderMissing(number)
    return order


def _begin_of(day: date, zone: ZoneInfo, days: int = 0) -> datetime:
    """Midnight of the day, or of some days later. There are no orders beyond the years that calendars reckon in."""
    day = min(max(day, date(1900, 1, 1)), date(9000, 1, 1)) + timedelta(days=days)
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def _account(visitor: Visitor) -> Account:
    if visitor.account is None or not visitor.is_signed_in:
        raise OrderMissing
    return visitor.account
