"""What is done to accounts and keys at the command line is in the audit log, and no secret is."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

import monitor.commands.people  # noqa: F401 - registers the commands
from monitor.commands.common import app
from monitor.installation import Installation
from monitor.people.audit import Entry
from monitor.settings import Settings


def run(folder: Path, *arguments: str) -> str:
    result = CliRunner().invoke(app, [*arguments, "--data", str(folder)])
    assert result.exit_code == 0, result.output
    return str(result.output).strip()


def entries(folder: Path) -> list[Entry]:
    with Installation(Settings(data=folder)) as installation:
        return list(reversed(installation.desk.audit.search()))


def test_every_change_is_told_with_who_did_it_and_without_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "truc")
    said = [
        run(tmp_path, "user", "add", "chu", "--role", "admin"),
        run(tmp_path, "user", "add", "Lan", "--role", "officer"),
        run(tmp_path, "user", "role", "lan", "analyst"),
        run(tmp_path, "user", "reset", "lan"),
    ]
    key = run(tmp_path, "key", "add", "màn hình", "--user", "lan", "--scope", "read", "--expires", "2099-01-31")
    id = key.split("_")[1]
    run(tmp_path, "key", "revoke", id)
    run(tmp_path, "user", "disable", "lan")
    run(tmp_path, "user", "disable", "lan", "--back")
    told = entries(tmp_path)
    assert [entry.what for entry in told] == [
        "duluan user add chu",
        *("duluan user add lan", "duluan user role lan", "duluan user reset lan", f"duluan key add {id}"),
        *(f"duluan key revoke {id}", "duluan user disable lan", "duluan user disable lan"),
    ]
    assert {(entry.who, entry.action) for entry in told} == {("truc (dòng lệnh)", "change cli")}
    assert told[2].query == "officer thành analyst"
    assert told[4].query.startswith("“màn hình” của lan: read, đến ")
    secrets = [said[0], said[1], said[3], key.split("_")[2]]
    assert not [entry for entry in told for secret in secrets if secret in entry.query + entry.what]


def test_what_was_refused_changed_nothing_and_is_not_told(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["user", "role", "nobody", "admin", "--data", str(tmp_path)])
    assert result.exit_code == 2 or result.exception
    assert entries(tmp_path) == []
