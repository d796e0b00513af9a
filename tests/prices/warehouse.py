"""Products and price lists made quickly in the database, for tests of prices."""

import uuid
from datetime import UTC, datetime
from decimal import Decimal

from app.prices.price_entries import EntryDetails, add_entries
from app.prices.price_lists import ALL_CONSUMERS, PriceListDetails, create_price_list
from app.prices.tax import set_tax_rates
from app.segments.implicit import EVERYONE
from app.segments.targets import aim
from app.versions import Subject, raise_version, version_of
from tables import Category, Product
from tables.segments import TargetKind
from tests.prices.cases import Ware


async def product(sku: str = "NW-001", *, tax_class: str = "standard") -> Ware:
    """A product that the shop has in stock."""
    category = await Category.objects().get_or_create(
        Category.slug == "beverages", {Category.id: uuid.uuid4()}
    )
    made = Product(
        sku=sku,
        sku_canonical=sku.lower(),
        category=category.id,
        names={"en": f"Product {sku}"},
        tax_class=tax_class,
        stock=100,
        created_at=datetime.now(UTC),
    )
    await Product.insert(made)
    await raise_version(Subject.CATALOG)
    return Ware(made.id, tax_class)


async def price_list(
    list_id: str = ALL_CONSUMERS,
    *entries: EntryDetails,
    segments: tuple[str, ...] = (EVERYONE.id,),
    customers: tuple[uuid.UUID, ...] = (),
    **details: object,
) -> None:
    """A price list, for everyone unless said otherwise, with entries."""
    await create_price_list(list_id, PriceListDetails(**{"name": list_id, **details}))  # type: ignore[arg-type]
    await aim(TargetKind.PRICE_LIST, list_id, segments=segments, customers=customers)
    await add_entries(list_id, entries)


async def price_of(ware: Ware, amount: int) -> None:
    """German tax rates, and a net price for everyone."""
    await set_tax_rates({"DE": {"standard": Decimal(19), "reduced": Decimal(7)}})
    await price_list(ALL_CONSUMERS, EntryDetails(product_id=ware.id, amount=amount))


async def versions() -> dict[str, int]:
    """The versions that a request at this moment would find."""
    return {
        name: number
        for subject in ("prices", "price_lists", "targets", "taxes")
        for name, number in (await version_of(subject)).items()
    }
