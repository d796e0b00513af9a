"""Pages: what a page shows never hides what every page has."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.test_architecture import APP

# Forms of one customer type show the parts of that type alone, whatever else the application admits.
NARROWED = {"customer_types"}


def variables_of_every_page() -> set[str]:
    """The names that `page_variables` gives."""
    source = ast.parse((APP / "pages.py").read_text(encoding="utf-8"))
    (function,) = (
        one for one in ast.walk(source) if isinstance(one, ast.FunctionDef) and one.name == "page_variables"
    )
    (given,) = (one for one in ast.walk(function) if isinstance(one, ast.Dict))
    return {one.value for one in given.keys if isinstance(one, ast.Constant)}


def pages_made() -> Iterator[tuple[Path, ast.Call]]:
    """Each `Page(…)` of the program."""
    for file in sorted(APP.rglob("*.py")):
        for one in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(one, ast.Call) and isinstance(one.func, ast.Name) and one.func.id == "Page":
                yield file, one


def test_no_page_hides_a_variable_of_every_page() -> None:
    of_all = variables_of_every_page()
    assert {"visitor", "place", "link"} <= of_all
    made = list(pages_made())
    assert len(made) > 50
    for file, page in made:
        hidden = {one.arg for one in page.keywords} & of_all - NARROWED
        assert hidden == set(), f"{file.relative_to(APP)}:{page.lineno}: the layout needs {hidden}"
