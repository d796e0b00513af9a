"""What administrators of a company type about its people and roles."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

from app.amounts import Amount
from app.customers.address_form import Name
from app.customers.limits import PERIODS, budget_problems
from app.customers.permissions import Permission
from app.customers.phones import Phone
from app.forms import Choice, F, FilledForm, Form, Invalid, Several, Text
from app.languages import gettext as _
from app.registration.forms import TITLES

Version = Annotated[str, Text(required=False, max_length=10)]


class MemberSearchForm(Form):
    """The search above the list of users."""

    q: Annotated[str, Text(required=False)]
    status: Annotated[str, Text(required=False)]
    role: Annotated[str, Text(required=False)]


class DetailsForm(Form):
    """The details of a colleague. The page asks for the person's own fields where they may be changed."""

    title: Annotated[str, Choice(options=TITLES, required=False)]
    first_name: Name
    last_name: Name
    phone: Annotated[str, Phone()]
    fax: Annotated[str, Phone()]
    preferred_language: Annotated[str, Text(required=False, max_length=10)]
    department: Annotated[str, Text(required=False, max_length=100)]
    position: Annotated[str, Text(required=False, max_length=100)]
    business_partner_number: Annotated[str, Text(required=False, max_length=60)]
    version: Version


class PlaceForm(Form):
    """What a colleague is in this company: all that is asked of people who are known beyond it."""

    department: Annotated[str, Text(required=False, max_length=100)]
    position: Annotated[str, Text(required=False, max_length=100)]
    business_partner_number: Annotated[str, Text(required=False, max_length=60)]
    version: Version


class MemberVersionForm(Form):
    """A button that changes whether a colleague may act."""

    version: Version


class RolesForm(Form):
    """The roles of a colleague: the ticked ones, and no others."""

    roles: Annotated[list[str], Several(at_most=60)]
    version: Version


class LimitsForm(Form):
    """What a colleague may spend: empty fields are unlimited."""

    order_limit: Annotated[int | None, Amount()]
    budget_amount: Annotated[int | None, Amount()]
    budget_period: Annotated[str, Choice(options=PERIODS, required=False)]
    version: Version

    @classmethod
    def problems(cls, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """An amount and its period belong together (domain.md 10)."""
        return budget_problems(values)


class RoleForm(Form):
    """A role that the company makes: its name and what one may do in it."""

    name: Annotated[str, Text(max_length=100)]
    permissions: Annotated[list[str], Several()]
    version: Version


class DeleteRoleForm(Form):
    """Deleting a role: which other role those get who have it."""

    replacement: Annotated[str, Text(required=False, max_length=60)]
    version: Version


class LookForm(Form):
    """The role as which somebody wants to look at the shop."""

    role: Annotated[str, Text(max_length=60)]


def shown(form: type[F], **values: str | Sequence[str]) -> FilledForm[F]:
    """A form as it is shown for changing something that is there."""
    typed = {name: [one] if isinstance(one, str) else list(one) for name, one in values.items()}
    return FilledForm(form, typed, frozenset())


def chosen_permissions(form: RoleForm) -> frozenset[Permission]:
    """The ticked permissions. Raises Invalid for one that does not exist."""
    try:
        return frozenset(Permission(one) for one in form.permissions)
    except ValueError:
        raise Invalid(_("Please choose one of the options.")) from None
