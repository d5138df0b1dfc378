"""Màn hình: the wall of the operations centre."""

from __future__ import annotations

from api import access
from api.dependencies import ReaderDep
from api.paging import add_page
from api.routes.alerts import AlertDeskDep
from api.views.wall import WallPage, wall_page

router = access.router(include_in_schema=False)


def _wall(reader: ReaderDep, desk: AlertDeskDep) -> WallPage:
    return wall_page(reader, desk)


add_page(router, "/wall", "wall.html", _wall)
