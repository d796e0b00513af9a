"""The check of every page that the tests fetch finds what it is there for, also on pages like one that was valid."""

import pytest

from tests.browser_like import check_html

VALID = (
    '<!doctype html><html lang="en"><head><title>Tea</title></head><body>'
    '<p class="note">Green &amp; black</p><a href="/tea?a=1&amp;b=2">Tea</a><table><tr><td>1</td></tr></table>'
    "</body></html>"
)


@pytest.mark.parametrize(
    ("was", "became"),
    [
        ("Green &amp; black", "Green &ampere black"),
        ("Green &amp; black", "Green </b> black"),
        ("Green &amp; black", "Green < black"),
        ('class="note"', 'class="note" class="note"'),
        ('class="note"', 'class="a"b"'),
        ("a=1&amp;b=2", "a=1&ampb;=2"),
        ("</table>", ""),
        ("</a>", ""),
        ("Green &amp; black", "Green \x00 black"),
    ],
)
def test_a_page_that_is_broken_is_found_although_a_page_like_it_was_valid(was: str, became: str) -> None:
    check_html(VALID, "the page")
    assert VALID.count(was) == 1
    with pytest.raises(AssertionError, match="the page is not valid HTML"):
        check_html(VALID.replace(was, became), "the page")


@pytest.mark.parametrize("text", ["Assam", "5 > 4", "„Earl Grey“ &#34;1&#34;", "a = 'b'", 'say "tea"', ""])
def test_other_words_are_no_other_page(text: str) -> None:
    check_html(VALID, "the page")
    check_html(VALID.replace("Green &amp; black", text), "the page")
