"""Price display: whether a visitor is shown prices with or without tax (domain.md 8)."""

from uuid import UUID

from tables import User

MODES = ("net", "gross")


async def choose_price_display(user_id: UUID, mode: str) -> None:
    """Shows a user net or gross prices from now on, wherever they sign in. Raises ValueError for other modes."""
    if mode not in MODES:
        raise ValueError(mode)
    await User.update({User.price_display: mode}).where(User.id == user_id)
