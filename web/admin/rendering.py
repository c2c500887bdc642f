"""The templates of the admin page.

In: a template's name and values. Out: HTML without any inline script or style, in which every value is escaped.
"""

from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from web.admin.door import PAGE

TEMPLATES = Path(__file__).parent / "templates"
_ENVIRONMENT = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)


def page(name: str, status: int = 200, headers: dict[str, str] | None = None, **values: Any) -> web.Response:
    """A page with these values."""
    text = _ENVIRONMENT.get_template(name).render(**values)
    return web.Response(text=text, content_type="text/html", status=status, headers=headers)


def back(said: str, **query: str) -> web.HTTPSeeOther:
    """To the first page, which says that something was done."""
    return web.HTTPSeeOther(f"{PAGE}?{urlencode({**query, 'said': said})}")
