"""What Django itself serves: the administration pages and a sign at the door. All else is ``filegraph.application``."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import path

SIGN = """Filegraph

/graphql                  POST a GraphQL operation as JSON
/graphql/schema.graphql   the schema
/admin/                   pages for administrators
/readyz                   whether everything works
"""


def sign(request: HttpRequest) -> HttpResponse:
    """Say where things are."""
    return HttpResponse(SIGN, content_type="text/plain; charset=utf-8")


urlpatterns = [path("", sign), path("admin/", admin.site.urls)]
