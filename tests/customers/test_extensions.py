"""A customer is asked for an extension and gives it or nothing (domain.md 2)."""

import pytest

from app.applications import application_by_id
from app.customers.companies import CompanyDetails
from app.customers.creation import LoginTaken, NewUser, NumberTaken, create_customer
from app.customers.extensions import (
    approval_of,
    attributes_of,
    company_of,
    details_of,
    display_name_of,
    group_of,
    individual_of,
)
from app.customers.types import all_customer_types
from tables import Customer, User
from tables.customers import ApprovalStatus
from tests import people

MARIA = NewUser(login="maria@x.example", email="maria@x.example", first_name="Maria", last_name="Anders")


async def customer(known: people.Known) -> Customer:
    found = await Customer.objects().get(Customer.id == known.customer_id)
    assert found is not None
    return found


async def test_a_company_is_given_by_customers_that_have_one(database):
    company = await company_of(await customer(await people.company()))
    assert company is not None
    assert company.company_name == "Alfreds Futterkiste"
    assert await company_of(await customer(await people.shopper())) is None


async def test_the_single_user_is_given_by_individuals(database):
    person = await individual_of(await customer(await people.shopper()))
    assert person is not None
    assert person.email == "ines@example.com"
    assert await individual_of(await customer(await people.company())) is None


async def test_the_users_are_given_by_groups(database):
    maria = await people.company()
    await people.colleague(maria, "paul@alfki.example")
    users = await group_of(await customer(maria))
    assert users is not None
    assert [one.email for one in users] == ["maria@alfki.example", "paul@alfki.example"]
    assert await group_of(await customer(await people.shopper())) is None


async def test_a_group_without_users_is_a_group(database):
    created = await create("SMB", user=None, company=CompanyDetails(company_name="Empty Ltd"))
    assert created.user is None
    assert list(await group_of(created.customer) or ["x"]) == ["x"]
    assert await group_of(created.customer) == []


async def test_the_newest_approval_request_is_given(database):
    assert await approval_of(await customer(await people.pending_company())) is not None
    assert await approval_of(await customer(await people.company())) is None


async def test_a_company_is_called_by_its_name_and_an_individual_by_the_persons(database):
    assert await display_name_of(await customer(await people.company())) == "Alfreds Futterkiste"
    assert await display_name_of(await customer(await people.shopper())) == "Maria Anders"


async def test_details_belong_to_every_customer(database):
    created = await create("INDIVIDUAL", user=MARIA, number="K-1", attributes={"loyalty": "gold"})
    assert await details_of(created.customer) == {"number": "K-1", "name": "Maria Anders", "loyalty": "gold"}
    assert attributes_of(created.customer) == {"loyalty": "gold"}


async def create(customer_type, **values):
    application = application_by_id("shop" if customer_type == "INDIVIDUAL" else "business")
    assert application is not None
    return await create_customer(
        application=application, customer_type=all_customer_types()[customer_type], **values
    )


async def test_a_customer_number_is_generated_unless_it_is_given(database):
    given = await create("INDIVIDUAL", user=MARIA, number="100001")
    generated = await create("SMB", user=None, company=CompanyDetails(company_name="Any"))
    assert given.customer.number == "100001"
    assert generated.customer.number == "100002"


async def test_a_taken_number_or_login_leaves_nothing_behind(database):
    await create("INDIVIDUAL", user=MARIA, number="K-1")
    with pytest.raises(NumberTaken):
        await create("SMB", user=None, company=CompanyDetails(company_name="Any"), number="K-1")
    with pytest.raises(LoginTaken):
        await create("INDIVIDUAL", user=MARIA)
    assert await Customer.count() == 1
    assert await User.count() == 1


async def test_approval_is_the_applications_matter_unless_staff_say_otherwise(database):
    waiting = await create("SMB", user=None, company=CompanyDetails(company_name="Any"))
    approved = await create("SMB", user=None, company=CompanyDetails(company_name="Other"), is_approved=True)
    assert waiting.customer.approval_status == ApprovalStatus.PENDING
    assert approved.customer.approval_status == ApprovalStatus.APPROVED
    assert await approval_of(waiting.customer) is not None
    assert await approval_of(approved.customer) is None
