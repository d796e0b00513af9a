"""All pages, each looked at once: anybody can use them (WCAG 2.2 AA), and the strict policy refuses nothing on them."""

from collections.abc import Awaitable, Callable

import pytest

from tests.browser.looking import Report
from tests.browser.selling_stops import ALL_STOPS
from tests.browser.stops import Stop

ReportOf = Callable[[Stop], Awaitable[Report]]


@pytest.mark.parametrize("stop", ALL_STOPS, ids=lambda stop: stop.name)
async def test_a_page_is_accessible(stop: Stop, report_of: ReportOf) -> None:
    report = await report_of(stop)
    assert report.status == stop.status, report.heading
    assert report.violations == []
    assert report.sticking_out == [], "one must scroll sideways at 320 px"
    assert report.language in ("en", "de")
    assert " – Patron" in report.title
    assert report.heading


@pytest.mark.parametrize("stop", ALL_STOPS, ids=lambda stop: stop.name)
async def test_nothing_is_refused_fails_or_comes_from_elsewhere(stop: Stop, report_of: ReportOf) -> None:
    assert (await report_of(stop)).problems == []
