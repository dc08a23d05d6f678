"""The reference of the API as a page, made from its OpenAPI description."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from kantor.pages import template

router = APIRouter()


@router.get("/api", include_in_schema=False)
def reference(request: Request) -> HTMLResponse:
    """Every resource with its methods, parameters and answers."""
    described = request.app.openapi()
    return HTMLResponse(template("kantor.studio", "reference.html.j2").render(api=described))
