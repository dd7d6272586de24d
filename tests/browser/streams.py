"""A page that hears nothing new: what it shows is what it took at the start."""

from playwright.sync_api import Page, Route


def hear_nothing(page: Page) -> None:
    """From the next page load on, the event stream never answers; requests do."""
    page.route("**/api/events**", _leave_waiting)


def _leave_waiting(route: Route) -> None:
    """Neither answered nor refused, as on a line that has gone quiet."""
