"""What Django itself serves: the administration pages and a sign at the door. All else is ``filegraph.application``."""

from __future__ import annotations

import sys

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.html import format_html, format_html_join

from authz.errors import AuthorizationUnavailable
from storage.outages import outage_of

PLACES = (
    ("/graphql", "POST a GraphQL operation as JSON"),
    ("/graphql/schema.graphql", "the schema, with every field and argument described"),
    ("/admin/", "pages for administrators"),
    ("/readyz", "whether everything works"),
)
DOCUMENTATION = "The documentation is in the folder docs/ of the source; `filegraph --help` lists the commands."

admin.site.site_header = admin.site.site_title = "Filegraph"
admin.site.index_title = "Administration"
admin.site.index_template = "accounts/administration.html"


def sign(request: HttpRequest) -> HttpResponse:
    """Say where things are: in HTML to a browser, else in plain text."""
    if "text/html" in request.headers.get("accept", ""):
        places = format_html_join("\n", '<li><a href="{0}">{0}</a>: {1}</li>', PLACES)
        page = '<!doctype html><html lang="en"><title>Filegraph</title><h1>Filegraph</h1><ul>{}</ul><p>{}</p></html>\n'
        answer = HttpResponse(format_html(page, places, DOCUMENTATION))
    else:
        lines = "\n".join(f"{place:<25} {meaning}" for place, meaning in PLACES)
        answer = HttpResponse(f"Filegraph\n\n{lines}\n\n{DOCUMENTATION}\n", content_type=_PLAIN)
    answer.headers["Vary"] = "Accept"
    return answer


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer what the administration pages do not take."""
    return HttpResponse("These pages do not take such a request.\n", content_type=_PLAIN, status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer who may not open a page. Nobody may open some: their rows are changed elsewhere."""
    sentence = "You may not do this here. What these pages do not offer is done by `filegraph` commands or GraphQL."
    return HttpResponse(f"{sentence}\n", content_type=_PLAIN, status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer for a page that is not there."""
    return HttpResponse(
        "There is no such page. The administration starts at /admin/.\n", content_type=_PLAIN, status=404
    )


def failed(request: HttpRequest) -> HttpResponse:
    """Answer when something should not have happened, or a part of the installation is away; the log has it."""
    # Django calls this while it handles the exception.
    error = sys.exception()
    outage = error if isinstance(error, AuthorizationUnavailable) else outage_of(error) if error is not None else None
    if outage is not None:
        return HttpResponse(f"{outage.message}\n", content_type=_PLAIN, status=503, headers={"Retry-After": "2"})
    return HttpResponse("Something went wrong on our side; the log says what.\n", content_type=_PLAIN, status=500)


_PLAIN = "text/plain; charset=utf-8"

urlpatterns = [path("", sign), path("admin/", admin.site.urls)]
handler400, handler403, handler404, handler500 = bad_request, forbidden, not_found, failed
