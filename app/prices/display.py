"""Price display: whether a visitor is shown prices with or without tax (domain.md 8)."""

from dataclasses import replace
from uuid import UUID

from app.segments.audience import audience_of_customer, audience_of_stranger
from app.visitor import Visitor
from tables import User

MODES = ("net", "gross")


def charged_net(visitor: Visitor) -> bool:
    """Whether what this visitor buys is added up from net amounts: as the customer type reckons, whatever the
    person has chosen to be shown, so that choosing never changes what is to be paid."""
    if visitor.is_signed_in and visitor.customer is not None:
        return audience_of_customer(visitor.application, replace(visitor.customer, price_display="")).is_net
    return audience_of_stranger(visitor.application).is_net


async def choose_price_display(user_id: UUID, mode: str) -> None:
    """Shows a user net or gross prices from now on, wherever they sign in. Raises ValueError for other modes."""
    if mode not in MODES:
        raise ValueError(mode)
    await User.update({User.price_display: mode}).where(User.id == user_id)
