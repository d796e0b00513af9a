"""Merging: what a visitor has put into the basket goes on into the user's at sign-in (domain.md 9)."""

from app.access import Account
from app.applications import Application
from app.basket.owner import BasketOwner, basket_for, hash_of_basket_token
from app.customers.types import all_customer_types
from app.segments.audience import NET, audience_of_stranger
from tables.engine import DB

# Quantities add up, but not beyond what is in stock in whole steps; what either basket had is never taken away.
_MOVE = """
    WITH v AS (DELETE FROM basket_lines WHERE basket = $1 RETURNING *)
    INSERT INTO basket_lines AS l (id, basket, product, quantity, seen_price, created_at)
    SELECT v.id, $2, v.product, v.quantity, CASE WHEN $3::boolean THEN v.seen_price END, v.created_at
    FROM v ORDER BY v.product
    ON CONFLICT (basket, product) DO UPDATE SET quantity = least(
        1000000,
        l.quantity + excluded.quantity,
        greatest(
            l.quantity,
            excluded.quantity,
            (SELECT p.stock - p.stock % p.step_quantity FROM products p WHERE p.id = excluded.product)
        )
    )
"""


async def merge_baskets(application: Application, account: Account, token: str) -> None:
    """Moves the lines of the visitor's basket into the account's, in the current transaction.

    The visitor's basket is gone afterwards. Its promotion code stays where the account's has none.
    """
    if not token or account.customer_id is None:
        return
    visitors = await DB.fetch_row(
        "SELECT id, promotion_code, gone <> '[]' AS has_lost FROM baskets"
        " WHERE application = $1 AND token_hash = $2 FOR UPDATE",
        application.id,
        hash_of_basket_token(token),
    )
    if visitors is None:
        return
    has_lines = "SELECT EXISTS (SELECT FROM basket_lines WHERE basket = $1)"
    if visitors["has_lost"] or await DB.fetch_value(has_lines, visitors["id"]):
        owner = BasketOwner(
            application_id=application.id, user_id=account.user_id, customer_id=account.customer_id
        )
        basket, _owner = await basket_for(owner)
        await DB.execute(_MOVE, visitors["id"], basket, _is_charged_alike(application, account))
        await DB.execute(
            "UPDATE baskets SET promotion_code = $2 WHERE id = $1 AND promotion_code = ''",
            basket,
            visitors["promotion_code"],
        )
        await DB.execute(
            "UPDATE baskets b SET gone = b.gone || v.gone FROM baskets v WHERE b.id = $1 AND v.id = $2",
            basket,
            visitors["id"],
        )
    await DB.execute("DELETE FROM baskets WHERE id = $1", visitors["id"])


def _is_charged_alike(application: Application, account: Account) -> bool:
    """Whether prices that the stranger saw can be compared with those of the account: both net, or both gross."""
    customer_type = all_customer_types().get(account.customer_type)
    is_net = customer_type is not None and customer_type.price_display == NET
    return is_net == audience_of_stranger(application).is_net
