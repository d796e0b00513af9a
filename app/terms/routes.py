"""The pages of the terms, the privacy policy and the imprint.

Their texts are templates in `templates/terms/`; a shop writes its own there and raises `terms_version` in its
`applications.toml`, so that consents name what was agreed to.
"""

from litestar import get

from app.access import anyone
from app.pages import Page


@get("/terms", name="terms", guards=[anyone])
async def terms() -> Page:
    """The terms and conditions, with their version."""
    return Page("terms/terms.html")


@get("/privacy", name="privacy", guards=[anyone])
async def privacy() -> Page:
    """The privacy policy, with its version."""
    return Page("terms/privacy.html")


@get("/imprint", name="imprint", guards=[anyone])
async def imprint() -> Page:
    """Who is behind the shop."""
    return Page("terms/imprint.html")


routes = [terms, privacy, imprint]
