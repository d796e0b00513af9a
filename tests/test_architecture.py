"""Architecture: what may know of what, and how files are made (architecture.md, style.md)."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent
APP = PROJECT / "app"
LONGEST_FILE = 400

# Modules that put the program together: they may import everything but customer types.
ASSEMBLY = {"main", "cli", "server", "worker", "check", "litestar_apps", "routes", "migrations"}
# What an area may import besides the modules directly in app/. Arrows point from the visible to the basic.
AREAS: dict[str, set[str]] = {
    "terms": set(),
    "mail": set(),
    "customers": {"mail"},
    "segments": {"customers"},
    "prices": {"segments"},
    "organisations": {"customers", "segments"},
    "contracts": {"customers", "mail", "orders", "segments"},
    "catalog": {"prices", "segments"},
    "marketing": {"catalog", "segments"},
    "basket": {"catalog", "customers", "marketing", "prices", "segments"},
    # The visitor's basket becomes the person's at the sign-in.
    "sign_in": {"basket", "customers", "mail", "segments"},
    "newsletter": {"customers", "mail", "sign_in"},
    "registration": {"customers", "mail", "newsletter", "segments", "sign_in"},
    # The people of a customer with many users: who they are, what they may, what they did.
    "company_users": {"account", "customers", "mail", "registration", "requisitions", "segments", "sign_in"},
    # Its overview tells what is open anywhere.
    "account": {
        "customers",
        "mail",
        "newsletter",
        "orders",
        "personal_data",
        "registration",
        "requisitions",
        "segments",
        "sign_in",
    },
    "orders": {"basket", "catalog", "customers", "mail", "marketing", "segments", "sign_in"},
    "checkout": {"account", "basket", "customers", "orders", "requisitions", "segments", "sign_in"},
    "quick_order": {"basket", "catalog", "customers"},
    "order_templates": {"account", "basket", "catalog", "customers", "orders"},
    "requisitions": {"basket", "catalog", "customers", "mail", "marketing", "orders", "prices", "segments"},
    # Who asks for their data is answered like somebody who registers: after the same time, whoever it is.
    "personal_data": {"customers", "mail", "registration", "segments", "sign_in"},
    "back_office": {
        "catalog",
        "contracts",
        "checkout",
        "customers",
        "mail",
        "marketing",
        "newsletter",
        "orders",
        "organisations",
        "personal_data",
        "prices",
        "registration",
        "segments",
        "sign_in",
    },
    "customer_types": {"customers", "registration"},
    "demo": {
        "back_office",
        "basket",
        "catalog",
        "checkout",
        "company_users",
        "contracts",
        "customers",
        "marketing",
        "order_templates",
        "orders",
        "organisations",
        "prices",
        "registration",
        "requisitions",
        "segments",
        "sign_in",
    },
}
# Single arrows that point the other way, with the reason.
EXCEPTIONS = {
    # Enabling, approving and moving people ends their sessions and sends them links.
    ("customers.activation", "sign_in.password_mails"),
    ("customers.activation", "sign_in.sessions"),
    ("customers.approval", "sign_in.link_tokens"),
    # The profile tells how somebody likes to pay, and the checkout begins with it.
    ("account.profile", "checkout.payments"),
    ("account.routes", "checkout.payments"),
    # Whoever disables or deletes a user may meet the last staff member with all privileges.
    ("customers.activation", "back_office.all_privileges"),
    ("personal_data.deletion", "back_office.all_privileges"),
    # Who chooses a password by a mailed link has read their mail: what waits for that goes on.
    ("sign_in.reset", "registration.verify_email"),
    # What decides a customer's segments changes here.
    ("customers.activation", "segments.segmentation_services"),
    ("customers.addresses", "segments.segmentation_services"),
    ("customers.creation", "segments.segmentation_services"),
    ("customers.custom_attributes", "segments.segmentation_services"),
    ("customers.merging", "segments.segmentation_services"),
    ("customers.merging", "sign_in.sessions"),
    ("customers.moving", "segments.segmentation_services"),
    ("customers.moving", "sign_in.password_mails"),
    ("customers.moving", "sign_in.sessions"),
    ("customers.rows_brought_back", "sign_in.sessions"),
    ("customers.undoing_merges", "segments.segmentation_services"),
    # An order knows the name of its way of payment, and placing asks the provider that was chosen.
    ("orders.order", "checkout.payments"),
    ("orders.payment", "checkout.payments"),
    ("orders.wish", "checkout.payments"),
    # An order beyond its buyer's limits is none yet.
    ("orders.placing", "requisitions.budgets"),
    ("orders.wish", "requisitions.budgets"),
    # What is approved is looked at anew: whether its delivery and payment are still offered.
    ("requisitions.checking", "checkout.payments"),
    ("requisitions.checking", "checkout.shipping"),
    ("requisitions.deciding", "checkout.payments"),
    ("requisitions.requisition", "checkout.payments"),
    # Customers are looked for by the segments that they are in.
    ("customers.search", "segments.customer_groups"),
    ("customers.search", "segments.membership"),
    # The audience is part of who a visitor is; it is found out by the same query.
    ("visitor", "segments.audience"),
    ("visitor", "segments.membership"),
    # Content slots are a word of the template language.
    ("pages", "marketing.content"),
    # So is what a visitor may do: permissions decide which buttons a page shows.
    ("pages", "customers.permissions"),
    # The gate's answer to a refused person is a page of the sign-in; imported when it is needed.
    ("errors", "sign_in.refused"),
    # Discovery, the only one that knows where customer types are.
    ("customers.types", "customer_types"),
}
# Of the areas, the modules directly in app/ know only what a customer type is.
KNOWN_TO_FOUNDATION = {"customers.types"}
# Of the program, tables know only where the database is.
KNOWN_TO_TABLES = {"settings"}


@cache
def modules() -> dict[str, Path]:
    """Every module of app/ (named without "app.") and tables/."""
    found = {}
    for path in sorted(APP.rglob("*.py")):
        found[_name(path.relative_to(APP))] = path
    for path in sorted((PROJECT / "tables").glob("*.py")):
        found[_name(path.relative_to(PROJECT))] = path
    return found


def _name(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__").removesuffix("__init__")


def imports(path: Path) -> Iterator[str]:
    """The modules of the program that a file imports, at its top or within a function."""
    for node in ast.walk(_tree(path)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [one.name for one in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path} imports relatively"
            for one in node.names:
                full = f"{node.module}.{one.name}".removeprefix("app.")
                names.append(full if full in modules() else node.module)
        for name in names:
            known = name.removeprefix("app.")
            if known in modules() and (
                name.startswith("app.") or known.startswith("tables") or known == name
            ):
                yield known


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def area(module: str) -> str:
    """The area of a module, "" for those directly in app/."""
    first = module.partition(".")[0]
    return first if (APP / first).is_dir() or first == "tables" else ""


def test_every_area_is_in_the_list() -> None:
    folders = {path.name for path in APP.iterdir() if (path / "__init__.py").is_file()}
    assert folders == set(AREAS), "say in AREAS what the area may import"


def test_arrows_point_from_the_visible_to_the_basic() -> None:
    wrong = []
    for module, path in modules().items():
        if area(module) == "tables":
            continue
        for imported in imports(path):
            other = area(imported)
            if other in ("", "tables", area(module)) or (module, imported) in EXCEPTIONS:
                continue
            if area(module) == "":
                if module in ASSEMBLY and other != "customer_types":
                    continue
                if imported in KNOWN_TO_FOUNDATION:
                    continue
            elif other in AREAS[area(module)]:
                continue
            wrong.append(f"{module} imports {imported}")
    assert not wrong, "\n".join(wrong)


def test_exceptions_are_still_needed() -> None:
    for module, imported in EXCEPTIONS:
        assert imported in set(imports(modules()[module])), f"{module} no longer imports {imported}"


def test_areas_point_in_no_circle() -> None:
    def reachable(start: str, seen: frozenset[str]) -> None:
        for other in AREAS[start]:
            assert other not in seen, f"{start} and {other} point at each other"
            reachable(other, seen | {other})

    for one in AREAS:
        reachable(one, frozenset({one}))


def test_nothing_but_discovery_imports_a_customer_type() -> None:
    for module, path in modules().items():
        if area(module) == "customer_types":
            continue
        found = [one for one in imports(path) if one.startswith("customer_types")]
        assert not found or module == "customers.types", module


def test_tables_know_nothing_of_the_program() -> None:
    for module, path in modules().items():
        if area(module) == "tables":
            known = {one for one in imports(path) if area(one) != "tables"}
            assert known <= KNOWN_TO_TABLES, module


def test_the_foundation_does_not_import_the_assembly() -> None:
    for module, path in modules().items():
        if module in ASSEMBLY or area(module) == "tables":
            continue
        assembled = {one for one in imports(path) if one in ASSEMBLY}
        assert not assembled, f"{module} imports {assembled}"


def test_no_file_is_named_after_nothing() -> None:
    empty = re.compile(r"(?:^|_)(?:utils?|helpers?|common|managers?|services?|base|misc|stuff)(?:_|$)")
    for folder in ("app", "templates", "tables", "tests", "static"):
        for path in (PROJECT / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts and "vendor" not in path.parts:
                # The list of common passwords is called what it is; segmentation services and account managers
                # are words of the field.
                named = path.stem.removeprefix("common_passwords").removesuffix("segmentation_services")
                named = named.removesuffix("account_managers")
                assert not empty.search(named), path


def test_only_customer_types_name_a_customer_type() -> None:
    """Code asks a customer for an extension, never for the name of its type (domain.md 2)."""
    for module, path in modules().items():
        if area(module) in ("customer_types", "demo"):
            continue
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.Compare):
                sides = [node.left, *node.comparators]
                words = [ast.unparse(one) for one in sides]
                literal = any(isinstance(one, ast.Constant) and isinstance(one.value, str) for one in sides)
                assert not (literal and any("customer_type" in one for one in words)), (
                    f"{path}:{node.lineno} compares {' and '.join(words)}"
                )
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert node.value not in ("SMB", "INDIVIDUAL"), f"{path}:{node.lineno} names {node.value}"
    for path in (PROJECT / "templates").rglob("*"):
        if path.is_file():
            source = re.sub(r"{#.*?#}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
            assert not re.search(r"""["'](?:SMB|INDIVIDUAL)["']""", source), path


def test_files_are_short_enough_to_be_read() -> None:
    for folder in ("app", "tables", "tests", "templates"):
        for path in (PROJECT / folder).rglob("*"):
            if path.suffix in (".py", ".html") and "migrations" not in path.parts:
                lines = len(path.read_text(encoding="utf-8").splitlines())
                most = LONGEST_FILE if folder != "tests" else 600
                assert lines <= most, f"{path.relative_to(PROJECT)} has {lines} lines"


def test_every_module_says_what_it_is() -> None:
    for module, path in modules().items():
        if path.read_text(encoding="utf-8").strip():
            assert ast.get_docstring(_tree(path)), f"{module} has no docstring"
    for path in (PROJECT / "tests").rglob("*.py"):
        if path.read_text(encoding="utf-8").strip():
            assert ast.get_docstring(_tree(path)), f"{path} has no docstring"


# What the methods of these say for all that override them.
SAID_BY_THE_BASE = {"Condition": {"sql", "holds", "changes_with_time", "words", "problems"}}


def public(body: list[ast.stmt]) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    """Public functions and classes, and public methods of these that are not said by a base."""
    for node in body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        if not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                bases = [one.id for one in node.bases if isinstance(one, ast.Name)]
                said = set().union(*(SAID_BY_THE_BASE.get(one, set()) for one in bases))
                yield from (one for one in public(node.body) if one.name not in said)


def test_every_public_function_and_class_says_what_comes_back() -> None:
    silent = [
        f"{path.relative_to(PROJECT)}:{node.lineno} {node.name}"
        for path in modules().values()
        for node in public(_tree(path).body)
        if not ast.get_docstring(node)
    ]
    assert not silent, "\n".join(silent)


def test_the_program_prints_only_on_the_command_line() -> None:
    for module, path in modules().items():
        if module == "cli":
            continue
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in ("print", "breakpoint", "exec", "eval"), f"{path}:{node.lineno}"


def test_nothing_is_left_to_be_done_later() -> None:
    later = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")
    for folder in ("app", "tables", "templates", "tests", "static"):
        for path in (PROJECT / folder).rglob("*"):
            if path.suffix in (".py", ".html", ".css", ".js", ".toml", ".po") and "vendor" not in path.parts:
                assert not later.search(path.read_text(encoding="utf-8")), path


def test_exceptions_from_the_rules_of_the_tools_say_why() -> None:
    for folder in ("app", "tables", "tests"):
        for path in (PROJECT / folder).rglob("*.py"):
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                found = re.search(r"# (?:noqa|type: ignore)(.*)", line)
                if found and folder != "tests":
                    assert re.match(r"(?::[\w, ]+|\[[\w, -]+\])\s+#\s*\w.{3,}", found[1]), f"{path}:{number}"


def test_tests_neither_skip_nor_pretend() -> None:
    pretending = re.compile(
        r"pytest\.(?:skip|xfail|importorskip)|mark\.(?:skip|xfail)|unit" + r"test\.mock|Magic" + r"Mock"
    )
    for path in (PROJECT / "tests").rglob("*.py"):
        if path != Path(__file__):
            assert not pretending.search(path.read_text(encoding="utf-8")), path


def templates() -> list[Path]:
    """All templates of pages; those of mails have absolute links that were made for them."""
    return [
        path
        for folder in (PROJECT / "templates", APP / "customer_types")
        for path in sorted(folder.rglob("*.html"))
    ]


@pytest.mark.parametrize(
    "attribute", ["href", "action", "src", "formaction", "hx-get", "hx-post", "hx-push-url"]
)
def test_templates_have_no_links_written_by_hand(attribute: str) -> None:
    for path in templates():
        source = path.read_text(encoding="utf-8")
        for value in re.findall(rf"""\b{attribute}=["']([^"']*)""", source):
            assert value.startswith(("{{", "{%", "#", "mailto:", "https://schema.org/")) or not value, (
                f"{path}: {attribute}={value}"
            )
        for name in re.findall(r"\blink\(\s*([^\s,)]+)", source):
            assert not name.startswith(('"/', "'/")), f"{path}: link({name})"


def test_templates_turn_no_text_into_html() -> None:
    """Markup is made by templates; the `safe` filter would trust what somebody typed."""
    for path in templates():
        source = re.sub(r"{#.*?#}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        # A constant of the template itself may be trusted.
        assert not re.search(r"(?<!['\"])\s*\|\s*safe\b", source.replace("' |", "'|").replace('" |', '"|')), (
            path
        )
        assert "autoescape false" not in source, path


def test_templates_have_nothing_inline() -> None:
    for path in templates():
        if "mail" in path.parts:
            continue  # mail programs know no style sheets
        source = path.read_text(encoding="utf-8")
        assert not re.search(r"\sstyle=|\son[a-z]+=\"|<style|javascript:", source), path
        assert not re.search(r"<script(?![^>]*\bsrc=)", source), path
