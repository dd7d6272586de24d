"""The built page and its assets."""

from pathlib import Path

import pytest
from hive_dashboard.http.static import Files


@pytest.fixture
def files(tmp_path: Path) -> Files:
    built = tmp_path / "static"
    (built / "assets").mkdir(parents=True)
    (built / "index.html").write_text("<p>the page</p>")
    (built / "assets" / "main-abc.js").write_text("1")
    (built / "assets" / "main-abc.js.map").write_text("{}")
    (tmp_path / "secret.js").write_text("secret")
    (built / "assets" / "link.js").symlink_to(tmp_path / "secret.js")
    return Files(built)


@pytest.mark.parametrize(
    "path", ["/", "/login", "/messages", "/decisions", "/infra", "/infra/kept", "/a/coder", "/a/coder/"]
)
def test_the_pages_addresses_give_the_document(files: Files, path: str) -> None:
    answer = files.page(path)
    assert answer is not None
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"


def test_hashed_assets_are_kept_for_ever(files: Files) -> None:
    answer = files.file("/assets/main-abc.js")
    assert answer is not None
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert "immutable" in answer.headers["cache-control"]


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.js", "/assets/../../secret.js", "//etc/hosts.txt", "/assets/link.js", "/assets", "/assets/",
        "/assets/main-abc.js.map", "/nothing.js", "/" + "x" * 5000 + ".js", "/a\0.js",
    ],
)  # fmt: skip
def test_nothing_else_is_served(files: Files, path: str) -> None:
    assert files.file(path) is None


def test_other_addresses_are_not_the_page(files: Files) -> None:
    assert [files.page(path) for path in ("/nothing", "/a/", "/a/b/c", "/api/snapshot", "/infra/x", "/login\n")] == [
        None
    ] * 6


def test_a_page_that_was_not_built_says_so(tmp_path: Path) -> None:
    answer = Files(tmp_path).page("/")
    assert answer is not None
    assert answer.status_code == 503
    assert b"not built" in answer.body
