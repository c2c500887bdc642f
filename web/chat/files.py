"""Shows the files of users to operators: `GET /chat/media/{id}`.

In: a request of a browser. Out: the file, for who is logged in as some agent; an id cannot be guessed, and stands in
the records of the file's agent alone. The page has no token: the files' directory is read here.
"""

from aiohttp import web

from app.stores.media import MediaStore
from web.chat.access import Access, foreign
from web.media import serve


class Files:
    """Serves files to the page."""

    def __init__(self, access: Access, store: MediaStore) -> None:
        self._access = access
        self._store = store

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Add the route."""
        router.add_get("/chat/media/{id}", self.file)

    async def file(self, request: web.Request) -> web.StreamResponse:
        """A file, or why there is none."""
        if foreign(request) or not self._access.agents_of(self._access.login(request)):
            raise web.HTTPForbidden(text="files are for operators who are logged in")
        return await serve(self._store, request)
