"""What several test folders share."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable

import pytest

os.environ.setdefault("DULUAN_AUTH", "off")  # tests of accounts say `auth="on"`; the others mean something else


@pytest.fixture(scope="session")
def need() -> Callable[[bool, str], None]:
    """Skips a test whose outside part is absent on a laptop; in CI its absence is a failure."""

    def check(present: bool, what: str) -> None:
        if present:
            return
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI must have {what}")
        pytest.skip(f"needs {what}")

    return check


@pytest.fixture(scope="session")
def chromium(need: Callable[[bool, str], None]) -> str:
    """Path of a Chromium that Playwright can drive."""
    path = os.environ.get("DULUAN_TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome") or ""
    need(bool(path), "Chromium (Debian package chromium, or DULUAN_TEST_CHROMIUM)")
    return path
