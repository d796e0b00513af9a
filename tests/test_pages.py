"""What every page has (app/pages.py)."""

import pytest
from litestar.testing import RequestFactory

from app.applications import all_applications
from app.main import Patron
from app.pages import Page
from app.visitor import Visitor


def test_a_page_cannot_hide_what_the_base_pages_need() -> None:
    shop, litestar = next(site for site in Patron(all_applications()).sites if site[0].id == "shop")
    request = RequestFactory(app=litestar).get("/")
    request.scope["visitor"] = Visitor(application=shop, language="en")  # type: ignore[typeddict-unknown-key]
    with pytest.raises(ValueError, match="must call its own values otherwise: flash, place"):
        Page("home.html", place="Hamburg", flash="sold").create_template_context(request)
