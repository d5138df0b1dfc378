"""/api/v1/status: what runs and what waits."""

from __future__ import annotations

from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version

from api import access
from api.access import requires
from api.dependencies import ReaderDep
from api.models import StatusDetail
from monitor.people.roles import Role

router = access.router(prefix="/status", tags=["status"])


def product_version() -> str:
    try:
        return version("duluan")
    except PackageNotFoundError:
        return "0"


@router.get("", summary="State of the installation")
@requires(Role.viewer)
def status(reader: ReaderDep) -> StatusDetail:
    """Processes, posts by outcome, how fresh the index is, and how many sources are in order."""
    found = asdict(reader.status())
    return StatusDetail.model_validate({**found, "version": product_version(), "province": reader.it.province.id})
