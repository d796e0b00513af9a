"""Parts of pages that are the same for many visitors: `{% kept categories %} … {% endkept %}`.

What stands between is rendered once for each application, language and set of values after `kept` (there may
be none), and then kept by the process. It may depend on these and on nothing else (security.md, Input and
output: nothing keyed by less than the audience is ever kept). A part that names something of one visitor, or
lets other templates in, does not compile.

What is of one visitor can be put into a kept part: `{% kept here with visitor.name %} … {{ hole }} … {% endkept %}`.
The values after `with` are not kept; each stands, escaped, in the place of one `hole`, in their order.
"""

import itertools
from collections import OrderedDict
from typing import Any

from jinja2 import Environment, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.runtime import Context
from markupsafe import Markup, escape

from app.languages import current_language

# Values of one visitor or one request.
OF_ONE_VISITOR = frozenset(
    {"visitor", "request", "csrf_input", "csrf_field", "current_path", "in_basket", "flash", "form"}
)
# Beyond it those that nobody asked for the longest are forgotten: old versions of the catalog must not fill the
# memory.
MOST = 2000
# Stands in a part where a value is put in each time; no text has this letter.
HOLE = Markup("\0")

_numbers = itertools.count()


class KeptTag(Extension):
    """The tag. Each environment keeps its own parts, and a template that is compiled anew starts anew."""

    tags = {"kept"}  # noqa: RUF012  # Jinja declares it so

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        # Each part as what stands before, between and after its holes.
        self._kept: OrderedDict[tuple[object, ...], list[str]] = OrderedDict()
        environment.globals["hole"] = HOLE

    def parse(self, parser: Parser) -> nodes.Node:
        """Compiles the tag to a call of `_keep` with the part as a macro."""
        line = next(parser.stream).lineno
        values = _tuple(parser)
        put_in = _tuple(parser) if parser.stream.skip_if("name:with") else nodes.Tuple([], "load")
        body = parser.parse_statements(("name:endkept",), drop_needle=True)
        for node in body:
            self._refuse_what_differs(node, parser, line)
        call = self.call_method(
            "_keep", [nodes.ContextReference(), nodes.Const(next(_numbers)), values, put_in]
        )
        return nodes.CallBlock(call, [], [], body).set_lineno(line)

    def _refuse_what_differs(self, body: nodes.Node, parser: Parser, line: int) -> None:
        named = {name.name for name in [body, *body.find_all(nodes.Name)] if isinstance(name, nodes.Name)}
        differing = sorted(named & OF_ONE_VISITOR)
        if differing:
            parser.fail(f"a kept part must not depend on {differing[0]}, which is one visitor's own.", line)
        for kind in (nodes.DerivedContextReference, nodes.Include):
            if isinstance(body, kind) or body.find(kind) is not None:
                parser.fail("a kept part must not let in other templates, which may show anything.", line)

    def _keep(
        self, context: Context, number: int, values: tuple[Any, ...], put_in: tuple[Any, ...], caller: Any
    ) -> Markup:
        asked_for = [tuple(one) if isinstance(one, list) else one for one in values]
        key = (number, context["application"].id, current_language.get(), *asked_for)
        found = self._kept.get(key)
        if found is None:
            found = str(caller()).split(HOLE)
            if len(found) != len(put_in) + 1:
                raise ValueError(f"A kept part has {len(found) - 1} holes for {len(put_in)} values.")
            if len(self._kept) >= MOST:
                self._kept.popitem(last=False)
            self._kept[key] = found
        else:
            self._kept.move_to_end(key)
        if not put_in:
            return Markup(found[0])  # rendered by an autoescaping template
        made = [found[0]]
        for value, after in zip(put_in, found[1:], strict=True):
            made += (escape(value), after)
        return Markup("".join(made))  # of the same, and of escaped values


def _tuple(parser: Parser) -> nodes.Tuple:
    """The expressions up to `with` or the end of the tag."""
    found: list[nodes.Expr] = []
    while parser.stream.current.type != "block_end" and not parser.stream.current.test("name:with"):
        if found:
            parser.stream.expect("comma")
        found.append(parser.parse_expression())
    return nodes.Tuple(found, "load")
