"""Error pages: what happened and what to do, in the look of the shop, with a request id and nothing secret."""

from typing import Any

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.types import Scope

from app.access import (
    AccessRefused,
    AuthenticationNeeded,
    BeyondBranch,
    NotPermitted,
    OnlyLooking,
    Refusal,
    SignInNeeded,
)
from app.bodies import BodyRefused
from app.cross_site import give_up_open_forms
from app.customers.types import CustomerTypeMissing
from app.flash import Flash
from app.languages import gettext as _
from app.languages import text
from app.links import links_of, page_of_form
from app.other_customers import OfOtherCustomer
from app.pages import page_variables, render, see
from app.request_id import current_request_id
from app.visitor import Visitor
from tables.engine import DatabaseUnavailable
from tables.repeating import MUST_BE_REPEATED

log = structlog.get_logger()

HEADINGS = {
    400: text("We could not read that"),
    403: text("This page is not for you"),
    404: text("Page not found"),
    405: text("That is not possible here"),
    409: text("Somebody was faster"),
    413: text("That was too much"),
    422: text("Something is missing"),
    429: text("Too many tries"),
    500: text("Something went wrong"),
    503: text("Back in a moment"),
}
EXPLANATIONS = {
    400: text("The request did not arrive in a form that we understand. Please go back and try again."),
    403: text("Your account may not open this page. If you think that it should, please ask us."),
    404: text("The address may be mistyped, or the page has moved. The home page shows the way."),
    405: text("The address exists, but not for what was asked of it. Please start again from the home page."),
    409: text(
        "Somebody else changed the same thing while you had it open. "
        "Please go back, reload the page and look at what is there now."
    ),
    413: text("What you sent is larger than we accept. Please send less at a time."),
    422: text("Something in the request is missing or wrong. Please go back and check it."),
    429: text("There were too many tries in a short time. Please wait a little and try again."),
    500: text("This is our fault, not yours. We have noted it; please try again in a moment."),
    503: text("We are very busy or being repaired. Nothing is lost; please try again in a moment."),
}
STALE_FORM_HEADING = text("Please try that once more")
STALE_FORM = text(
    "This form was open for too long, was opened for another company, or came from another site. "
    "Please go back, reload the page and try again."
)
SESSION_ENDED = text("You are not signed in here any more. Please sign in again.")
SIGNED_OUT_MEANWHILE = text(
    "You were signed out meanwhile, so nothing was saved. Please sign in, and then fill in the form once more."
)
BEYOND_BRANCH = text(
    "You see a branch of the organisations, and this reaches beyond it: it may hold for customers outside. "
    "Only staff who see all customers can change it; please ask one of them."
)
TYPE_MISSING_HEADING = text("Your account cannot be used at the moment")
TYPE_MISSING = text(
    "Something that your account needs is missing at our side. Please try again later, or ask us."
)
TYPE_MISSING_FOR_STAFF_HEADING = text("The customer type is missing")
ONLY_LOOKING_HEADING = text("You only look")
ONLY_LOOKING = text(
    "You look at the shop as another role, and nothing is changed meanwhile. "
    "Please stop looking as this role first, and then do it as yourself."
)


class TooManyTries(Exception):
    """A limit is reached; `seconds` says when to try again."""

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class TooBusy(Exception):
    """A queue is full; `seconds` says when to try again."""

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class StaleForm(Exception):
    """The token against forged requests is missing, old or foreign."""


class NotThereYet(Exception):
    """What was asked for will be there later; the sentence, in English and to be translated, says when."""


class Conflict(Exception):
    """Somebody else changed the same thing meanwhile."""


def answer_error(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """The answer to an exception: a redirect to the sign-in or a switch, the page of a refusal, an error page.

    A request that has to be run again gets an empty one, which app.main keeps back.
    """
    if isinstance(error, MUST_BE_REPEATED):
        request.scope["ended_by"] = error  # type: ignore[typeddict-unknown-key]  # read by app.main
        return Response(b"", status_code=503)
    if isinstance(error, SignInNeeded):
        return _to_sign_in(request)
    if isinstance(error, AuthenticationNeeded):
        return _to_sign_in_again(request)
    if isinstance(error, AccessRefused):
        return refusal_page(request, error.reason)
    if isinstance(error, CustomerTypeMissing):
        return _type_is_missing(request, error)
    if isinstance(error, OfOtherCustomer):
        return see(
            request, "switch_customer", customer=error.number, next=page_variables(request)["current_path"]
        )
    status, headers, explanation = _status_of(error)
    if status >= 500:
        log_error(error, status)
    answer = error_page(
        request.scope,
        status,
        heading=_heading_of(error),
        explanation=explanation,
        retry_after=_seconds(headers),
    )
    answer.headers.update(headers)
    if _is_csrf_failure(error):
        # A stale cookie: the next page could not be sent either.
        give_up_open_forms(answer, request.scope["visitor"].application)  # type: ignore[typeddict-item]  # by app.main
    return answer


def error_page(
    scope: Scope,
    status: int,
    *,
    heading: str | None = None,
    explanation: str | None = None,
    retry_after: int | None = None,
) -> Response[str]:
    """The page of an error status. It needs no database; without a known visitor it is the plain page."""
    shown = status if status in HEADINGS else (400 if status < 500 else 500)
    context = {
        "status": status,
        "heading": _(heading or HEADINGS[shown]),
        "explanation": _(explanation or EXPLANATIONS[shown]),
        "request_id": current_request_id.get(),
        "retry_after": retry_after,
    }
    if scope.get("visitor") is not None:
        try:
            body = render("errors/error.html", page_variables(Request(scope)) | context)
            return Response(body, status_code=status, media_type="text/html")
        except Exception as error:  # an error page must never fail: the plain one follows
            log_error(error, 500)
    body = render("errors/plain.html", context | {"language": "en"})
    return Response(body, status_code=status, media_type="text/html")


def refusal_page(request: Request[Any, Any, Any], reason: Refusal) -> Response[Any]:
    """Tells a person whose password was right why this application is closed to them."""
    from app.sign_in.refused import refused

    return refused(request, reason)


def told_type_missing(customer_type_id: str) -> str:
    """What staff read of customers whose type is not installed any more, and what to do, in their language."""
    return _(
        "The customer type “%(type)s” is not installed. Its customers cannot sign in, and what depends on the type "
        "cannot be done. Install its package again and restart Patron.",
        type=customer_type_id,
    )


def _type_is_missing(request: Request[Any, Any, Any], error: CustomerTypeMissing) -> Response[Any]:
    """Says what is missing to staff, who can have it put right; others read that it is not their fault."""
    log.error("customer type missing", customer_type=error.id)
    visitor: Visitor | None = request.scope.get("visitor")  # type: ignore[assignment]  # put there by app.main
    if visitor is not None and visitor.is_staff:
        told = told_type_missing(error.id)
        return error_page(request.scope, 409, heading=TYPE_MISSING_FOR_STAFF_HEADING, explanation=told)
    return error_page(request.scope, 409, heading=TYPE_MISSING_HEADING, explanation=TYPE_MISSING)


def log_error(error: BaseException, status: int) -> None:
    """Logs an exception with its traceback; a database that is away is one line."""
    if isinstance(error, DatabaseUnavailable):
        log.error("database unavailable", error=str(error))
    else:
        log.error("request failed", status=status, exc_info=error)


def _status_of(error: Exception) -> tuple[int, dict[str, str], str | None]:
    match error:
        case BodyRefused():
            return error.status_code, {}, None
        case BeyondBranch():
            return 403, {}, BEYOND_BRANCH
        case NotPermitted():
            return 403, {}, None
        case OnlyLooking():
            return 403, {}, ONLY_LOOKING
        case StaleForm():
            return 403, {}, STALE_FORM
        case NotThereYet():
            return 404, {}, str(error)
        case Conflict():
            return 409, {}, None
        case TooManyTries():
            return 429, {"Retry-After": str(error.seconds)}, None
        case TooBusy():
            return 503, {"Retry-After": str(error.seconds)}, None
        case DatabaseUnavailable():
            return 503, {"Retry-After": "5"}, None
        case HTTPException():
            explanation = STALE_FORM if _is_csrf_failure(error) else None
            return error.status_code, dict(error.headers or {}), explanation
        case UnicodeDecodeError():
            return 400, {}, None
        case _:
            return 500, {}, None


def _heading_of(error: Exception) -> str | None:
    """Another heading than that of the status, which would say of a form that was open for long what is not so."""
    if isinstance(error, OnlyLooking):
        return ONLY_LOOKING_HEADING
    return STALE_FORM_HEADING if isinstance(error, StaleForm) or _is_csrf_failure(error) else None


def _is_csrf_failure(error: Exception) -> bool:
    return isinstance(error, HTTPException) and "CSRF" in str(error.detail)


def _to_sign_in(request: Request[Any, Any, Any]) -> Response[Any]:
    # Nobody knows who will sign in now: what was typed is not kept for whoever comes next at this browser.
    said = _(SIGNED_OUT_MEANWHILE)
    if _is_page(request):
        said = _(SESSION_ENDED) if _had_a_session(request) else ""
    return see(
        request, "sign_in", next=_page_asked_for(request), flash=Flash(said, "warning") if said else None
    )


def _had_a_session(request: Request[Any, Any, Any]) -> bool:
    """Whether somebody was signed in at this browser who did not sign out: the session was ended elsewhere, or by
    time. Who has signed out knows it, and the cookie has gone."""
    application = request.scope["visitor"].application  # type: ignore[typeddict-item]  # put there by app.main
    return application.cookie_name("session") in request.cookies


def _to_sign_in_again(request: Request[Any, Any, Any]) -> Response[Any]:
    return see(request, "sign_in_again", next=_page_asked_for(request))


def _page_asked_for(request: Request[Any, Any, Any]) -> str | None:
    """Where a person goes on who has to sign in first. A form cannot be sent on then: its page is shown again."""
    if _is_page(request):
        return str(page_variables(request)["current_path"])
    visitor: Visitor = request.scope["visitor"]  # type: ignore[typeddict-item]  # put there by app.main
    found = page_of_form(visitor.application, request.headers.get("referer", ""))
    # Who has just signed in is not asked to sign in.
    is_door = found is not None and found.startswith(links_of(visitor.application).path("sign_in"))
    return None if is_door else found


def _is_page(request: Request[Any, Any, Any]) -> bool:
    return request.method in ("GET", "HEAD")


def _seconds(headers: dict[str, str]) -> int | None:
    return int(headers["Retry-After"]) if "Retry-After" in headers else None
