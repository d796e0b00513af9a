"""What is held of a buyer with requisitions, and what is left of them (domain.md 13)."""

from app.personal_data.deletion import forget_user
from app.personal_data.held_data import held_data
from app.visitor import recognise
from tables.engine import DB
from tests.requisitions.asking import ask, company
from tests.requisitions.test_asking import application


async def test_a_buyer_gets_what_they_asked_for_and_takes_their_name_along(database):
    of = await company()
    person = await of.buyer.signed_in()
    await ask(person, approval_comment="For the fair")
    held = await held_data(of.buyer.user_id, of.buyer.email)
    assert held["requisitions"][0]["comment"] == "For the fair"
    assert held["requisition_lines"][0]["sku"] == "TEA"
    visitor = await recognise(application("business"), person.cookie("session"), "en")
    async with DB.transaction():
        await forget_user(of.buyer.user_id, visitor)
    row = await DB.fetch_row(
        "SELECT state, buyer_name, comment, checkout::text AS checkout FROM requisitions"
    )
    assert (row["state"], row["buyer_name"], row["comment"]) == ("withdrawn", "", "")
    assert of.buyer.email not in row["checkout"]
    assert "Maria" not in row["checkout"]
