"""A user who is a member of several customers switches between them (domain.md 10)."""

import uuid

import pytest

from tables import ApprovalStatus, Membership
from tables.engine import DB
from tables.keys import new_key
from tests import people
from tests.browser_like import Person
from tests.people import Known

pytestmark = pytest.mark.usefixtures("database")


async def join(known: Known, other: Known, role: str = "buyer", **changes: object) -> uuid.UUID:
    """Makes somebody a member of another company as well."""
    key = new_key()
    moment = await DB.fetch_value("SELECT now()")
    await Membership.insert(
        Membership(
            id=key,
            user=known.user_id,
            customer=other.customer_id,
            roles=[role],
            created_at=moment,
            **changes,
        )
    )
    return key


async def acts_for(person: Person) -> str:
    page = await person.get("/account")
    return "Quick" if "QUICK-Stop" in page.text else "Alfreds"


async def two_companies(**changes: object) -> tuple[Known, Known, Person]:
    known = await people.company()
    quick = await people.company("horst@quick.example", company_name="QUICK-Stop")
    person = await known.signed_in()
    await join(known, quick, **changes)
    return known, quick, person


async def test_who_is_member_of_one_company_sees_no_switch() -> None:
    person = await (await people.company()).signed_in()
    assert not [one for one in (await person.get("/")).links if one.endswith("/switch-customer")]


async def test_a_member_of_two_companies_switches_from_the_header_and_acts_for_the_other_at_once() -> None:
    _known, quick, person = await two_companies()
    home = await person.get("/")
    assert [one for one in home.links if one.endswith("/switch-customer")]
    page = await person.get("/switch-customer")
    assert "QUICK-Stop" in page.main
    assert "You act for this company" in page.main
    answer = await person.post("/switch-customer", {"customer": quick.number})
    assert "You now act for QUICK-Stop." in answer.text
    assert await acts_for(person) == "Quick"


async def test_basket_orders_addresses_and_permissions_follow() -> None:
    known, quick, person = await two_companies()
    await DB.execute(
        "INSERT INTO addresses (id, customer, street, city, country, created_at)"
        " VALUES ($1, $2, 'Taucherstraße 10', 'Cunewalde', 'DE', now())",
        uuid.uuid4(),
        quick.customer_id,
    )
    assert "Taucherstraße" not in (await person.get("/account/addresses")).text
    assert (await person.get("/account/company")).form("company_name") is not None
    await person.post("/switch-customer", {"customer": quick.number})
    assert "Taucherstraße" in (await person.get("/account/addresses")).text
    # An administrator there, a buyer here: the company's data can be read and not changed.
    refused = await person.post("/account/company", {"company_name": "Taken over", "version": "1"})
    assert refused.status == 403
    await person.post("/switch-customer", {"customer": known.number})
    assert await acts_for(person) == "Alfreds"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("UPDATE memberships SET is_active = false WHERE customer = $1", "the membership is disabled"),
        ("UPDATE customers SET is_active = false WHERE id = $1", "the customer is disabled"),
        ("UPDATE customers SET approval_status = 'pending' WHERE id = $1", "it awaits approval"),
        ("UPDATE customers SET approval_status = 'rejected' WHERE id = $1", "it was rejected"),
        ("UPDATE customers SET customer_type = 'INDIVIDUAL' WHERE id = $1", "its type is not admitted here"),
    ],
)
async def test_nobody_switches_to_a_customer_with_which_they_could_not_sign_in(change: str, why: str) -> None:
    _known, quick, person = await two_companies()
    await DB.execute(change, quick.customer_id)
    answer = await person.post("/switch-customer", {"customer": quick.number})
    assert answer.status == 422, why
    assert await acts_for(person) == "Alfreds"


async def test_a_foreign_company_and_a_missing_one_are_refused_alike() -> None:
    _known, _quick, person = await two_companies()
    stranger = await people.company("boss@stranger.example", company_name="Stranger Ltd")
    foreign = await person.post("/switch-customer", {"customer": stranger.number})
    missing = await person.post("/switch-customer", {"customer": "NO-SUCH"})
    assert foreign.status == missing.status == 422
    assert foreign.main == missing.main
    assert "Stranger" not in foreign.text


async def test_a_company_that_awaits_approval_is_shown_but_not_to_be_chosen() -> None:
    known = await people.company()
    pending = await people.company(
        "horst@quick.example", company_name="QUICK-Stop", approval_status=ApprovalStatus.PENDING
    )
    person = await known.signed_in()
    await join(known, pending)
    page = await person.get("/switch-customer")
    assert "Awaits approval" in page.main
    assert "Act for QUICK-Stop" not in page.main


async def test_switching_ends_looking_as_a_role() -> None:
    _known, quick, person = await two_companies()
    await DB.execute("UPDATE sessions SET view_as_role = 'viewer'")
    await person.post("/switch-customer", {"customer": quick.number})
    assert await DB.fetch_value("SELECT view_as_role FROM sessions") == ""
