"""What went wrong, said twice: RFC 9457 problem documents to programs, a Vietnamese page to people."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from sqlalchemy.exc import DataError, OperationalError
from starlette.exceptions import HTTPException

from api.headers import HEADERS
from api.searching import BadParameter
from index.port import BadCursor, IndexUnavailable, QueryError
from monitor.saved_searches import SavedSearchError

log = logging.getLogger("duluan.api")
RETRY_AFTER = 10
CODES = {404: "not_found", 405: "method_not_allowed", 406: "not_acceptable"}
SAID: dict[int, str] = {
    400: "Yêu cầu này không đọc được.",
    401: "Hãy đăng nhập để xem trang này.",
    403: "Bạn không có quyền xem trang này.",
    404: "Không có trang này. Có thể địa chỉ đã cũ hoặc gõ nhầm.",
    405: "Trang này chỉ để xem.",
    422: "Địa chỉ có tham số không hợp lệ.",
    429: "Quá nhiều yêu cầu trong một lúc. Hãy chờ một lát rồi thử lại.",
    500: "Có lỗi ở phía hệ thống. Lỗi đã được ghi lại.",
    503: "Chỉ mục đang gián đoạn. Dữ liệu không mất; hãy thử lại sau ít giây.",
}


class Refused(Exception):
    """The request may not: 401 not signed in, 403 not permitted, 429 too often. `message` is Vietnamese, for pages."""

    def __init__(
        self, status: int, code: str, detail: str, *, message: str = "", headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail, self.message, self.headers = status, code, detail, message, headers or {}


class NotFound(Exception):
    """No such resource; `what` names it in English, for the detail."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


def problem(request: Request, status: int, code: str, detail: str, **members: Any) -> Response:
    """A problem document, or for a person at a page the Vietnamese page of it."""
    headers = dict(members.pop("headers", {}))
    if _wants_page(request):
        return _page(request, status, code, members, headers)
    return document(request, status, code, detail, headers=headers, **members)


def document(
    request: Request, status: int, code: str, detail: str, *, headers: dict[str, str] | None = None, **members: Any
) -> Response:
    """A problem document."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "code": code, "detail": detail}
    body |= {"instance": request.url.path, **members}
    return JSONResponse(body, status, headers, media_type="application/problem+json")


def install(app: FastAPI) -> None:
    """Gives every error its document."""
    handlers: dict[Any, Any] = {
        HTTPException: _http,
        RequestValidationError: _validation,
        BadParameter: _bad_parameter,
        QueryError: _bad_query,
        BadCursor: _bad_cursor,
        IndexUnavailable: _unavailable,
        OperationalError: _unavailable,
        DataError: _no_such_text,
        NotFound: _not_found,
        SavedSearchError: _not_saved,
        Refused: _refused,
        Exception: _unexpected,
    }
    for error, handler in handlers.items():
        app.add_exception_handler(error, handler)


def _wants_page(request: Request) -> bool:
    path = request.url.path
    programs = path.startswith(("/api/v1", "/healthz", "/readyz", "/metrics", "/static/")) or path.endswith(".json")
    return not programs and "application/json" not in request.headers.get("accept", "")


def _page(request: Request, status: int, code: str, members: dict[str, Any], headers: dict[str, str]) -> Response:
    message = members.get("message") or SAID.get(status, SAID[500])
    html = request.app.state.templates.render("error.html", request, status=status, code=code, message=message)
    return Response(html, status, headers, media_type="text/html")


async def _http(request: Request, error: HTTPException) -> Response:
    code = CODES.get(error.status_code, "http_error")
    details = {
        404: f"there is nothing at {request.url.path}",
        405: f"{request.method} is not offered at {request.url.path}",
    }
    detail = details.get(error.status_code, str(error.detail))
    return problem(request, error.status_code, code, detail, headers=error.headers or {})


async def _validation(request: Request, error: RequestValidationError) -> Response:
    found = [{"parameter": _where(each["loc"]), "detail": str(each["msg"])} for each in error.errors()]
    first = found[0]
    return problem(request, 422, "bad_parameter", f"`{first['parameter']}`: {first['detail']}", errors=found)


def _where(location: Sequence[Any]) -> str:
    return ".".join(str(part) for part in location[1:]) or str(location[0])


async def _bad_parameter(request: Request, error: BadParameter) -> Response:
    wrong = [{"parameter": error.name, "detail": error.detail}]
    return problem(request, 422, "bad_parameter", error.detail, message=error.message, errors=wrong)


async def _bad_query(request: Request, error: QueryError) -> Response:
    detail = f"the query cannot be read ({error.code}) at character {error.position}"
    said = {"message": error.message, "position": error.position, "suggestion": error.suggestion}
    return problem(request, 400, error.code, detail, **said)


async def _bad_cursor(request: Request, _: BadCursor) -> Response:
    message = "Trang kế tiếp này thuộc về một lần tìm khác; hãy tìm lại từ đầu."
    return problem(request, 400, "bad_cursor", "this cursor was not given out for this search", message=message)


async def _unavailable(request: Request, error: Exception) -> Response:
    log.warning("unavailable: %s", error)
    retry = {"Retry-After": str(RETRY_AFTER)}
    return problem(request, 503, "unavailable", "the index or the archive does not answer now", headers=retry)


async def _no_such_text(request: Request, error: DataError) -> Response:
    """PostgreSQL knows no NUL character: what is named by one does not exist."""
    if "NUL" not in str(error.orig):
        return await _unexpected(request, error)
    if "\0" in request.scope["path"]:
        return await _not_found(request, NotFound("address"))
    return problem(request, 422, "bad_parameter", "a text holds a NUL character")


async def _not_found(request: Request, error: NotFound) -> Response:
    return problem(request, 404, "not_found", f"there is no such {error.what}")


async def _refused(request: Request, error: Refused) -> Response:
    """At a page, who is not signed in is led to the login, and who has a password to change to where that is done."""
    way = {"not_signed_in": "/login", "password_change_required": "/account/password"}.get(error.code)
    if way and _wants_page(request):
        back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        where = "?" + urlencode({"next": back}) if request.method == "GET" and back != "/" else ""
        return RedirectResponse(way + where, 303)
    members = {"message": error.message} if error.message else {}
    return problem(request, error.status, error.code, error.detail, headers=error.headers, **members)


async def _not_saved(request: Request, error: SavedSearchError) -> Response:
    status = 409 if error.code in ("name_taken", "too_many") else 422
    return problem(request, status, error.code, "this search cannot be saved so", message=str(error))


async def _unexpected(request: Request, error: Exception) -> Response:
    log.exception("unexpected error at %s", request.url.path, exc_info=error)
    detail = "an unexpected error; it has been logged"
    return problem(request, 500, "internal_error", detail, headers=HEADERS)  # this answer passes no middleware
