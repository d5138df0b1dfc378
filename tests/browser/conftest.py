"""The made-up province served for real, and a browser to look at it. Skipped where there is no Chromium."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from api.app import create_app
from monitor.people.desk import Desk
from tests.api.world import build
from tests.serving import serving

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def site(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the dashboard; `chromium` comes first so that nothing is built in vain."""
    with serving(create_app(build(tmp_path_factory.mktemp("site")).settings)) as address:
        yield address


@pytest.fixture(scope="package")
def browser(chromium: str) -> Iterator[Browser]:
    """For this folder only: while Playwright runs, no other test may start an event loop in this process."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        yield opened
        opened.close()


@pytest.fixture(scope="package")
def house(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Desk]]:
    """The made-up province with accounts, served for real; its address and its desk."""
    made = build(tmp_path_factory.mktemp("house"))
    app = create_app(made.settings.model_copy(update={"auth": "on"}))
    with serving(app) as address:
        app.state.alerts.turn()  # what rises in the made-up province has its alerts
        yield address, app.state.guard.desk
