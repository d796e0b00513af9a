"""Implicit segments: predefined, computed, never edited or deleted (domain.md 7)."""

from dataclasses import dataclass

from app.customers.types import CustomerType, all_customer_types
from app.languages import text


@dataclass(frozen=True, slots=True)
class ImplicitSegment:
    """A segment that the program computes. `name` is an English text that is also the localisation key."""

    id: str
    name: str


EVERYONE = ImplicitSegment("IG_Everyone", text("Everyone"))
NEW_USERS = ImplicitSegment("IG_NewUsers", text("New Customers"))
RECURRING_USERS = ImplicitSegment("IG_RecurringUsers", text("Recurring Customers"))
REGISTERED_USERS = ImplicitSegment("IG_RegisteredUsers", text("Registered Customers"))
UNREGISTERED_USERS = ImplicitSegment("IG_UnregisteredUsers", text("Unregistered Customers"))


def implicit_segment_of(customer_type: CustomerType) -> ImplicitSegment:
    """The segment of all customers of a type: each type brings its own."""
    return ImplicitSegment(customer_type.segment_id, customer_type.segment_name)


def implicit_segments() -> tuple[ImplicitSegment, ...]:
    """All implicit segments, in the order of domain.md 7."""
    of_types = [implicit_segment_of(one) for one in all_customer_types().values()]
    return (EVERYONE, *of_types, NEW_USERS, RECURRING_USERS, REGISTERED_USERS, UNREGISTERED_USERS)
