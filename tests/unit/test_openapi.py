"""docs/openapi.json is what the admin API serves, and names every route there is.

`python -m tests.unit.test_openapi` writes it anew.
"""

import json
from pathlib import Path

from web.admin.document import openapi
from web.admin.install import NUMBERS, PEOPLE, ROUTES, SESSIONS

FILE = Path(__file__).parents[2] / "docs" / "openapi.json"


def written() -> str:
    """The document as it stands in its file."""
    return json.dumps(openapi(), indent=1) + "\n"


def test_the_file_is_what_is_served() -> None:
    assert FILE.read_text() == written(), "run `make schema`"


def test_every_route_and_method_is_in_the_document() -> None:
    routes = {
        path: {method for method in ("get", "post", "put", "delete") if method in vars(view)}
        for path, view in (*ROUTES, *SESSIONS, *NUMBERS, *PEOPLE)
    }
    assert {path: set(calls) for path, calls in openapi()["paths"].items()} == routes


if __name__ == "__main__":
    FILE.write_text(written())
