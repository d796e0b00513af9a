"""Customer types: what one declares, and how they are found (domain.md 2, architecture.md).

A customer type is one folder in `app/customer_types/`, or an installed package with an entry point in the
group `patron.customer_types`. It makes one `CustomerType` and calls it `customer_type`. Nothing else in the
program names a customer type: code asks a customer for an extension (`app.customers.extensions`).
"""

import importlib
import pkgutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import app.customer_types

if TYPE_CHECKING:
    from app.forms import Form
    from tables import Customer, Membership, User

ENTRY_POINT_GROUP = "patron.customer_types"
ROLE_OF_FIRST_USER = "account_administrator"


class Extension(StrEnum):
    """A capability that a customer type applies, in the order in which their templates are shown."""

    DETAILS = "details"
    INDIVIDUAL = "individual"
    GROUP = "group"
    COMPANY = "company"
    APPROVAL = "approval"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class CustomerType:
    """What classifies customers and decides their structure. It keeps nothing of its own in the database.

    `name`, `registration_title` and `segment_name` are English texts that are also the localisation keys.
    """

    # For example "SMB"; stored with each customer.
    id: str
    # In addresses: /register/{slug}.
    slug: str
    name: str
    # What the registration page of this type is headed with, and one sentence on whom it is for.
    registration_title: str
    registration_hint: str = ""
    extensions: frozenset[Extension]
    # The implicit segment of all customers of this type (domain.md 7).
    segment_id: str
    segment_name: str
    # Application types whose applications admit this customer type unless they say otherwise.
    logs_in_to: tuple[str, ...]
    # What is asked at self-registration; the form's own fields are shown by the extension point
    # "registration/fields".
    registration_form: "type[Form]"
    # Called in the transaction of the registration, after the customer and its first user exist.
    registered: "Callable[[Customer, User, Membership, Any], Awaitable[None]] | None" = None
    # The roles of the user who registers the customer. Left out: where there may be many users, the one that may
    # do everything, as without it nobody could do anything (domain.md 4).
    first_user_roles: tuple[str, ...] = ()
    approval_by_default: bool = False
    price_display: Literal["gross", "net"] = "gross"
    # Route handlers that exist only in applications that admit this type.
    routes: tuple[Any, ...] = ()
    # The type's own folder: `templates/` and `translations/` are looked for in it.
    folder: Path = field(default_factory=Path)

    def __post_init__(self) -> None:
        if Extension.GROUP in self.extensions and not self.first_user_roles:
            object.__setattr__(self, "first_user_roles", (ROLE_OF_FIRST_USER,))

    def applies(self, extension: Extension) -> bool:
        """Whether customers of this type have this extension. Details belong to every type."""
        return extension is Extension.DETAILS or extension in self.extensions

    @property
    def templates(self) -> Path:
        """The folder of the type's templates; it need not exist."""
        return self.folder / "templates"

    @property
    def translations(self) -> Path:
        """The folder of the type's translations, `<language>.po`; it need not exist."""
        return self.folder / "translations"


class CustomerTypeError(RuntimeError):
    """A customer type cannot be used; the message names it."""


class CustomerTypeMissing(CustomerTypeError):
    """The type of stored customers is not installed any more; `id` is what they name."""

    def __init__(self, customer_type_id: str) -> None:
        super().__init__(f"The customer type {customer_type_id} is not installed.")
        self.id = customer_type_id


@cache
def all_customer_types() -> Mapping[str, CustomerType]:
    """All customer types by id: those of `app/customer_types/` first, then installed ones, each sorted by name."""
    found: dict[str, CustomerType] = {}
    for origin, candidate in [*_built_in(), *_installed()]:
        if not isinstance(candidate, CustomerType):
            raise CustomerTypeError(f"{origin} has no CustomerType named customer_type.")
        if candidate.id in found or any(candidate.slug == one.slug for one in found.values()):
            raise CustomerTypeError(f"{origin}: another customer type is called {candidate.id} already.")
        found[candidate.id] = candidate
    return found


def customer_type_of(customer_type_id: str) -> CustomerType:
    """The customer type of that id, for what cannot be done without it. Raises CustomerTypeMissing when its folder
    or package is gone: the request is refused in plain words (app/errors.py)."""
    found = installed_type(customer_type_id)
    if found is None:
        raise CustomerTypeMissing(customer_type_id)
    return found


def installed_type(customer_type_id: str) -> CustomerType | None:
    """The customer type of that id, or None when its folder or package is gone: for what is only shown. Customers
    stay when their type goes, and staff must see them to put it right (domain.md 2)."""
    return all_customer_types().get(customer_type_id)


def type_applies(customer_type_id: str, extension: Extension) -> bool:
    """Whether the type of that id has an extension, for what is only shown; False where it is not installed."""
    found = installed_type(customer_type_id)
    return found is not None and found.applies(extension)


def _built_in() -> list[tuple[str, object]]:
    names = sorted(
        module.name for module in pkgutil.iter_modules(app.customer_types.__path__) if module.ispkg
    )
    return [(f"app/customer_types/{name}", getattr(_module(name), "customer_type", None)) for name in names]


def _module(name: str) -> object:
    return importlib.import_module(f"app.customer_types.{name}")


def _installed() -> list[tuple[str, object]]:
    points = sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda point: point.name)
    return [(f"The installed package of {point.value}", _loaded(point)) for point in points]


def _loaded(point: EntryPoint) -> object:
    try:
        return point.load()
    except Exception as error:  # whatever is wrong with the package, the operator has to know which one it is
        raise CustomerTypeError(
            f"The installed package of {point.value} cannot be loaded: {type(error).__name__}: {error}"
        ) from error
