"""Extension points: the tag `{% extension_point "account/navigation" %}` and the list of all points.

At render the tag includes the templates of that name of (1) each extension that the active customer types
apply, (2) each active customer type, (3) installed plug-ins, in that order (architecture.md). Active are the
types in the template variable `customer_types`: the customer's type where a customer is known, else the types
that the application admits. What is included for a point and types is looked up once and kept.

Hidden in a template is not forbidden: routes have guards.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

from jinja2 import Environment, Template, nodes
from jinja2.ext import Extension as JinjaExtension
from jinja2.parser import Parser
from jinja2.runtime import Context
from markupsafe import Markup

from app.customers.types import CustomerType, Extension, all_customer_types

# An installed package with an entry point of this group brings templates for extension points for everybody.
PLUG_IN_GROUP = "patron.template_extensions"
EXTENSIONS_FOLDER = Path(__file__).parent.parent / "templates" / "extensions"


@dataclass(frozen=True)
class ExtensionPoint:
    """A named place in the base pages. `variables` are those that its templates may use beside the ones
    that every page has (README, Extending)."""

    name: str
    where: str
    variables: tuple[str, ...] = ()


EXTENSION_POINTS: dict[str, ExtensionPoint] = {
    point.name: point
    for point in (
        ExtensionPoint(
            "layout/header", "Header of every shop page, in the line beside price display and language."
        ),
        ExtensionPoint("layout/footer", "Footer of every shop page."),
        ExtensionPoint("home/banner", "First thing on the home page of a shop."),
        ExtensionPoint("home/content", "Home page of a shop, below the categories."),
        ExtensionPoint(
            "registration/introduction", "Above the registration form.", ("form", "customer_type")
        ),
        ExtensionPoint(
            "registration/fields",
            "The registration form, after the person's fields.",
            ("form", "customer_type"),
        ),
        ExtensionPoint("registration/done", "After registering: what happens next.", ("customer_type",)),
        ExtensionPoint("account/navigation", "Navigation of the account: <li> items."),
        ExtensionPoint(
            "account/overview",
            "Cards of the account overview.",
            (
                "customer",
                "details",
                "company",
                "users",
                "user_count",
                "approval",
                "open_requisitions",
                "budget",
            ),
        ),
        ExtensionPoint(
            "account/profile_fields",
            "Fields of the profile form, after those of everybody.",
            ("form", "stored", "editable", "payments"),
        ),
        ExtensionPoint(
            "account/profile", "Profile page, below the form.", ("customer", "details", "company")
        ),
        ExtensionPoint("account/company", "Company page, below the details.", ("customer", "company")),
        ExtensionPoint("basket/actions", "Basket, below the way to the checkout.", ("basket",)),
        ExtensionPoint(
            "orders/actions", "An order of the history, below what can be done with it.", ("order",)
        ),
        ExtensionPoint("address/fields", "Address form, before the person's name.", ("form", "prefix")),
        ExtensionPoint(
            "back_office/customer",
            "A customer's general page in the back office.",
            ("customer", "details", "company", "industry", "individual"),
        ),
    )
}


class ExtensionPointTag(JinjaExtension):
    """The tag. An unknown point is an error when the template is compiled."""

    tags = {"extension_point"}  # noqa: RUF012  # Jinja declares it so

    def parse(self, parser: Parser) -> nodes.Node:
        """Compiles the tag to a call of `_include_all` with the variables of the place."""
        line = next(parser.stream).lineno
        name = parser.parse_expression()
        if not isinstance(name, nodes.Const) or name.value not in EXTENSION_POINTS:
            parser.fail("extension_point wants the name of a listed extension point, in quotes.", line)
        call = self.call_method("_include_all", [nodes.DerivedContextReference(), name])
        return nodes.Output([call]).set_lineno(line)

    def _include_all(self, context: Context, name: str) -> Markup:
        types: tuple[CustomerType, ...] = context.get("customer_types", ())
        parts: list[str] = []
        for template in templates_for(self.environment, name, types):
            inner = template.new_context(context.get_all(), shared=True)
            parts.extend(template.root_render_func(inner))
        return Markup("".join(parts))  # rendered by autoescaping templates


def templates_for(environment: Environment, name: str, types: Sequence[CustomerType]) -> tuple[Template, ...]:
    """The templates of a point for these active types, in order. Kept per environment, point and types."""
    kept: dict[tuple[str, tuple[str, ...]], tuple[Template, ...]]
    kept = environment.__dict__.setdefault("_extension_point_templates", {})
    key = (name, tuple(one.id for one in types))
    if key not in kept:
        wanted = [f"{prefix}/{name}.html" for prefix in _prefixes(types)]
        known = template_folders()
        kept[key] = tuple(
            environment.get_template(one)
            for one in wanted
            if (known[one.split("/", 1)[0]] / one.split("/", 1)[1]).is_file()
        )
    return kept[key]


def _prefixes(types: Sequence[CustomerType]) -> Iterator[str]:
    for extension in Extension:
        if any(one.applies(extension) for one in types):
            yield f"extension:{extension}"
    for one in types:
        yield f"type:{one.id}"
    for name in plug_in_folders():
        yield f"plug-in:{name}"


@cache
def template_folders() -> dict[str, Path]:
    """Every folder that may hold templates for extension points, by its prefix in template names."""
    folders = {f"extension:{one}": EXTENSIONS_FOLDER / one for one in Extension}
    folders |= {f"type:{one.id}": one.templates / "extension_points" for one in all_customer_types().values()}
    folders |= {f"plug-in:{name}": folder for name, folder in plug_in_folders().items()}
    return folders


@cache
def plug_in_folders() -> dict[str, Path]:
    """The `templates` folders of installed plug-ins, by the name of their entry point, sorted."""
    folders: dict[str, Path] = {}
    for point in sorted(entry_points(group=PLUG_IN_GROUP), key=lambda one: one.name):
        spec = find_spec(point.module)
        if spec is not None and spec.origin is not None:
            folders[point.name] = Path(spec.origin).parent / "templates"
    return folders


def extension_templates() -> Iterator[tuple[str, Path]]:
    """(point name, file) of every template that lies in a folder for extension points."""
    for folder in template_folders().values():
        for path in sorted(folder.rglob("*.html")) if folder.is_dir() else ():
            yield path.relative_to(folder).with_suffix("").as_posix(), path
