"""Extension points: templates fit their point, points are where the list says, and all are documented.

`python -m tests.test_extension_points` prints the table of the README.
"""

import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment, TemplateSyntaxError, meta
from litestar import Request

from app.applications import application_by_id
from app.customers.types import all_customer_types
from app.extension_points import (
    EXTENSION_POINTS,
    EXTENSIONS_FOLDER,
    ExtensionPointTag,
    extension_templates,
    plug_in_folders,
    template_folders,
    templates_for,
)
from app.pages import environment, page_variables
from app.visitor import Visitor
from tests.browser_like import forget_patron, patron, visit
from tests.checkout.ordering import add, open_shop, order
from tests.installed_packages import describe
from tests.people import company, shopper, staff_member

PROJECT = Path(__file__).parent.parent
TEMPLATES = PROJECT / "templates"
README = PROJECT / "README.md"


def points_table() -> str:
    """The README's table of all points."""
    lines = ["| point | where | variables |", "| --- | --- | --- |"]
    for point in EXTENSION_POINTS.values():
        where = point.where.rstrip(".").replace("<", "`<").replace(">", ">`")
        variables = ", ".join(f"`{one}`" for one in point.variables)
        lines.append(f"| `{point.name}` | {where} | {variables} |".replace("|  |", "| |"))
    return "\n".join(lines)


def names_of_page_variables() -> set[str]:
    """What every page has, whoever asks."""
    patron()
    application = application_by_id("shop")
    assert application is not None
    scope: Any = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "query_string": b"",
        "headers": [],
        "visitor": Visitor(application=application, language="en"),
    }
    return set(page_variables(Request(scope)))


def test_every_template_fits_a_point() -> None:
    found = list(extension_templates())
    assert found
    strays = [str(path) for name, path in found if name not in EXTENSION_POINTS]
    assert not strays, f"no extension point has the name of {strays}"
    for folder in template_folders().values():
        for path in folder.rglob("*") if folder.is_dir() else ():
            assert path.is_dir() or path.suffix == ".html", f"{path} is never included"
    known = {folder.name for name, folder in template_folders().items() if name.startswith("extension:")}
    assert {path.name for path in EXTENSIONS_FOLDER.iterdir()} <= known, "a folder of no extension"


def test_a_stray_template_would_be_found(plug_ins: "PlugIns") -> None:
    plug_ins.add("stray", {"account/misspelt.html": "never seen"})
    assert [name for name, _path in extension_templates() if name not in EXTENSION_POINTS] == [
        "account/misspelt"
    ]


@pytest.mark.parametrize(
    "source",
    [
        '{% extension_point "account/misspelt" %}',
        '{% extension_point "" %}',
        "{% extension_point account %}",
        '{% extension_point "home/" ~ name %}',
        "{% extension_point %}",
    ],
)
def test_a_point_that_is_not_listed_does_not_compile(source: str) -> None:
    with pytest.raises(TemplateSyntaxError):
        Environment(extensions=[ExtensionPointTag]).from_string(source)


def test_templates_use_only_the_variables_of_their_point() -> None:
    everywhere = names_of_page_variables() | set(environment().globals)
    for name, path in extension_templates():
        allowed = everywhere | set(EXTENSION_POINTS[name].variables)
        used = meta.find_undeclared_variables(environment().parse(path.read_text(encoding="utf-8")))
        # What a block of the template itself calls its own.
        used -= {"caller", "_ignored"}
        assert used <= allowed, f"{path} uses {sorted(used - allowed)}, which {name} does not promise"


def test_every_listed_point_is_declared_in_the_base() -> None:
    declared: set[str] = set()
    for path in TEMPLATES.rglob("*.html"):
        if EXTENSIONS_FOLDER not in path.parents:
            declared |= set(re.findall(r'{%-?\s*extension_point "([^"]+)"', path.read_text(encoding="utf-8")))
    assert declared == set(EXTENSION_POINTS)


def test_the_readme_lists_every_point_with_its_variables() -> None:
    section = README.read_text(encoding="utf-8").partition("### Extension points")[2].partition("\n## ")[0]
    assert points_table() in section, "print it by: python -m tests.test_extension_points"
    for name in names_of_page_variables():
        assert f"`{name}" in section, f"the README does not name the page variable {name}"


def test_shops_differ_by_their_extension_points() -> None:
    individual, smb = (all_customer_types()[one] for one in ("INDIVIDUAL", "SMB"))
    for name in ("layout/header", "home/banner", "registration/fields", "account/overview", "address/fields"):
        of_individual = [one.filename for one in templates_for(environment(), name, (individual,))]
        of_smb = [one.filename for one in templates_for(environment(), name, (smb,))]
        assert of_individual or of_smb, name
        assert of_individual != of_smb, name


class PlugIns:
    """Plug-ins as packages that are installed in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, name: str, templates: dict[str, str]) -> None:
        """Installs a package with templates for extension points."""
        package = self.folder / f"plug_in_{name}"
        for template, source in templates.items():
            path = package / "templates" / template
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(source, encoding="utf-8")
        (package / "__init__.py").write_text("", encoding="utf-8")
        describe(self.folder, name, f"[patron.template_extensions]\n{name} = plug_in_{name}\n")
        forget_patron()

    def add_customer_type(self, name: str, source: str, templates: dict[str, str]) -> None:
        """Installs a package with a customer type."""
        package = self.folder / f"type_{name}"
        package.mkdir()
        for template, text in templates.items():
            path = package / "templates" / "extension_points" / template
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        (package / "__init__.py").write_text(source, encoding="utf-8")
        describe(self.folder, name, f"[patron.customer_types]\n{name} = type_{name}:customer_type\n")
        forget_patron()


@pytest.fixture
def plug_ins(tmp_path: Path) -> Iterator[PlugIns]:
    """A folder of installed packages, forgotten after the test."""
    folder = tmp_path / "site-packages"
    folder.mkdir()
    sys.path.insert(0, str(folder))
    try:
        yield PlugIns(folder)
    finally:
        sys.path.remove(str(folder))
        for name in [one for one in sys.modules if one.startswith(("plug_in_", "type_"))]:
            del sys.modules[name]
        importlib.invalidate_caches()
        forget_patron()


ASSOCIATION = """
from pathlib import Path

from app.customers.types import CustomerType, Extension
from app.registration.forms import RegistrationForm

customer_type = CustomerType(
    id="ASSOCIATION",
    slug="association",
    name="Association",
    registration_title="Register your association",
    extensions=frozenset({Extension.GROUP}),
    segment_id="IG_Associations",
    segment_name="Associations",
    logs_in_to=(),
    registration_form=RegistrationForm,
    folder=Path(__file__).parent,
)
"""


def test_extensions_come_before_types_and_types_before_plug_ins(plug_ins: PlugIns) -> None:
    point = "account/overview"
    plug_ins.add("zebra", {f"{point}.html": "zebra"})
    plug_ins.add("ant", {f"{point}.html": "ant", "home/content.html": "ant"})
    plug_ins.add_customer_type("association", ASSOCIATION, {f"{point}.html": "association"})
    types = all_customer_types()
    active = (types["SMB"], types["ASSOCIATION"])
    assert list(plug_in_folders()) == ["ant", "zebra"]
    folders = [
        EXTENSIONS_FOLDER / "group",
        EXTENSIONS_FOLDER / "company",
        EXTENSIONS_FOLDER / "approval",
        types["SMB"].templates / "extension_points",
        types["ASSOCIATION"].templates / "extension_points",
        plug_ins.folder / "plug_in_ant" / "templates",
        plug_ins.folder / "plug_in_zebra" / "templates",
    ]
    included = [one.filename for one in templates_for(environment(), point, active)]
    assert included == [str(folder / f"{point}.html") for folder in folders]
    of_association = [one.filename for one in templates_for(environment(), point, (types["ASSOCIATION"],))]
    assert of_association == [str(folders[i] / f"{point}.html") for i in (0, 4, 5, 6)]
    rendered = environment().from_string('{% extension_point "home/content" %}').render(customer_types=())
    assert rendered == "ant", "plug-ins are for everybody"


def test_a_package_without_a_customer_type_is_refused_with_its_name(plug_ins: PlugIns) -> None:
    from app.customers.types import CustomerTypeError

    plug_ins.add_customer_type("wrong", "customer_type = 'SMB'", {})
    with pytest.raises(CustomerTypeError, match="type_wrong:customer_type"):
        all_customer_types()


def test_two_customer_types_of_one_name_are_refused(plug_ins: PlugIns) -> None:
    from app.customers.types import CustomerTypeError

    plug_ins.add_customer_type("twice", ASSOCIATION.replace('"ASSOCIATION"', '"SMB"'), {})
    with pytest.raises(CustomerTypeError, match="another customer type is called SMB"):
        all_customer_types()


@pytest.mark.usefixtures("database")
async def test_every_point_is_seen_and_gives_what_it_promises(plug_ins: PlugIns) -> None:
    """A plug-in at every point names the point and all its variables; an undefined one would be an error."""
    plug_ins.add(
        "everywhere",
        {
            f"{point.name}.html": f"<!--point {point.name}-->"
            + "".join(
                "{% if " + one + " is undefined %}<!--without " + one + "-->{% endif %}"
                for one in point.variables
            )
            for point in EXTENSION_POINTS.values()
        },
    )
    await open_shop()
    individual, administrator, employee = await shopper(), await company(), await staff_member()
    buyer = await individual.signed_in()
    number = await order(buyer, "TEA")
    await add(buyer, "TEA")
    paths = {
        "shop": ("/", "/register/individual", "/register/done"),
        "business": ("/", "/register/smb", "/register/done"),
        "shop, signed in": (
            *("/account", "/account/profile", "/account/addresses/new", "/basket"),
            f"/account/orders/{number}",
        ),
        "business, signed in": (
            "/account",
            "/account/profile",
            "/account/addresses/new",
            "/account/company",
        ),
        "back office": (f"/customers/{individual.number}", f"/customers/{administrator.number}"),
    }
    people = {
        "shop": await visit("shop"),
        "business": await visit("business"),
        "shop, signed in": buyer,
        "business, signed in": await administrator.signed_in(),
        "back office": await employee.signed_in(),
    }
    seen: set[str] = set()
    for who, addresses in paths.items():
        for address in addresses:
            page = await people[who].get(address)
            assert page.status == 200, f"{who}: {address}"
            seen |= set(re.findall(r"<!--point (\S+)-->", page.html))
            assert not re.findall(r"<!--without \w+-->", page.html), f"{who}: {address}"
    assert seen == set(EXTENSION_POINTS)


if __name__ == "__main__":
    print(points_table())
