"""What a page's layout must keep at every width."""

from playwright.sync_api import Page

_WIDE = "[document.documentElement, ...document.querySelectorAll('.page')].some(e => e.scrollWidth > e.clientWidth + 1)"
_SMALL = """[...document.querySelectorAll('main a, main button, main input')].filter((e) => {
    const box = (e.closest('label') ?? e).getBoundingClientRect();
    return box.width > 0 && box.height > 0 && (box.width < 23.5 || box.height < 23.5) && !e.closest('.md');
}).map((e) => e.outerHTML.slice(0, 120))"""


def is_too_wide(page: Page) -> bool:
    """Whether the page itself would have to be scrolled sideways."""
    return bool(page.evaluate(_WIDE))


def small_targets(page: Page) -> list[str]:
    """Links and controls under 24 px; links inside somebody's text are free."""
    found: list[str] = page.evaluate(_SMALL)
    return found
