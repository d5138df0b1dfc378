"""What must not happen to a data folder: two schedulers at once, texts of megabytes, names of people."""

from __future__ import annotations

import fcntl
import io
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from crawlers.imports import Imported, Rejected, read_posts
from crawlers.post import Post
from monitor import running
from monitor.installation import Installation
from monitor.settings import Settings

CONSOLE = Console(file=io.StringIO())


@pytest.mark.parametrize(
    ("start", "lock"), [(lambda given: running.up(given, CONSOLE), "up.lock"), (running.demo, "demo.lock")]
)
def test_a_second_one_on_a_data_folder_refuses(tmp_path: Path, start: object, lock: str) -> None:
    with (tmp_path / lock).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(running.CannotStart, match="đang chạy"):
            start(Settings(data=tmp_path, port=0))  # type: ignore[operator]


def test_a_taken_sandbox_port_names_its_own_option(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(running.CannotStart, match="--sandbox-port"):
            running.demo(Settings(data=tmp_path, port=0), sandbox_port=port)


def test_the_command_says_so_in_one_line(tmp_path: Path) -> None:
    with (tmp_path / "up.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        command = [sys.executable, "-m", "monitor.cli", "up"]
        environment = {**os.environ, "DULUAN_DATA": str(tmp_path)}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert "đang chạy" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_text_of_megabytes_is_cut_once_and_stays_the_same_post(tmp_path: Path) -> None:
    url = "https://bao.vn/a"
    huge = Post(url=url, canonical_url=url, source="bao", title="x" * 2_000_000, lead="y" * 100_000, body="z" * 900_000)
    with Installation(Settings(data=tmp_path)) as installation:
        assert installation.archive.store(huge) == "new"
        assert installation.archive.store(huge) == "unchanged"
        kept = installation.archive.by_url([url])[url].post
    assert (len(kept.title), len(kept.lead), len(kept.body)) == (1_000, 10_000, 500_000)


def test_an_imported_id_that_no_column_holds_is_rejected(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text(f"id,title,source\n{'i' * 65},a,b\n1,a,{'s' * 121}\n2,a,b\n", encoding="utf-8")
    found = list(read_posts(file))
    assert [type(each) for each in found] == [Rejected, Rejected, Imported]
    assert [each.line for each in found] == [2, 3, 4]


def test_no_name_of_a_commenter_reaches_the_data_folder(tmp_path: Path) -> None:
    url = "https://dd.vn/threads/x.1/#post-2"
    post = Post(
        url=url, canonical_url=url, source="dd", kind="comment", body="Đường hỏng quá", author="Tên Riêng Của Ai"
    )
    with Installation(Settings(data=tmp_path)) as installation:
        installation.archive.store(post)
        assert (installation.archive.by_url([url])[url].post.author or "").startswith("#")
    assert not [file for file in tmp_path.rglob("*") if file.is_file() and "Tên Riêng".encode() in file.read_bytes()]
