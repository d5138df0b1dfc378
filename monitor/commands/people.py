"""Commands about people: accounts and API keys, for the first admin and for when nobody can sign in."""

from __future__ import annotations

import getpass
import socket
from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import typer

from monitor.archive import utc_now
from monitor.commands.common import (
    DataOption,
    JsonOption,
    app,
    opened,
    plain,
    print_json,
    print_table,
    read_end,
    wants_json,
)
from monitor.installation import Installation
from monitor.people.audit import of_command
from monitor.people.roles import ROLE_WORDS, SCOPE_WORDS, Role, Scope
from monitor.wording import full, when

user_app = typer.Typer(no_args_is_help=True, help="Tài khoản: thêm, xem, đặt lại mật khẩu, khóa.")
key_app = typer.Typer(no_args_is_help=True, help="Khóa API: thêm, xem, thu hồi.")
app.add_typer(user_app, name="user")
app.add_typer(key_app, name="key")

Name = Annotated[str, typer.Argument(metavar="TÊN", help="Tên đăng nhập.")]
STATES = {"valid": "đang dùng", "expired": "hết hạn", "revoked": "đã thu hồi"}


@user_app.command("add")
def user_add(
    name: Name,
    role: Annotated[Role, typer.Option(help="Vai trò.")] = Role.viewer,
    full_name: Annotated[str, typer.Option(help="Họ tên hiện trên bảng điều khiển.")] = "",
    data: DataOption = None,
) -> None:
    """Thêm tài khoản; in mật khẩu dùng một lần."""
    with opened(data) as installation:
        password = installation.desk.people.add(name, role, full_name=full_name, by=_operator())
        _note(installation, f"user add {name.strip().lower()}", f"vai trò {role}")
    typer.echo(password)


@user_app.command("list")
def user_list(data: DataOption = None, json: JsonOption = False) -> None:
    """Các tài khoản."""
    with opened(data) as installation:
        found = installation.desk.people.all()
    if wants_json(json):
        print_json([plain(asdict(person)) for person in found])
        return
    now = utc_now()
    rows = (
        (
            person.name,
            person.full_name,
            ROLE_WORDS[person.role],
            "đã khóa" if person.disabled_at else "chờ đổi mật khẩu" if person.must_change else "đang dùng",
            when(person.last_login_at, now) if person.last_login_at else "chưa lần nào",
        )
        for person in found
    )
    print_table("Tài khoản", ("tên", "họ tên", "vai trò", "tình trạng", "đăng nhập lần cuối"), rows)


@user_app.command("reset")
def user_reset(name: Name, data: DataOption = None) -> None:
    """Đặt lại mật khẩu; in mật khẩu dùng một lần, tắt bước xác thực thứ hai."""
    with opened(data) as installation:
        password = installation.desk.people.reset(name)
        _note(installation, f"user reset {name}", "mật khẩu mới, tắt bước xác thực thứ hai")
    typer.echo(password)


@user_app.command("role")
def user_role(
    name: Name, role: Annotated[Role, typer.Argument(metavar="VAI TRÒ", help="Vai trò mới.")], data: DataOption = None
) -> None:
    """Đổi vai trò."""
    with opened(data) as installation:
        before = installation.desk.people.get(name).role
        installation.desk.people.set_role(name, role)
        _note(installation, f"user role {name}", f"{before} thành {role}")


@user_app.command("disable")
def user_disable(
    name: Name, back: Annotated[bool, typer.Option("--back", help="Mở lại.")] = False, data: DataOption = None
) -> None:
    """Khóa tài khoản, hoặc mở lại; các khóa API của người ấy cũng ngừng."""
    with opened(data) as installation:
        installation.desk.people.disable(name, disabled=not back)
        _note(installation, f"user disable {name}", "mở lại" if back else "khóa")


@key_app.command("add")
def key_add(
    name: Annotated[str, typer.Argument(metavar="TÊN", help="Khóa dùng cho việc gì.")],
    user: Annotated[str, typer.Option(help="Khóa thuộc về ai; không bao giờ được làm hơn người ấy.")],
    scope: Annotated[list[Scope] | None, typer.Option(help="Quyền; lặp lại nếu nhiều.")] = None,
    expires: Annotated[
        datetime | None,
        typer.Option(parser=read_end, metavar="T", help="Dùng được đến lúc này; một ngày là hết ngày ấy."),
    ] = None,
    data: DataOption = None,
) -> None:
    """Thêm khóa API; khóa chỉ in ra một lần."""
    with opened(data) as installation:
        scopes = scope or [Scope.read]
        key = installation.desk.keys.add(name, user, scopes, expires_at=expires)
        until = f", đến {full(expires)}" if expires else ""
        note = f"“{name.strip()}” của {user}: {', '.join(scopes)}{until}"
        _note(installation, f"key add {key.split('_')[1]}", note)
    typer.echo(key)


@key_app.command("list")
def key_list(data: DataOption = None, json: JsonOption = False) -> None:
    """Các khóa API, không kèm phần bí mật."""
    with opened(data) as installation:
        found = installation.desk.keys.all()
    if wants_json(json):
        print_json([plain(asdict(key) | {"state": key.state}) for key in found])
        return
    now = utc_now()
    rows = (
        (
            key.id,
            key.name,
            key.owner,
            ", ".join(SCOPE_WORDS[scope] for scope in key.scopes),
            STATES[key.state],
            when(key.last_used_at, now) if key.last_used_at else "chưa lần nào",
        )
        for key in found
    )
    print_table("Khóa API", ("mã", "dùng cho", "của", "quyền", "tình trạng", "dùng lần cuối"), rows)


@key_app.command("revoke")
def key_revoke(id: Annotated[str, typer.Argument(metavar="MÃ", help="Mã của khóa.")], data: DataOption = None) -> None:
    """Thu hồi khóa API; nó ngừng dùng được ngay."""
    with opened(data) as installation:
        installation.desk.keys.revoke(id, by=_operator())
        _note(installation, f"key revoke {id}", "thu hồi")


def _note(installation: Installation, command: str, what: str) -> None:
    """Into the audit log, before anybody is shown what was made."""
    installation.desk.audit.add([of_command(_operator(), f"duluan {command}", what, socket.gethostname())])


def _operator() -> str:
    """Who is at the command line; the operating system vouches for them."""
    return f"{getpass.getuser()} (dòng lệnh)"
