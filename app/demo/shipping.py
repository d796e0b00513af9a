"""The shipping methods of the demo shop. Prices are net; with the standard rate they end on 90 cents."""

from app.checkout.shipping import ShippingMethod, save_shipping_method
from app.segments.implicit import EVERYONE
from tables.engine import DB

METHODS: tuple[tuple[ShippingMethod, tuple[str, ...]], ...] = (
    (
        ShippingMethod(
            id="standard",
            names={"en": "Standard delivery", "de": "Standardversand"},
            descriptions={
                "en": "With you in two to four working days.",
                "de": "In zwei bis vier Werktagen bei Ihnen.",
            },
            price=412,
            free_from=10_000,
            position=1,
        ),
        (EVERYONE.id,),
    ),
    (
        ShippingMethod(
            id="express",
            names={"en": "Express delivery", "de": "Expressversand"},
            descriptions={
                "en": "Ordered before noon, with you on the next working day.",
                "de": "Bis mittags bestellt, am nächsten Werktag bei Ihnen.",
            },
            price=1084,
            position=2,
        ),
        (EVERYONE.id,),
    ),
    (
        ShippingMethod(
            id="pickup",
            names={"en": "Pick up at our warehouse", "de": "Abholung in unserem Lager"},
            descriptions={
                "en": "For companies: on working days from 7 to 16 o'clock, at the ramp.",
                "de": "Für Unternehmen: werktags von 7 bis 16 Uhr, an der Rampe.",
            },
            position=3,
        ),
        ("IG_SMBCustomers",),
    ),
)


async def add_shipping_methods() -> int:
    """Adds the methods that are missing, in the current transaction; how many those were."""
    known = {row["id"] for row in await DB.fetch("SELECT id FROM shipping_methods")}
    missing = [(method, segments) for method, segments in METHODS if method.id not in known]
    for method, segments in missing:
        await save_shipping_method(method, segments)
    return len(missing)
