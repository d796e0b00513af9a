"""Why a price is what it is, for staff: all candidates for a product, a customer and a quantity (domain.md 8)."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from litestar import get
from litestar.params import FromQuery

from app.access import staff
from app.applications import Application, application_for_type
from app.back_office.branch import numbers_seen
from app.catalog.products import canonical_sku
from app.contracts.contract import ContractState, contracts_of_customer
from app.forms import Form, Text, asked_for, blank
from app.languages import gettext as _
from app.pages import Page, storefronts
from app.prices.price import Explanation, all_offers_for, explain
from app.segments.audience import (
    Audience,
    RecognisedCustomer,
    audience_of_customer,
    audience_of_stranger,
    with_group_of_organisation,
)
from app.segments.customer_groups import customer_groups, group_given_to
from app.segments.segmentation_services import services_of
from app.visitor import CurrentVisitor
from tables.engine import DB

LARGEST_QUANTITY = 1_000_000


class QuestionForm(Form):
    """What is asked."""

    sku: Annotated[str, Text(max_length=60, required=False)]
    customer: Annotated[str, Text(max_length=60, required=False)]
    quantity: Annotated[str, Text(max_length=10, required=False)]


@dataclass(frozen=True, slots=True)
class AskedProduct:
    """A product as prices know it."""

    id: UUID
    sku: str
    tax_class: str


@get("/prices", name="why_price", guards=[staff("prices")])
async def why_price(
    visitor: CurrentVisitor,
    sku: FromQuery[str] = "",
    customer: FromQuery[str] = "",
    quantity: FromQuery[str] = "",
) -> Page:
    """Every price that was weighed for a product, and why each won or lost."""
    sku, customer = asked_for(sku, 60), asked_for(customer, 60)
    pieces = int(quantity) if quantity.isdecimal() and 1 <= len(quantity) <= 7 else 1
    pieces = min(max(pieces, 1), LARGEST_QUANTITY)
    product = await product_to_explain(sku) if sku else None
    # Who is limited to a branch asks for its customers only.
    is_seen = not customer or bool(await numbers_seen(visitor, [customer]))
    audience = await audience_to_explain(customer) if is_seen else None
    problem = ""
    explanation = None
    if sku and product is None:
        problem = _("There is no product %(sku)s.", sku=sku)
    elif audience is None:
        problem = _("There is no customer %(number)s.", number=customer)
    elif product is not None:
        explanation = await explanation_for_staff(product, pieces, audience, visitor.versions)
    return Page(
        "back_office/why_price.html",
        search=blank(QuestionForm, sku=sku, customer=customer, quantity=str(pieces)),
        problem=problem,
        product=product,
        explanation=explanation,
    )


async def product_to_explain(sku: str) -> AskedProduct | None:
    """The product of an SKU, also a hidden or withdrawn one."""
    row = await DB.fetch_row(
        "SELECT id, sku, tax_class FROM products WHERE sku_canonical = $1", canonical_sku(sku)
    )
    return AskedProduct(**row) if row is not None else None


async def audience_to_explain(customer_number: str) -> Audience | None:
    """The audience of a customer in its shop, or without a number of a stranger in the first one; None where
    there is no such customer."""
    if not customer_number:
        return audience_of_stranger(storefronts()[0])
    row = await DB.fetch_row(
        "SELECT c.id, c.customer_type, c.recurring_since IS NOT NULL AS is_recurring,"
        " (SELECT a.country FROM addresses a WHERE a.customer = c.id AND a.membership IS NULL"
        "  AND a.is_preferred_shipping) AS country, o.path"
        " FROM customers c LEFT JOIN organisations o ON o.id = c.organisation WHERE c.number = $1",
        customer_number,
    )
    if row is None:
        return None
    shop = application_for_type(row["customer_type"]) or storefronts()[0]
    groups = [key for key, _name in await customer_groups()]
    valid = [one.id for one in await contracts_of_customer(row["id"]) if one.state is ContractState.VALID]
    return audience_of_customer(
        shop,
        RecognisedCustomer(
            customer_id=row["id"],
            customer_type=row["customer_type"],
            is_recurring=row["is_recurring"],
            custom_segments=with_group_of_organisation(
                await _custom_segments(row["id"], shop), await group_given_to(row["id"]), groups
            ),
            country=row["country"] or "",
            # Named by its id, since a list may be aimed at this very customer.
            is_target=True,
            organisations=frozenset(row["path"] or ()),
            contracts=frozenset(valid),
        ),
    )


async def explanation_for_staff(
    product: AskedProduct, quantity: int, audience: Audience, versions: dict[str, int]
) -> Explanation:
    """The price at this moment with all candidates, those of other target groups included."""
    offers = await all_offers_for([product.id], audience, versions)
    return explain(product, quantity, offers, audience, datetime.now(UTC))


async def _custom_segments(customer_id: UUID, shop: Application) -> frozenset[str]:
    active = [one.service.id for one in await services_of(shop) if one.is_active]
    rows = await DB.fetch(
        "SELECT DISTINCT segment FROM segment_members WHERE customer = $1 AND service = ANY($2)"
        " AND (expires_at IS NULL OR expires_at > now())",
        customer_id,
        active,
    )
    return frozenset(row["segment"] for row in rows)


routes = [why_price]
