"""What is asked at self-registration (domain.md 4, pages.md)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Annotated, Any, TypeVar, cast

import msgspec

from app.applications import Application, all_applications
from app.customers.address_form import AddressForm, Name
from app.customers.companies import (
    CompanyName,
    Industry,
    SecondCompanyName,
    TaxationId,
    company_problems,
)
from app.customers.emails import Email, Login
from app.customers.phones import Phone
from app.customers.types import CustomerType
from app.forms import Choice, Day, Field, FilledForm, Flag, Form, Group, Text
from app.languages import gettext as _
from app.languages import text
from app.sign_in.passwords import NewPassword, password_problem

F = TypeVar("F", bound="RegistrationForm")

TITLES = (("ms", text("Ms")), ("mr", text("Mr")), ("mx", text("Mx")))

Title = Annotated[str, Choice(options=TITLES, required=False)]
# The country is chosen beforehand, so that it alone is no address.
OptionalAddress = Annotated[AddressForm | None, Group(prefix="address_", optional=True, preset=("country",))]


class RegistrationForm(Form):
    """The fields of every registration; customer types add theirs in a subclass."""

    title: Title
    first_name: Name
    last_name: Name
    birthday: Annotated[date | None, Day(in_the_past=True)]
    phone: Annotated[str, Phone()]
    preferred_language: Annotated[str, Text(required=False, max_length=10)]
    address: OptionalAddress
    email: Annotated[str, Email()]
    login: Annotated[str, Login()]
    password: Annotated[str, NewPassword()]
    terms: Annotated[
        bool, Flag(required=True, must=text("Please accept the terms and conditions to create an account."))
    ]
    newsletter: Annotated[bool, Flag()]

    @classmethod
    def problems(cls, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """A password made of what others know of the person is none (security.md, Passwords)."""
        if values.get("password"):
            known = ("first_name", "last_name", "email", "login", "company_name")
            about = [values[name] for name in known if values.get(name)]
            shops = [one.name for one in all_applications()]
            problem = password_problem(values["password"], [*about, *shops])
            if problem is not None:
                yield "password", problem


class CompanyRegistrationForm(RegistrationForm):
    """The registration of types that apply the extension CompanyCustomer."""

    company_name: CompanyName
    company_name_2: SecondCompanyName
    taxation_id: TaxationId
    industry: Industry

    @classmethod
    def problems(cls, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """The taxation id is checked by the country of the address, where there is one."""
        yield from super().problems(values)
        address = values.get("address")
        yield from company_problems(values, address.country if address is not None else "")


@dataclass(frozen=True, kw_only=True)
class NotAsked(Field):
    """A field that a page leaves out of a form: whatever is sent for it changes nothing."""

    is_secret: bool = True

    def read(self, typed: object) -> str:
        """Nothing."""
        return ""


@cache
def without(form: type[F], *names: str) -> type[F]:
    """The form without some of its fields, whose values are then ""."""
    fields = [(name, Annotated[str, NotAsked()]) for name in names]
    made: Any = msgspec.defstruct(form.__name__, fields, bases=(form,), kw_only=True, frozen=True)
    return cast("type[F]", made)


def form_of(customer_type: CustomerType, *left_out: str) -> type[RegistrationForm]:
    """The registration form of a customer type, without some fields. Raises TypeError for a form of another kind."""
    form = customer_type.registration_form
    if not issubclass(form, RegistrationForm):
        raise TypeError(f"The registration form of {customer_type.id} must be a RegistrationForm.")
    return without(form, *left_out) if left_out else form


def registration_form(customer_type: CustomerType, application: Application) -> type[RegistrationForm]:
    """The form as an application asks it: with login type `email` the e-mail is the login (domain.md 3)."""
    return form_of(customer_type) if application.login_type == "username" else form_of(customer_type, "login")


def correction_form(customer_type: CustomerType) -> type[RegistrationForm]:
    """What a rejected applicant may correct: not who the person is to us, nor what they agreed to."""
    return form_of(customer_type, "email", "login", "password", "terms", "newsletter")


def check_language(filled: FilledForm[Any], application: Application) -> None:
    """Refuses a preferred language that the application does not speak."""
    language = filled.value("preferred_language").strip()
    if language and language not in application.languages:
        filled.add_error("preferred_language", _("Please choose one of the options."))
