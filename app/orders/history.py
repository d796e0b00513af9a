"""Order history: which orders a person sees (domain.md 9).

Individuals see those of their customer, which are theirs; of a company users see their own, and those with the
permission for it all of them, by buyer and time if they like.
"""

import uuid
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from app.access import Account
from app.counting import counted_rows
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
    is_withdrawn: bool
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
    # Whether there are pages beyond: a long history is not counted to the end.
    has_more: bool
    claimable: int
    buyers: tuple[tuple[str, str], ...] = ()


# The order is that of the index orders_of_customer. Only constants of this module and whole numbers are put in.
_FOUND = """
    SELECT (SELECT count(*) FROM (SELECT FROM {rows} LIMIT {at_most}) AS c) AS found,
           (SELECT count(*) FROM orders g WHERE g.email_canonical = $2 AND g.customer IS NULL
                AND g."user" IS NULL AND g.application = $3) AS claimable,
           (SELECT coalesce(json_agg(l), '[]')::text FROM (
                SELECT o.number, o.placed_at, o.buyer_name, o.state, o.gross_total, o.currency,
                       o.withdrawn_at IS NOT NULL AS is_withdrawn,
                       (SELECT coalesce(sum(quantity), 0) FROM order_lines l WHERE l."order" = o.id) AS pieces
                FROM {page}
           ) AS l) AS orders,
           {buyers} AS buyers
"""
_PAGE = "{rows} ORDER BY o.placed_at DESC, o.id LIMIT {on_a_page} OFFSET {offset}"
# Of many orders that a word finds only those of the page are looked at.
_PAGE_WITH_TEXT = """(
        SELECT s."order", s.placed_at FROM {rows}
        ORDER BY s.placed_at DESC, s."order" LIMIT {on_a_page} OFFSET {offset}
    ) AS f JOIN orders o ON o.id = f."order" ORDER BY f.placed_at DESC, f."order"
"""
# Everybody where a company has so many users that one finds somebody in a list, else who has ordered last.
_MOST_BUYERS = 200
_BUYERS = f"""
    (SELECT coalesce(json_agg(json_build_array(b.id, b.name)), '[]')::text FROM (
        SELECT u.id, coalesce(nullif(trim(u.first_name || ' ' || u.last_name), ''), u.login) AS name
        FROM users u WHERE u.id = ANY(
            CASE WHEN (SELECT count(*) FROM (SELECT FROM memberships m WHERE m.customer = $1
                                             LIMIT {_MOST_BUYERS + 1}) AS c) <= {_MOST_BUYERS}
            THEN ARRAY(SELECT m."user" FROM memberships m WHERE m.customer = $1)
            ELSE ARRAY(SELECT m."user" FROM memberships m WHERE m.customer = $1 AND m."user" = $4
                       UNION SELECT o."user" FROM (SELECT o."user" FROM orders o WHERE o.customer = $1
                                                   ORDER BY o.placed_at DESC, o.id LIMIT {ON_A_PAGE}) AS o
                       JOIN memberships m ON m."user" = o."user" AND m.customer = $1)
            END)
        ORDER BY u.last_name, u.first_name, u.id
    ) AS b)
"""
# The database keeps searched_orders by a trigger: in lower case the number, and SKU and name of each line. Of three
# letters and more an index finds them.
_HAS_PIECES = "pieces_of_company(s.customer, s.searched) @> pieces_of_company($1, lower({text}))"
_HAS_TEXT = "strpos(s.searched, (SELECT lower({text}))) > 0"


_orders = msgspec.json.Decoder(tuple[ListedOrder, ...])
_buyers = msgspec.json.Decoder(tuple[tuple[str, str], ...])


def sees_all_orders(visitor: Visitor) -> bool:
    """Whether the person sees what others have ordered for the customer too."""
    return visitor_may(visitor, Permission.SEE_ALL_ORDERS)


async def history_of(visitor: Visitor, wanted: Wanted, *, with_buyers: bool = False) -> History:
    """A page of the orders that the person sees, newest first: one query, however long the history."""
    account = _account(visitor)
    sees_all = sees_all_orders(visitor)
    with_buyers = (
        with_buyers and sees_all and customer_type_of(account.customer_type).applies(Extension.GROUP)
    )
    values: list[object] = [account.customer_id, canonical_email(account.email), visitor.application.id]
    if with_buyers:
        values.append(wanted.buyer)
    rows = _rows(visitor, replace(wanted, buyer=wanted.buyer if sees_all else account.user_id), values)
    page = max(wanted.page, 1)
    at_most = counted_rows(page, ON_A_PAGE)
    statement = _FOUND.format(
        rows=rows,
        at_most=at_most,
        page=(_PAGE_WITH_TEXT if wanted.text else _PAGE).format(
            rows=rows, on_a_page=ON_A_PAGE, offset=(page - 1) * ON_A_PAGE
        ),
        buyers=_BUYERS if with_buyers else "NULL::text",
    )
    (row,) = await DB.fetch(statement, *values)
    return History(
        orders=_orders.decode(row["orders"]),
        page=page,
        pages=-(-row["found"] // ON_A_PAGE),
        has_more=row["found"] == at_most,
        claimable=row["claimable"],
        buyers=_buyers.decode(row["buyers"]) if row["buyers"] is not None else (),
    )


def _rows(visitor: Visitor, wanted: Wanted, values: list[object]) -> str:
    """The tables and the condition for what is wanted, whose values it appends. What is not asked is not there, so
    that the server finds each kind of list by the index that is made for it."""
    zone = ZoneInfo(visitor.application.time_zone)

    def parameter(value: object) -> str:
        values.append(value)
        return f"${len(values)}"

    conditions: list[str] = []
    if wanted.buyer is not None:
        conditions.append(f'o."user" = {parameter(wanted.buyer)}')
    if wanted.state is not None:
        conditions.append(f"o.state = {parameter(wanted.state.value)}")
    if wanted.first is not None:
        conditions.append(f"o.placed_at >= {parameter(_begin_of(wanted.first, zone))}")
    if wanted.last is not None:
        conditions.append(f"o.placed_at < {parameter(_begin_of(wanted.last, zone, days=1))}")
    if not wanted.text:
        return "orders o WHERE " + " AND ".join(["o.customer = $1", *conditions])
    text = f"{parameter(wanted.text)}::text"
    tables = 'searched_orders s JOIN orders o ON o.id = s."order"' if conditions else "searched_orders s"
    conditions = ["s.customer = $1", _HAS_TEXT.format(text=text), *conditions]
    if len(wanted.text) > 2:
        conditions.append(_HAS_PIECES.format(text=text))
    return f"{tables} WHERE {' AND '.join(conditions)}"


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
