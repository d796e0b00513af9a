"""Two segmentation services made outside of the base, for the tests: they know the base, it does not know them."""

import uuid
from dataclasses import dataclass

from tables.engine import DB
from tables.keys import new_key


@dataclass
class Pushed:
    """A loyalty programme: its members are pushed, so at sign-in there is nothing to do."""

    id: str = "loyalty"
    name: str = "Loyalty programme"

    async def update(self, customer_id: uuid.UUID) -> None:
        """Nothing."""


@dataclass
class Found:
    """Puts everybody whom it is asked about into RAIN, or fails in the middle."""

    id: str = "weather"
    name: str = "Weather"
    is_broken: bool = False

    async def update(self, customer_id: uuid.UUID) -> None:
        """One row of its own."""
        await DB.execute(
            "INSERT INTO segment_members (id, segment, customer, service, origin, created_at)"
            " VALUES ($1, 'RAIN', $2, 'weather', 'push', now()) ON CONFLICT DO NOTHING",
            new_key(),
            customer_id,
        )
        if self.is_broken:
            await DB.execute("SELECT 1 / 0")


loyalty = Pushed()
weather = Found()
