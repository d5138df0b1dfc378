"""Settings come from `DULUAN_*` and `--data`, say where they came from, and keep secrets to themselves."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from monitor.settings import Setting, Settings, in_force, load_settings


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.upper().startswith("DULUAN_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def shown(settings: Settings, **how: bool) -> dict[str, Setting]:
    return {setting.name: setting for setting in in_force(settings, **how)}


def test_without_anything_set_a_laptop_gets_its_folder_and_loopback(tmp_path: Path) -> None:
    settings = load_settings()
    assert (tmp_path / "data").is_dir()
    assert (settings.host, settings.port) == ("127.0.0.1", 8600)
    assert settings.archive_url == "sqlite:///data/archive.sqlite"
    assert settings.allow_private is False
    assert {setting.origin for setting in in_force(settings)} == {"mặc định"}


def test_the_environment_sets_values_and_is_named_as_their_origin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DULUAN_DATA", "kho")
    monkeypatch.setenv("DULUAN_PORT", "9100")
    monkeypatch.setenv("DULUAN_INDEX_IRRELEVANT", "true")
    settings = load_settings()
    assert (settings.data, settings.port, settings.index_irrelevant) == (Path("kho"), 9100, True)
    found = shown(settings)
    assert (found["port"].value, found["port"].origin) == ("9100", "DULUAN_PORT")
    assert found["data"].origin == "DULUAN_DATA"
    assert found["host"].origin == "mặc định"


def test_data_on_the_command_line_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DULUAN_DATA", "kho")
    settings = load_settings(Path("khac"))
    assert settings.data == Path("khac")
    assert shown(settings, data_given=True)["data"].origin == "--data"


def test_every_setting_says_in_vietnamese_what_it_means() -> None:
    assert all(len(setting.description) > 10 for setting in in_force(load_settings()))


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.7", "203.0.113.5", "::"])
def test_an_address_that_others_reach_is_refused_without_accounts(host: str) -> None:
    assert Settings(host=host).auth == "on"
    with pytest.raises(ValidationError, match="DULUAN_AUTH=off"):
        Settings(host=host, auth="off")


@pytest.mark.parametrize("host", ["may-chu.example", ""])
def test_a_name_is_no_address_to_listen_on(host: str) -> None:
    with pytest.raises(ValidationError, match="địa chỉ IP"):
        Settings(host=host)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.53", "::1", "localhost"])
def test_loopback_addresses_are_fine_without_accounts(host: str) -> None:
    assert Settings(host=host, auth="off").host == host


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", 70000),
        ("index", "solr"),
        ("crawl_every_seconds", 0),
        ("process_every_seconds", -1),
        ("keep_days", 0),
        ("sources", Path("khong-co.yaml")),
    ],
)
def test_values_that_cannot_be_used_are_refused(name: str, value: object) -> None:
    with pytest.raises(ValidationError):
        Settings(**{name: value})  # type: ignore[arg-type]


def test_secrets_are_never_shown() -> None:
    settings = Settings(author_key="khoa-bi-mat", database_url="postgresql://duluan:mat-khau@may/duluan")  # type: ignore[arg-type]
    texts = [repr(settings), str(settings), *(f"{setting}" for setting in in_force(settings))]
    for text in texts:
        assert "khoa-bi-mat" not in text
        assert "mat-khau" not in text
    assert settings.archive_url == "postgresql://duluan:mat-khau@may/duluan"


def test_the_key_for_names_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    key = settings.hash_key()
    assert len(key) == 64
    assert settings.hash_key() == Settings(data=tmp_path).hash_key() == key
    assert stat.S_IMODE((tmp_path / "author.key").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["author.key"]


def test_a_key_that_is_set_is_used_and_none_is_written(tmp_path: Path) -> None:
    assert Settings(data=tmp_path, author_key="khoa").hash_key() == b"khoa"  # type: ignore[arg-type]
    assert not (tmp_path / "author.key").exists()


def test_processes_that_start_together_get_one_key(tmp_path: Path) -> None:
    script = "import sys; from pathlib import Path; from monitor.settings import Settings; "
    script += "print(Settings(data=Path(sys.argv[1])).hash_key().decode())"
    root = Path(__file__).parents[2]
    running = [
        subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=root)
        for _ in range(4)
    ]
    assert len({process.communicate()[0] for process in running}) == 1


def test_a_variable_set_to_nothing_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DULUAN_SOURCES", "DULUAN_DATABASE_URL", "DULUAN_PORT"):
        monkeypatch.setenv(name, "")
    settings = load_settings()
    assert (settings.sources, settings.database_url, settings.port) == (None, None, 8600)


def test_keys_are_taken_without_what_copying_brought_along(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DULUAN_YOUTUBE_KEY", " \n")
    monkeypatch.setenv("DULUAN_FACEBOOK_TOKEN", " khoa\n")
    settings = load_settings()
    assert settings.youtube_key is None
    assert settings.facebook_token is not None
    assert settings.facebook_token.get_secret_value() == "khoa"


@pytest.mark.parametrize(
    "url", ["mat-khau", "khong-co://a:mat-khau@may/x", "mysql://a:mat-khau@may/x", "sqlite+nho://"]
)
def test_an_archive_that_we_do_not_speak_to_is_refused_without_telling_its_password(url: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Settings(database_url=url)  # type: ignore[arg-type]
    assert "mat-khau" not in str(refused.value)


def test_a_province_without_a_record_is_refused() -> None:
    with pytest.raises(ValidationError, match="không có hồ sơ tỉnh 'atlantis'"):
        Settings(province="atlantis")
