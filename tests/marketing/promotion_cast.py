"""Lines, audiences and promotions to play with."""

import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from app.marketing.promotions import HeldPromotion, PromotionTarget, canonical_code
from app.segments.audience import Audience
from app.segments.targets import Targets

EVERYONE = Targets(segments=frozenset({"IG_Everyone"}))
AUDIENCE = Audience(application_id="shop", segments=frozenset({"IG_Everyone", "IG_UnregisteredUsers"}))
PRODUCT, CATEGORY = uuid.UUID(int=1), uuid.UUID(int=2)


@dataclass(frozen=True)
class Line:
    """A line of a basket."""

    amount: int
    quantity: int = 1
    product_id: uuid.UUID = PRODUCT
    category_id: uuid.UUID = CATEGORY


def promotion(id: str = "ten", percent: str | None = "10", code: str = "", **changes: Any) -> HeldPromotion:
    """Ten percent off the order for everyone, unless said otherwise."""
    given: dict[str, Any] = {
        "names": {"en": "Ten percent", "de": "Zehn Prozent"},
        "applies_to": PromotionTarget.ORDER,
        "percent_off": Decimal(percent) if percent is not None else None,
        "amount_off": None,
        "currency": "EUR",
        "categories": None,
        "product": None,
        "minimum_order": 0,
        "limit_per_customer": None,
        "is_used_up": False,
        "valid_from": None,
        "valid_to": None,
        "targets": EVERYONE,
    }
    return HeldPromotion(
        id=id, code=code, code_canonical=canonical_code(code) or None, **{**given, **changes}
    )
