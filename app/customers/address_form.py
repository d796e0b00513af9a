"""What is typed of an address, wherever one is asked: registration, account, back office, checkout."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, TypeVar

from app.customers.addresses import AddressDetails
from app.customers.countries import (
    Country,
    address_problems,
    asked_fields,
    country_choices,
    country_codes,
    normalised,
)
from app.customers.phones import Phone, normalised_phone
from app.forms import FilledForm, Form, Text, blank, field_names
from app.languages import gettext as _
from app.visitor import Visitor

F = TypeVar("F", bound=Form)

Name = Annotated[str, Text(max_length=100)]
OptionalName = Annotated[str, Text(max_length=100, required=False)]


class AddressForm(Form):
    """An address whose recipient is known otherwise, for example from the rest of a registration."""

    company_name: Annotated[str, Text(max_length=200, required=False)]
    first_name: OptionalName
    last_name: OptionalName
    country: Annotated[str, Country()]
    street: Annotated[str, Text(max_length=200)]
    street_2: Annotated[str, Text(max_length=200, required=False)]
    # Whether these are needed, the country says.
    postal_code: Annotated[str, Text(max_length=20, required=False)]
    city: OptionalName
    region: OptionalName
    phone: Annotated[str, Phone()]

    @classmethod
    def problems(cls, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """What the country finds wrong. A field that could not be read has its own message already."""
        for name, message in address_problems(values):
            if name in values:
                yield name, message


class DeliverableAddressForm(AddressForm):
    """An address that stands for itself, so that it needs a recipient and carries the version that was read."""

    # Empty where nothing was read before; what is not sent is not compared.
    version: Annotated[str, Text(max_length=10, required=False)]

    @classmethod
    def problems(cls, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """A parcel needs a name to go to: a person's or a company's."""
        if values.get("company_name") == "":
            for name in ("first_name", "last_name"):
                if values.get(name) == "":
                    yield name, _("Please fill in this field.")
        yield from super().problems(values)


def address_details(
    form: AddressForm, *, first_name: str = "", last_name: str = "", company_name: str = ""
) -> AddressDetails:
    """The address in the spelling of its country; the recipient's names where the form names nobody."""
    typed = {name: getattr(form, name) for name in field_names(AddressForm)}
    if not (form.first_name or form.last_name or form.company_name):
        typed |= {"first_name": first_name, "last_name": last_name, "company_name": company_name}
    typed["phone"] = normalised_phone(form.phone, form.country)
    return AddressDetails(**normalised(typed))


def asked_address(form: FilledForm[Any], prefix: str, visitor: Visitor) -> dict[str, Any]:
    """What `account/address_fields.html` shows beside the form: the countries, and what the chosen one asks."""
    typed = form.value(f"{prefix}country").strip().upper()
    country = typed if typed in country_codes() else visitor.application.default_country
    return {
        "prefix": prefix,
        "country": country,
        "countries": country_choices(visitor.language),
        "asked": asked_fields(country),
    }


def typed_so_far(form: type[F], filled: FilledForm[F]) -> FilledForm[F]:
    """The form as it was typed so far, with nothing held against it: somebody changed the country halfway."""
    return blank(form, **{name: filled.value(name) for name in field_names(form) if filled.values(name)})
