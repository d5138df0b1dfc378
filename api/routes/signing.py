"""Signing in and out, and a person's own account: password and second step."""

from __future__ import annotations

import hmac
import secrets
from typing import Annotated, Any
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

from fastapi import Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from markupsafe import Markup
from starlette.exceptions import HTTPException

from api import access
from api.access import PrincipalDep, changed, public, requires
from api.guard import VISITOR, Guard, session_cookie
from api.oidc import Begun, LoginFailed, Provider
from monitor.archive import utc_now
from monitor.people import passwords, second_step
from monitor.people.people import PeopleError
from monitor.people.roles import Role
from monitor.people.sessions import csrf_token

router = access.router(include_in_schema=False)
Field = Annotated[str, Form(max_length=200)]
Next = Annotated[str, Query(alias="next", max_length=2000)]
NextField = Annotated[str, Form(alias="next", max_length=2000)]
OIDC = "duluan_oidc"
WRONG = "Tên đăng nhập hoặc mật khẩu không đúng."


def inside(address: str) -> str:
    """An address of our own pages, else the overview: nobody is sent elsewhere after signing in."""
    parts = urlsplit(address)
    plain = not parts.scheme and not parts.netloc and address.isprintable() and "\\" not in address
    fits = plain and address.startswith("/") and not address.startswith(("//", "/login", "/logout"))
    return address if fits else "/"


def guard(request: Request) -> Guard:
    found: Guard = request.app.state.guard
    return found


@router.get("/login")
@public
def login_page(request: Request, back: Next = "/") -> Response:
    who = guard(request).identify(request)
    if who.via != "nobody":
        return RedirectResponse(inside(back), 303)
    return _login_page(request, next=inside(back))


def _login_page(request: Request, *, status: int = 200, **context: Any) -> Response:
    """The form, whose token belongs to a cookie of this visit."""
    visitor = request.cookies.get(VISITOR) or secrets.token_urlsafe(24)
    page = {"step": "password", "wrong": "", "name": "", "next": "/", "oidc": _oidc_name(request)} | context
    if guard(request).identify(request).via == "nobody":
        request.state.principal = access.visiting(csrf_token(visitor))
    html = request.app.state.templates.render("login.html", request, **page)
    answer = HTMLResponse(html, status)
    _set(answer, request, VISITOR, visitor, max_age=3600)
    return answer


def _oidc_name(request: Request) -> str:
    provider: Provider | None = request.app.state.provider
    return provider.name if provider else ""


@router.get("/login/oidc")
@public
def to_provider(request: Request, back: Next = "/") -> Response:
    """Sends the person to the organisation's login; what must come back stays in a cookie of this browser."""
    provider = _provider(request)
    try:
        begun = provider.begin(_back_address(request))
    except LoginFailed as error:
        return _refused(request, "", back, str(error), 503)
    answer = RedirectResponse(begun.address, 303)
    kept = urlencode({"state": begun.state, "nonce": begun.nonce, "verifier": begun.verifier, "next": inside(back)})
    _set(answer, request, OIDC, quote(kept, safe=""), max_age=600)
    return answer


@router.get("/login/oidc/back")
@public
def from_provider(request: Request) -> Response:
    provider = _provider(request)
    kept = {name: values[0] for name, values in parse_qs(unquote(request.cookies.get(OIDC, ""))).items()}
    back = kept.get("next", "/")
    given = request.query_params.get("state", "")
    if not kept.get("state") or not hmac.compare_digest(given.encode(), kept["state"].encode()):
        return _ended(_refused(request, "", back, "Lượt đăng nhập này đã cũ; hãy bắt đầu lại.", 401))
    begun = Begun("", kept["state"], kept.get("nonce", ""), kept.get("verifier", ""))
    try:
        vouched = provider.finish(begun, back=_back_address(request), came_back_to=str(request.url))
        person = guard(request).desk.people.from_outside(
            vouched.issuer, vouched.subject, name=vouched.name, full_name=vouched.full_name, role=vouched.role
        )
    except (LoginFailed, PeopleError) as error:
        guard(request).identify(request)
        guard(request).note(request, "login failed", f"đăng nhập chung: {error}")
        return _ended(_refused(request, "", back, str(error), 401))
    guard(request).identify(request)
    return _ended(signed_in(request, person.id, person.name, back))


def _provider(request: Request) -> Provider:
    provider: Provider | None = request.app.state.provider
    if provider is None:
        raise HTTPException(404)
    return provider


def _back_address(request: Request) -> str:
    """Where the provider sends people back to; as it is registered there."""
    base: str = request.app.state.reader.it.settings.public_url or f"{request.url.scheme}://{request.url.netloc}"
    return f"{base.rstrip('/')}/login/oidc/back"


def _ended(answer: Response) -> Response:
    answer.delete_cookie(OIDC)
    return answer


@router.post("/login")
@public
def login(request: Request, name: Field, password: Field, back: NextField = "/") -> Response:
    desk, address = guard(request).desk, request.client.host if request.client else ""
    name = name.strip().lower()
    wait = desk.lockout.begin(name, address)
    if wait is not None:
        return _refused(request, name, back, f"Sai quá nhiều lần. Hãy thử lại sau {wait.seconds + 1} giây.", 429)
    person = desk.people.checked(name, password)
    if person is None:
        guard(request).note(request, "login failed", "", who=name)
        return _refused(request, name, back, WRONG, 401)
    desk.lockout.passed(name, address)
    if person.totp_on:
        token = desk.sessions.open(person.id, stage="code", address=address, agent=_agent(request))
        request.state.principal = access.visiting(csrf_token(token))
        html = request.app.state.templates.render(
            "login.html", request, step="code", wrong="", next=inside(back), oidc="", name=""
        )
        answer: Response = HTMLResponse(html)
        _set(answer, request, VISITOR, token, max_age=600)
        return answer
    return signed_in(request, person.id, person.name, back)


def signed_in(request: Request, user_id: str, name: str, back: str) -> Response:
    """Opens a session for a person who proved who they are, always a new one."""
    desk, address = guard(request).desk, request.client.host if request.client else ""
    if old := request.cookies.get(session_cookie(request)):
        desk.sessions.close(old)
    token = desk.sessions.open(user_id, stage="open", address=address, agent=_agent(request))
    guard(request).note(request, "login", "", who=name)
    answer = RedirectResponse(inside(back), 303)
    _set(answer, request, session_cookie(request), token)
    answer.delete_cookie(VISITOR)
    return answer


@router.post("/login/code")
@public
def login_code(request: Request, code: Field, back: NextField = "/") -> Response:
    desk, address = guard(request).desk, request.client.host if request.client else ""
    token = request.cookies.get(VISITOR, "")
    user_id = desk.sessions.waiting_for_code(token)
    person = desk.people.by_id(user_id)
    if person is None:
        return _refused(request, "", back, "Bước xác thực đã hết hạn; hãy đăng nhập lại.", 401)
    wait = desk.lockout.begin(person.name, address)
    if wait is not None:
        return _refused(request, "", back, f"Sai quá nhiều lần. Hãy thử lại sau {wait.seconds + 1} giây.", 429)
    if not desk.second_step.passes(person.id, code):
        guard(request).note(request, "login failed", "mã xác thực", who=person.name)
        return _login_page(request, status=401, step="code", wrong="Mã không đúng hoặc đã dùng rồi.", next=inside(back))
    desk.lockout.passed(person.name, address)
    desk.sessions.close(token)
    return signed_in(request, person.id, person.name, back)


def _refused(request: Request, name: str, back: str, why: str, status: int) -> Response:
    return _login_page(request, status=status, wrong=why, name=name, next=inside(back))


@router.post("/logout")
@requires(Role.viewer, people=True, unready=True, audit="logout")
def logout(request: Request) -> Response:
    guard(request).desk.sessions.close(request.cookies.get(session_cookie(request), ""))
    answer = RedirectResponse("/login", 303, headers={"Clear-Site-Data": '"cache"'})
    answer.delete_cookie(session_cookie(request), path="/", secure=request.url.scheme == "https")
    return answer


@router.get("/account")
@requires(Role.viewer, people=True)
def account(request: Request, who: PrincipalDep) -> Response:
    return _account(request)


@router.get("/account/password")
@requires(Role.viewer, people=True, unready=True)
def password_page(request: Request, back: Next = "/") -> Response:
    return _account(request, next=inside(back))


@router.post("/account/password")
@requires(Role.viewer, people=True, unready=True)
def change_password(
    request: Request, who: PrincipalDep, old: Field, new: Field, again: Field, back: NextField = "/"
) -> Response:
    desk = guard(request).desk
    assert who.user_id
    if new != again:
        return _account(request, status=422, wrong="Hai lần nhập mật khẩu mới không giống nhau.", next=inside(back))
    wait = desk.lockout.begin(who.name, "account-page")
    if wait is not None:
        return _account(request, status=429, wrong=f"Sai quá nhiều lần. Hãy thử lại sau {wait.seconds + 1} giây.")
    try:
        desk.people.change_password(who.user_id, old, new, keep_session=who.session_id)
    except (PeopleError, passwords.WeakPassword) as error:
        return _account(request, status=422, wrong=str(error), next=inside(back))
    desk.lockout.passed(who.name, "account-page")
    access.changed(request, "mật khẩu")
    if who.must_change:
        return RedirectResponse(inside(back), 303)
    return _account(request, done="Đã đổi mật khẩu. Các phiên đăng nhập khác của bạn đã kết thúc.")


@router.post("/account/totp")
@requires(Role.viewer, people=True)
def prepare_second_step(request: Request, who: PrincipalDep) -> Response:
    assert who.user_id
    return _with_qr(request, guard(request).desk.second_step.prepare(who.user_id))


@router.post("/account/totp/on")
@requires(Role.viewer, people=True)
def turn_on(request: Request, who: PrincipalDep, code: Field) -> Response:
    desk = guard(request).desk
    assert who.user_id
    if not desk.second_step.turn_on(who.user_id, code):
        address = desk.second_step.address(who.user_id)
        return _with_qr(request, address, status=422, wrong="Mã không đúng; hãy nhập mã đang hiện trên điện thoại.")
    access.changed(request, "bật bước xác thực thứ hai")
    return _account(request, done="Đã bật. Từ lần đăng nhập sau, hệ thống sẽ hỏi mã.")


@router.post("/account/totp/off")
@requires(Role.viewer, people=True)
def turn_off(request: Request, who: PrincipalDep, code: Field) -> Response:
    desk = guard(request).desk
    assert who.user_id
    if not desk.second_step.turn_off(who.user_id, code):
        return _account(request, status=422, wrong="Mã không đúng hoặc đã dùng rồi.")
    access.changed(request, "tắt bước xác thực thứ hai")
    return _account(request, done="Đã tắt bước xác thực thứ hai.")


def _with_qr(request: Request, address: str, **context: Any) -> Response:
    secret = parse_qs(urlsplit(address).query).get("secret", [""])[0]
    return _account(request, qr=Markup(second_step.qr(address)), secret=secret, **context)  # noqa: S704 - drawn by us


def _account(request: Request, *, status: int = 200, **context: Any) -> Response:
    who = guard(request).identify(request)
    person = guard(request).desk.people.by_id(who.user_id)
    if person is None:  # accounts are off: this machine's own user has none
        return RedirectResponse("/", 303)
    page = {"person": person, "wrong": "", "done": "", "next": "/", "qr": None, "secret": ""} | context
    html = request.app.state.templates.render("account.html", request, shortest=passwords.SHORTEST, **page)
    return HTMLResponse(html, status)


def _agent(request: Request) -> str:
    return request.headers.get("user-agent", "")


def _set(answer: Response, request: Request, name: str, value: str, max_age: int | None = None) -> None:
    secure = request.url.scheme == "https"
    answer.set_cookie(name, value, max_age=max_age, path="/", httponly=True, samesite="lax", secure=secure)


@router.post("/tour", status_code=204)
@requires(Role.viewer, people=True)
def toured(request: Request, who: PrincipalDep) -> Response:
    """Remembers that the person has seen, or skipped, the first visit's introduction."""
    changed(request, "xem phần giới thiệu")
    if who.user_id:
        guard(request).desk.people.set(who.user_id, toured_at=utc_now())
    return Response(status_code=204)
