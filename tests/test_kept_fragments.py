"""Kept parts of pages: rendered once for what they depend on, and refused where they depend on a visitor."""

from types import SimpleNamespace

import pytest
from jinja2 import DictLoader, Environment, TemplateSyntaxError
from markupsafe import Markup

from app.extension_points import ExtensionPointTag
from app.kept_fragments import MOST, KeptTag
from app.languages import current_language

SHOP = SimpleNamespace(id="shop")
BUSINESS = SimpleNamespace(id="business")


class Rendered:
    """Templates that tell how often what stands in them was rendered."""

    def __init__(self) -> None:
        self.times = 0
        self.environment = Environment(
            loader=DictLoader({"other.html": ""}), autoescape=True, extensions=[KeptTag, ExtensionPointTag]
        )
        self.environment.globals["count"] = self.count

    def count(self) -> int:
        """How often it was called, this time included."""
        self.times += 1
        return self.times


@pytest.fixture
def rendered() -> Rendered:
    return Rendered()


def test_a_part_is_rendered_once_for_each_value(rendered: Rendered) -> None:
    page = rendered.environment.from_string(
        "{% kept one, two %}{{ one }}{{ two }}:{{ count() }}{% endkept %}"
    )
    seen = [page.render(application=SHOP, one=1, two=two) for two in ("a", "b", "a")]
    assert seen == ["1a:1", "1b:2", "1a:1"]


def test_lists_count_by_what_is_in_them(rendered: Rendered) -> None:
    page = rendered.environment.from_string("{% kept names %}{{ names | length }}:{{ count() }}{% endkept %}")
    seen = [page.render(application=SHOP, names=names) for names in (["a"], ["a"], ["b"])]
    assert seen == ["1:1", "1:1", "1:2"]


def test_applications_languages_and_places_never_share_a_part(rendered: Rendered) -> None:
    place = "{% kept %}{{ count() }}{% endkept %}"
    page = rendered.environment.from_string(place + place)
    assert page.render(application=SHOP) == "12"
    assert page.render(application=BUSINESS) == "34"
    before = current_language.set("de")
    assert page.render(application=SHOP) == "56"
    current_language.reset(before)
    assert page.render(application=SHOP) == "12"


def test_values_are_escaped_in_kept_parts(rendered: Rendered) -> None:
    page = rendered.environment.from_string("{% kept name %}{{ name }}{% endkept %}")
    assert [page.render(application=SHOP, name="<b>") for _ in range(2)] == ["&lt;b&gt;"] * 2


def test_old_parts_do_not_fill_the_memory(rendered: Rendered) -> None:
    page = rendered.environment.from_string("{% kept number %}{{ count() }}{% endkept %}")
    for number in range(MOST + 1):
        page.render(application=SHOP, number=number)
    assert page.render(application=SHOP, number=0) == str(MOST + 2)


@pytest.mark.parametrize(
    "inside",
    [
        "{{ visitor.name }}",
        "{% if flash %}x{% endif %}",
        "{{ csrf_input }}",
        '{% extension_point "layout/header" %}',
        '{% include "other.html" %}',
    ],
)
def test_a_part_that_may_show_something_of_one_visitor_does_not_compile(
    rendered: Rendered, inside: str
) -> None:
    with pytest.raises(TemplateSyntaxError, match="kept part"):
        rendered.environment.from_string("{% kept %}" + inside + "{% endkept %}")


def test_what_is_of_one_visitor_is_put_into_holes_each_time(rendered: Rendered) -> None:
    page = rendered.environment.from_string(
        "{% kept here with visitor, token %}{{ here }}:{{ hole }}:{{ hole }}:{{ count() }}{% endkept %}"
    )
    seen = [page.render(application=SHOP, here=1, visitor=one, token="<") for one in ("Ada", "<b>", "")]
    assert seen == ["1:Ada:&lt;:1", "1:&lt;b&gt;:&lt;:1", "1::&lt;:1"]


def test_html_is_put_into_holes_as_it_is(rendered: Rendered) -> None:
    page = rendered.environment.from_string("{% kept with token %}<p>{{ hole }}</p>{% endkept %}")
    assert page.render(application=SHOP, token=Markup("<i>1</i>")) == "<p><i>1</i></p>"


@pytest.mark.parametrize("inside", ["", "{{ hole }}{{ hole }}"])
def test_each_value_has_a_hole(rendered: Rendered, inside: str) -> None:
    page = rendered.environment.from_string("{% kept with one %}" + inside + "{% endkept %}")
    with pytest.raises(ValueError, match="holes"):
        page.render(application=SHOP, one="1")
