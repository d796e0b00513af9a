"""Parts of pages that are the same for many visitors: `{% kept categories %} … {% endkept %}`.

What stands between is rendered once for each application, language and set of values after `kept` (there may
be none), and then kept by the process. It may depend on these and on nothing else (security.md, Input and
output: nothing keyed by less than the audience is ever kept). A part that names something of one visitor, or
lets other templates in, does not compile.
"""

import itertools
from typing import Any

from jinja2 import Environment, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.runtime import Context
from markupsafe import Markup

from app.languages import current_language

# Values of one visitor or one request.
OF_ONE_VISITOR = frozenset({"visitor", "request", "csrf_input", "current_path", "page_path", "flash", "form"})
# Beyond it all are forgotten: old versions of the catalog must not fill the memory.
MOST = 2000

_numbers = itertools.count()


class KeptTag(Extension):
    """The tag. Each environment keeps its own parts, and a template that is compiled anew starts anew."""

    tags = {"kept"}  # noqa: RUF012  # Jinja declares it so

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._kept: dict[tuple[object, ...], Markup] = {}

    def parse(self, parser: Parser) -> nodes.Node:
        """Compiles the tag to a call of `_keep` with the part as a macro."""
        line = next(parser.stream).lineno
        values: nodes.Expr = nodes.Tuple([], "load")
        if parser.stream.current.type != "block_end":
            values = parser.parse_tuple(with_condexpr=False)
        if not isinstance(values, nodes.Tuple):
            values = nodes.Tuple([values], "load")
        body = parser.parse_statements(("name:endkept",), drop_needle=True)
        for node in body:
            self._refuse_what_differs(node, parser, line)
        call = self.call_method("_keep", [nodes.ContextReference(), nodes.Const(next(_numbers)), values])
        return nodes.CallBlock(call, [], [], body).set_lineno(line)

    def _refuse_what_differs(self, body: nodes.Node, parser: Parser, line: int) -> None:
        named = {name.name for name in [body, *body.find_all(nodes.Name)] if isinstance(name, nodes.Name)}
        differing = sorted(named & OF_ONE_VISITOR)
        if differing:
            parser.fail(f"a kept part must not depend on {differing[0]}, which is one visitor's own.", line)
        for kind in (nodes.DerivedContextReference, nodes.Include):
            if isinstance(body, kind) or body.find(kind) is not None:
                parser.fail("a kept part must not let in other templates, which may show anything.", line)

    def _keep(self, context: Context, number: int, values: tuple[Any, ...], caller: Any) -> Markup:
        asked_for = (tuple(one) if isinstance(one, list) else one for one in values)
        key = (number, context["application"].id, current_language.get(), *asked_for)
        found = self._kept.get(key)
        if found is None:
            if len(self._kept) >= MOST:
                self._kept.clear()
            found = self._kept[key] = Markup(caller())  # rendered by an autoescaping template
        return found
