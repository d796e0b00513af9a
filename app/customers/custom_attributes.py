"""Custom attributes in forms and in the database (domain.md 2): only declared ones, the others stay as they are."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal, TypeVar, cast

import msgspec

from app.applications import Application
from app.declared_attributes import DeclaredAttribute
from app.forms import Choice, Field, Form, Text
from app.segments.segmentation_services import update_segments_of
from tables.engine import DB

Owner = Literal["user", "customer"]
F = TypeVar("F", bound=Form)

# What stands before the attribute's name in a form: no attribute can hide a field of the form itself.
PREFIX = "attribute_"
_TABLES = {"user": "users", "customer": "customers"}


@dataclass(frozen=True, slots=True)
class ShownAttribute:
    """A declared attribute as a page shows it: with a field of a form if it is editable, else with its value."""

    field: str
    label: str
    value: str
    is_editable: bool
    options: list[tuple[str, str]] | None
    max_length: int


def field_of(attribute: DeclaredAttribute) -> str:
    """The name of an attribute's field in a form. That of a customer may be called like one of a user."""
    return f"{PREFIX}{attribute.on}_{attribute.name}"


def declared_for(application: Application, *owners: Owner) -> tuple[DeclaredAttribute, ...]:
    """What an application declares for these owners, in the order of its file."""
    return tuple(one for one in application.attributes if one.on in owners)


@cache
def with_attributes(form: type[F], attributes: tuple[DeclaredAttribute, ...]) -> type[F]:
    """The form with a field for each attribute that people may edit."""
    fields = [(field_of(one), Annotated[str, _reading(one)], "") for one in attributes if one.editable]
    made: Any = msgspec.defstruct(form.__name__, fields, bases=(form,), kw_only=True)
    return cast("type[F]", made)


def typed_attributes(
    form: Form, attributes: tuple[DeclaredAttribute, ...], sent: Mapping[str, Any]
) -> dict[str, str]:
    """Field -> value of the editable attributes that were sent."""
    return {
        field_of(one): getattr(form, field_of(one))
        for one in attributes
        if one.editable and field_of(one) in sent
    }


def stored_attributes(
    attributes: tuple[DeclaredAttribute, ...], stored: Mapping[Owner, Mapping[str, object]]
) -> dict[str, str]:
    """Field -> stored value, "" where the owner has none."""
    return {field_of(one): str(stored[one.on].get(one.name, "")) for one in attributes}


def shown_attributes(
    attributes: tuple[DeclaredAttribute, ...], stored: Mapping[str, str], language: str
) -> list[ShownAttribute]:
    """How a page shows them. `stored` is what `stored_attributes` gave."""
    return [
        ShownAttribute(
            field=field_of(one),
            label=one.label(language),
            value=one.shown(stored[field_of(one)], language),
            is_editable=one.editable,
            options=one.options(language) if one.kind == "choice" else None,
            max_length=one.max_length,
        )
        for one in attributes
    ]


def labels_of(attributes: tuple[DeclaredAttribute, ...], language: str) -> dict[str, str]:
    """Field -> label, for the summary of errors and the comparison of two edits."""
    return {field_of(one): one.label(language) for one in attributes}


async def attributes_stored(owner: Owner, owner_id: uuid.UUID) -> dict[str, object]:
    """All custom attributes of a user or customer, by name; nothing where there is none of that id."""
    found = await DB.fetch_value(f"SELECT attributes::text FROM {_TABLES[owner]} WHERE id = $1", owner_id)
    return msgspec.json.decode(found, type=dict[str, object]) if found else {}


async def keep_attributes(
    owner: Owner, owner_id: uuid.UUID, attributes: tuple[DeclaredAttribute, ...], changes: Mapping[str, str]
) -> None:
    """Writes values by field ("" takes the attribute away), in the current transaction. All others stay."""
    of_owner = {
        one.name: changes[field_of(one)] for one in attributes if one.on == owner and field_of(one) in changes
    }
    if not of_owner:
        return
    await DB.execute(
        f"UPDATE {_TABLES[owner]} SET attributes = (attributes || $2::jsonb) - $3::text[] WHERE id = $1",
        owner_id,
        msgspec.json.encode({name: value for name, value in of_owner.items() if value}).decode(),
        [name for name, value in of_owner.items() if not value],
    )
    if owner == "customer":
        # A rule of a segment may ask for it (domain.md 7).
        await update_segments_of(owner_id)


def _reading(attribute: DeclaredAttribute) -> Field:
    if attribute.kind == "choice":
        # The labels are shown in the visitor's language by the page; here only the values count.
        return Choice(options=tuple((one.value, one.value) for one in attribute.choices), required=False)
    return Text(required=False, max_length=attribute.max_length)
