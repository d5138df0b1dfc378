"""A real installation in a folder of its own, with the real annotator (loaded once) and the real index."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from monitor.installation import Installation
from monitor.settings import Settings
from nlp.annotate import Annotator

Open = Callable[..., Installation]


@pytest.fixture(scope="session")
def annotator() -> Annotator:
    return Annotator.load("quangtri")


@pytest.fixture
def open_installation(tmp_path: Path, annotator: Annotator) -> Iterator[Open]:
    """Opens the folder's installation with these settings; again as often as a test wants, as after a restart."""
    opened: list[Installation] = []

    def open_it(**settings: object) -> Installation:
        installation = Installation(Settings(data=tmp_path, **settings))  # type: ignore[arg-type]
        installation.__dict__["annotator"] = annotator
        opened.append(installation)
        return installation

    yield open_it
    for installation in opened:
        installation.close()


@pytest.fixture
def installation(open_installation: Open) -> Installation:
    return open_installation()
