"""What the link to the basket in the header says of its sum (app/tax_note.py)."""

from dataclasses import replace

from app.basket.owner import hash_of_basket_token, owner_of_token
from app.prices.tax import tax_rates
from app.visitor import Visitor
from tables.engine import DB

_TAX_CLASSES = """
    SELECT DISTINCT p.tax_class
    FROM baskets b JOIN basket_lines l ON l.basket = b.id JOIN products p ON p.id = l.product
    WHERE b.application = $1 AND {owner}
"""
_OF_USER = _TAX_CLASSES.format(owner='b."user" = $2 AND b.customer = $3')
_OF_VISITOR = _TAX_CLASSES.format(owner="b.token_hash = $2")


async def with_tax_of_sum(visitor: Visitor, token: str) -> Visitor:
    """The visitor who knows whether there is tax in the sum of the basket, where that is said: of a gross sum, to
    somebody who has chosen net prices. One query then; all others stay as they are. `token` is that of the cookie.
    """
    # The sum is asked first: most visitors have none, and how they are charged takes its time to find out.
    if visitor.basket.total is None or not visitor.audience.is_net or visitor.is_charged_net:
        return visitor
    owner = owner_of_token(visitor, token)
    rows = (
        await DB.fetch(_OF_USER, owner.application_id, owner.user_id, owner.customer_id)
        if owner.is_user
        else await DB.fetch(_OF_VISITOR, owner.application_id, hash_of_basket_token(owner.token))
    )
    rates, audience = await tax_rates(visitor.versions), visitor.audience
    percents = [rates.percent(audience.country, row["tax_class"], audience.home_country) for row in rows]
    return replace(visitor, basket=replace(visitor.basket, includes_tax=any(percents)))
