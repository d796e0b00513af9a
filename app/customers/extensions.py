"""Extensions: ask a customer for what its type makes of it, and get it or nothing (domain.md 2).

Of a customer whose type is not installed any more, what is stored is still shown; who asks for its users in order to
change something is refused.
"""

from typing import TYPE_CHECKING

from app.customers.types import Extension, customer_type_of, installed_type, type_applies
from tables import ApprovalRequest, Company, Customer, Membership, User

if TYPE_CHECKING:
    from collections.abc import Sequence


async def details_of(customer: Customer) -> dict[str, str]:
    """What every customer has: number, display name and custom attributes, by name."""
    return {
        "number": customer.number,
        "name": await display_name_of(customer),
        **{name: str(value) for name, value in attributes_of(customer).items()},
    }


async def individual_of(customer: Customer) -> User | None:
    """The single user of a customer whose type has exactly one, else None."""
    if not type_applies(customer.customer_type, Extension.INDIVIDUAL):
        return None
    users = await users_of(customer)
    return users[0] if users else None


async def group_of(customer: Customer) -> "Sequence[User] | None":
    """The users (zero, one or many; oldest first) of a customer whose type may have many, else None. Raises
    CustomerTypeMissing."""
    if not customer_type_of(customer.customer_type).applies(Extension.GROUP):
        return None
    return await users_of(customer)


async def some_of_group(customer: Customer, at_most: int) -> "tuple[Sequence[User], int]":
    """The oldest users of a customer whose type may have many, and how many there are in all; else nobody."""
    if not customer_type_of(customer.customer_type).applies(Extension.GROUP):
        return (), 0
    memberships = await (
        Membership.select(Membership.user)
        .where(Membership.customer == customer.id)
        .order_by(Membership.id)
        .limit(at_most)
    )
    users = await User.objects().where(User.id.is_in([one["user"] for one in memberships]))
    count = await Membership.count().where(Membership.customer == customer.id)
    return sorted(users, key=lambda one: (one.created_at, one.id)), count


async def company_of(customer: Customer) -> Company | None:
    """The company of a customer whose type has one, or had one while it was installed, else None."""
    installed = installed_type(customer.customer_type)
    if installed is not None and not installed.applies(Extension.COMPANY):
        return None
    return await Company.objects().get(Company.customer == customer.id)


async def approval_of(customer: Customer) -> ApprovalRequest | None:
    """The newest approval request of a customer whose type can be approved, else None."""
    if not type_applies(customer.customer_type, Extension.APPROVAL):
        return None
    return (
        await ApprovalRequest.objects()
        .where(ApprovalRequest.customer == customer.id)
        .order_by(ApprovalRequest.opened_at, ascending=False)
        .first()
    )


async def display_name_of(customer: Customer) -> str:
    """What a customer is called: the company name, or the person's name, or the number (domain.md 2). Where the type
    is not installed, the name by which it is found."""
    company = await company_of(customer)
    if company is not None:
        return company.company_name
    person = await individual_of(customer)
    if person is None and installed_type(customer.customer_type) is None:
        return customer.search_name or customer.number
    return name_of(person) if person is not None else customer.number


async def users_of(customer: Customer) -> list[User]:
    """The users of a customer, oldest first."""
    return (
        await User.objects()
        .where(User.id.is_in(Membership.select(Membership.user).where(Membership.customer == customer.id)))
        .order_by(User.created_at)
    )


def name_of(user: User) -> str:
    """First and last name of a person, or the login where neither is known."""
    return f"{user.first_name} {user.last_name}".strip() or user.login


def attributes_of(owner: Customer | User) -> dict[str, object]:
    """The custom attributes of a customer or user, by name."""
    import msgspec

    return msgspec.json.decode(owner.attributes, type=dict[str, object])
