"""The files of the chat page: `GET /chat/media/{id}` shows one, `POST /chat/media` takes one that an operator attaches.

In: requests of a browser. Out: the file, or our id of it, for who is logged in as some agent; an id cannot be guessed,
and stands in the records of the file's agent alone. The page has no token: the store of files is used here.
"""

from aiohttp import web

from app.core.media import LARGEST
from app.stores.media import MediaStore
from web.chat.access import Access, foreign
from web.media import serve
from web.media_upload import take


class Files:
    """Serves files to the page, and takes its own."""

    def __init__(self, access: Access, store: MediaStore) -> None:
        self._access = access
        self._store = store

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        router.add_get("/chat/media/{id}", self.file)
        router.add_post("/chat/media", self.attach)

    async def file(self, request: web.Request) -> web.StreamResponse:
        """A file, or why there is none."""
        return self._stranger(request) or await serve(self._store, request)

    async def attach(self, request: web.Request) -> web.StreamResponse:
        """Keep a file an operator attaches; it is sent when the page says so, over its socket."""
        return self._stranger(request) or await take(self._store, request, LARGEST)

    def _stranger(self, request: web.Request) -> web.Response | None:
        self._access.need_register()
        if not foreign(request) and self._access.agents_of(self._access.login(request)):
            return None
        return web.json_response({"error": "files are for operators who are logged in: log in again"}, status=403)
