"""What a visitor is shown by, as the visitor's own next request finds it out."""

from app.applications import Application, application_by_id
from app.segments.audience import Audience
from app.segments.recurring import note_first_order
from app.visitor import recognise
from tables.engine import DB
from tests.browser_like import Person
from tests.people import Known


async def audience(person: Person) -> Audience:
    """The audience at the next request of somebody with a browser."""
    visitor = await recognise(
        application(person.application), person.cookie("session"), "en", person.cookie("prices") or ""
    )
    return visitor.audience


async def segments(person: Person) -> set[str]:
    """The segments at the next request of somebody with a browser."""
    return set((await audience(person)).segments)


async def place_order(known: Known) -> None:
    """What the placing of an order does for segments, in a transaction of its own as there."""
    async with DB.transaction():
        assert known.customer_id is not None
        await note_first_order(known.customer_id)


def application(application_id: str) -> Application:
    """A configured application."""
    found = application_by_id(application_id)
    assert found is not None
    return found
