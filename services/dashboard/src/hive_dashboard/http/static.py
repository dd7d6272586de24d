"""The built page: its one document under the page's addresses, its assets under their hashed names."""

import re
from pathlib import Path

from starlette.responses import FileResponse, Response

BUILT = Path(__file__).parent.parent / "static"

_PAGE = re.compile(r"/(login|messages|decisions|infra(/kept)?|a/[^/]+/?)?\Z")
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".txt": "text/plain; charset=utf-8",
}
_FOR_EVER = "public, max-age=31536000, immutable"
_NOT_BUILT = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>hyperhive</title>"
    "<h1>The page is not built</h1><p>Build it with <code>npm run build</code> in "
    "<code>services/dashboard/web</code>, or install a release. The <code>hive</code> command works without it.</p>"
)


class Files:
    """A folder with the built page. Nothing outside of it is ever served."""

    def __init__(self, folder: Path = BUILT) -> None:
        self._folder = folder.resolve()

    def page(self, path: str, status: int = 200) -> Response | None:
        """The document, where `path` is one of the page's addresses."""
        if not _PAGE.match(path):
            return None
        headers = {"cache-control": "no-cache"}
        index = self._folder / "index.html"
        if not index.is_file():
            return Response(_NOT_BUILT, 503, headers, _TYPES[".html"])
        return FileResponse(index, status, headers, _TYPES[".html"])

    def file(self, path: str) -> Response | None:
        """An asset of the page."""
        try:
            file = (self._folder / path.lstrip("/")).resolve()
            if not file.is_relative_to(self._folder) or file.suffix not in _TYPES or not file.is_file():
                return None
        except (OSError, ValueError):  # names that no file system takes
            return None
        cache = _FOR_EVER if path.startswith("/assets/") else "no-cache"
        return FileResponse(file, 200, {"cache-control": cache}, _TYPES[file.suffix])
