"""What the forms of order templates ask."""

from typing import Annotated

from app.basket.quantities import Quantity
from app.forms import Flag, Form, Text
from app.languages import text

# From what a new template is made.
FROM_BASKET, FROM_ORDER, EMPTY = "basket", "order", "nothing"
SOURCE_NAMES = {
    FROM_BASKET: text("What is in your basket"),
    FROM_ORDER: text("What was ordered"),
    EMPTY: text("Nothing yet"),
}


class TemplateForm(Form):
    """A name, and whether colleagues see it."""

    name: Annotated[str, Text(max_length=200)]
    is_shared: Annotated[bool, Flag()]
    version: Annotated[str, Text(max_length=10, required=False)]


class NewTemplateForm(Form):
    """A template that is about to be made. What it is made from is no entry: the routes judge it."""

    name: Annotated[str, Text(max_length=200)]
    is_shared: Annotated[bool, Flag()]
    source: Annotated[str, Text(max_length=20, required=False)]
    order: Annotated[str, Text(max_length=40, required=False)]


class NewLineForm(Form):
    """A product and how many of it."""

    sku: Annotated[str, Text(max_length=60)]
    quantity: Annotated[int, Quantity()]


class LineForm(Form):
    """How many it shall be; 0 takes the line out."""

    quantity: Annotated[int, Quantity(least=0)]
