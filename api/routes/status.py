"""/api/v1/status: what runs and what waits."""

from __future__ import annotations

from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version

from fastapi import APIRouter

from api.dependencies import ReaderDep
from api.models import StatusDetail

router = APIRouter(prefix="/status", tags=["status"])


def product_version() -> str:
    try:
        return version("duluan")
    except PackageNotFoundError:
        return "0"


@router.get("", summary="State of the installation")
def status(reader: ReaderDep) -> StatusDetail:
    """Processes, posts by outcome, how fresh the index is, and how many sources are in order."""
    found = asdict(reader.status())
    return StatusDetail.model_validate({**found, "version": product_version(), "province": reader.it.province.id})
