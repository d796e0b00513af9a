"""The order history of the demo companies: all 830 orders of the Northwind sample data.

The sample data end in May 1998. All days are moved by the same number of whole weeks, so that the newest order is
less than a week old and weekdays stay: a shop whose last order is decades old would look closed. They give days
only, so that orders are placed at noon UTC, which is the same day wherever somebody looks at them from Europe.

Freight is the price of the delivery; a discount is taken off its line. Both are net, as companies reckon. The tax
is that of the country an order went to, and all totals come from `app.prices.totals`, as those of real orders do.
"""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache

import msgspec

from app.applications import Application
from app.basket.reckoning import TAX_CLASS_OF_SHIPPING
from app.customers.addresses import AddressDetails
from app.customers.emails import canonical_email
from app.demo.northwind import COUNTRIES, NorthwindCompany, companies, lines_of
from app.demo.products import NorthwindProduct, product_ids, products
from app.money import rounded
from app.prices.tax import TaxRates, tax_rates
from app.prices.totals import Shipping, SoldLine, Totals, totals
from app.segments.segmentation_services import update_segments_of
from app.versions import Subject, version_of
from tables.engine import DB
from tables.keys import new_key
from tables.orders import OrderState

# The shippers of the sample data, and the shipping method of the demo that each of them stands for.
EXPRESS = "Speedy Express"
WEEK = timedelta(weeks=1)
NOON = timedelta(hours=12)


@dataclass(frozen=True, slots=True, kw_only=True)
class NorthwindLine:
    """A line of an order: net cents for a piece, and the part of 1 that is off the line."""

    product: int
    price: int
    quantity: int
    discount: Decimal

    @property
    def off(self) -> int:
        """Net cents off the whole line."""
        return rounded(self.price * self.quantity * self.discount)


@dataclass(frozen=True, slots=True, kw_only=True)
class NorthwindOrder:
    """An order of the sample data, on its day there. `freight` is net, in cents."""

    number: str
    company: str
    day: datetime
    # From its day to that of shipping; none while it was not shipped.
    until_shipped: timedelta | None
    shipper: str
    freight: int
    ship_name: str
    ship_to: AddressDetails
    lines: tuple[NorthwindLine, ...]


@cache
def orders() -> tuple[NorthwindOrder, ...]:
    """All orders, in the order of their numbers. Raises ValueError for a file that is not as expected."""
    lines: dict[str, list[NorthwindLine]] = {}
    for number, product, price, quantity, discount in lines_of("order-details.csv"):
        lines.setdefault(number, []).append(
            NorthwindLine(
                product=int(product),
                price=_cents(price),
                quantity=int(quantity),
                discount=Decimal(discount),
            )
        )
    shippers = {number: name for number, name, _phone in lines_of("shippers.csv")}
    # The address is the tenth field, the only one that holds commas.
    return tuple(_order(fields, lines, shippers) for fields in lines_of("orders.csv", address=9))


def _order(
    fields: list[str], lines: Mapping[str, list[NorthwindLine]], shippers: Mapping[str, str]
) -> NorthwindOrder:
    number, company, _employee, ordered, _required, shipped, via, freight, *ship_to = fields
    name, street, city, region, postal_code, country = ship_to
    return NorthwindOrder(
        number=number,
        company=company,
        day=_day(ordered),
        until_shipped=_day(shipped) - _day(ordered) if shipped else None,
        shipper=shippers[via],
        freight=_cents(freight),
        ship_name=name,
        ship_to=AddressDetails(
            company_name=name,
            street=street,
            postal_code=postal_code,
            city=city,
            region=region,
            country=COUNTRIES[country],
        ),
        lines=tuple(lines[number]),
    )


def _day(written: str) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=UTC)


def _cents(amount: str) -> int:
    return int(Decimal(amount) * 100)


async def add_orders(application: Application, now: datetime) -> int:
    """Adds the orders that are missing, in the current transaction; how many those were.

    Only those of companies of the demo that are there, with the contact who placed them. Companies that have
    ordered are recurring customers from now on.
    """
    taken = {row["number"] for row in await DB.fetch("SELECT number FROM orders")}
    buyers = await _buyers()
    missing = [one for one in orders() if one.number not in taken and one.company in buyers]
    if not missing:
        return 0
    writing = _Writing(
        application,
        now,
        buyers,
        {one.number: one for one in companies()},
        {one.number: one for one in products()},
        await product_ids(),
        await tax_rates(await version_of(Subject.TAXES)),
    )
    of_orders, of_lines = writing.rows(missing)
    async with DB.connection() as connection:
        for table, rows in (("orders", of_orders), ("order_lines", of_lines)):
            # Thousands of rows: COPY takes a tenth of a second, statements would take many.
            await connection.copy_records_to_table(
                table, columns=list(rows[0]), records=[tuple(row.values()) for row in rows]
            )
    await _make_recurring({buyers[one.company][0] for one in missing})
    return len(missing)


async def _buyers() -> dict[str, tuple[uuid.UUID, uuid.UUID]]:
    """Customer and contact of the companies of the demo that are there, by the company's number."""
    contacts = {one.number: canonical_email(one.email) for one in companies()}
    rows = await DB.fetch(
        "SELECT n.number, c.id AS customer, u.id AS contact"
        " FROM unnest($1::text[], $2::text[]) AS n (number, login) JOIN customers c ON c.number = n.number"
        " JOIN users u ON u.login_canonical = n.login"
        ' WHERE EXISTS (SELECT FROM memberships m WHERE m.customer = c.id AND m."user" = u.id)',
        list(contacts),
        list(contacts.values()),
    )
    return {row["number"]: (row["customer"], row["contact"]) for row in rows}


async def _make_recurring(customers: set[uuid.UUID]) -> None:
    # They have come back since their first order, or they would not have placed the others (domain.md 7).
    await DB.execute(
        "UPDATE customers c SET recurring_since = coalesce(recurring_since, now()),"
        " first_order_at = (SELECT min(placed_at) FROM orders o WHERE o.customer = c.id)"
        " WHERE c.id = ANY($1::uuid[])",
        list(customers),
    )
    for customer in sorted(customers):
        await update_segments_of(customer)


@dataclass(frozen=True, slots=True)
class _Writing:
    """Makes the rows of orders: what each of them needs to know."""

    application: Application
    now: datetime
    buyers: Mapping[str, tuple[uuid.UUID, uuid.UUID]]
    companies: Mapping[str, NorthwindCompany]
    products: Mapping[int, NorthwindProduct]
    product_ids: Mapping[str, uuid.UUID]
    tax_rates: TaxRates

    def rows(self, missing: list[NorthwindOrder]) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
        """Columns by name: of the orders, and of their lines."""
        newest = max(one.day for one in orders()) + NOON
        moved = NOON + WEEK * ((self.now - newest) // WEEK)
        of_orders: list[dict[str, object]] = []
        of_lines: list[dict[str, object]] = []
        for one in missing:
            key = new_key()
            reckoned = self._totals(one)
            of_orders.append(self._order(key, one, reckoned, one.day + moved))
            of_lines += self._lines(key, one, reckoned)
        return of_orders, of_lines

    def _percent(self, order: NorthwindOrder, tax_class: str) -> Decimal:
        return self.tax_rates.percent(order.ship_to.country, tax_class, self.application.default_country)

    def _totals(self, order: NorthwindOrder) -> Totals:
        return totals(
            [
                SoldLine(
                    unit=line.price,
                    quantity=line.quantity,
                    discount=line.off,
                    tax_percent=self._percent(order, self.products[line.product].tax_class),
                )
                for line in order.lines
            ],
            charged_net=True,
            shipping=Shipping(amount=order.freight, tax_percent=self._percent(order, TAX_CLASS_OF_SHIPPING)),
        )

    def _order(
        self, key: uuid.UUID, order: NorthwindOrder, reckoned: Totals, placed_at: datetime
    ) -> dict[str, object]:
        company, (customer, contact) = self.companies[order.company], self.buyers[order.company]
        person = {"first_name": company.first_name, "last_name": company.last_name}
        billing = AddressDetails(
            company_name=company.company_name,
            street=company.street,
            postal_code=company.postal_code,
            city=company.city,
            region=company.region,
            country=company.country,
            phone=company.phone,
            **person,
        )
        return {
            "id": key,
            "number": order.number,
            "application": self.application.id,
            "customer": customer,
            "user": contact,
            "buyer_name": f"{company.first_name} {company.last_name}",
            "email": company.email,
            "email_canonical": canonical_email(company.email),
            "language": company.language,
            "state": (OrderState.SHIPPED if order.until_shipped else OrderState.CONFIRMED).value,
            "currency": self.application.currency,
            "is_net": True,
            "billing_address": _json(asdict(billing)),
            "shipping_address": _json(asdict(order.ship_to) | person),
            "shipping_method": "express" if order.shipper == EXPRESS else "standard",
            "shipping_name": order.shipper,
            "payment_method": "invoice",
            "payment_reference": "",
            "items_total": reckoned.items.net,
            "discount_total": reckoned.discount.net,
            "shipping_total": reckoned.shipping.net,
            "net_total": reckoned.total.net,
            "tax_total": reckoned.total.tax,
            "gross_total": reckoned.total.gross,
            "taxes": _json(
                [{"rate": f"{one.percent:.2f}", "net": one.net, "tax": one.tax} for one in reckoned.taxes]
            ),
            "promotions": "[]",
            "comment": "",
            "placed_at": placed_at,
            # Moved by whole weeks, the days of the newest ones may be still to come.
            "shipped_at": min(placed_at + order.until_shipped, self.now) if order.until_shipped else None,
            "version": 1,
        }

    def _lines(
        self, order_key: uuid.UUID, order: NorthwindOrder, reckoned: Totals
    ) -> Iterator[dict[str, object]]:
        language = self.companies[order.company].language
        for position, (line, total) in enumerate(zip(order.lines, reckoned.lines, strict=True), 1):
            product = self.products[line.product]
            yield {
                "id": new_key(),
                "order": order_key,
                "product": self.product_ids.get(product.sku),
                "position": position,
                "sku": product.sku,
                "name": product.name,
                "unit": product.units[language],
                "quantity": line.quantity,
                "unit_price": line.price,
                "discount": total.discount.net,
                "line_total": total.amount.net - total.discount.net,
                "tax_rate": self._percent(order, product.tax_class),
                "price_explanation": "",
            }


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
