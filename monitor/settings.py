"""The one settings object. Every value comes from `DULUAN_*`, from `--data`, or is the default for a laptop."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from index.elasticsearch.server import PREFIX, Server, checked_prefix, nodes
from monitor.people.roles import Role
from nlp.province import Province


class Settings(BaseSettings):
    """Settings in force. `data` is the folder that holds a whole installation: archive, index, models, keys."""

    model_config = SettingsConfigDict(
        env_prefix="DULUAN_", env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    data: Path = Field(Path("data"), description="Thư mục của cả hệ thống: kho lưu, chỉ mục, mô hình, khóa.")
    database_url: SecretStr | None = Field(None, description="Kho lưu; mặc định SQLite trong thư mục dữ liệu.")
    index: Literal["sqlite", "elasticsearch"] = Field("sqlite", description="Bộ máy tìm kiếm.")
    elasticsearch_url: str | None = Field(None, description="Máy chủ Elasticsearch; nhiều máy cách nhau bằng dấu phẩy.")
    elasticsearch_prefix: str = Field(PREFIX, description="Tiền tố tên chỉ mục trên Elasticsearch.")
    elasticsearch_api_key: SecretStr | None = Field(None, description="Khóa API của Elasticsearch.")
    elasticsearch_user: str | None = Field(None, description="Tên đăng nhập Elasticsearch, khi không dùng khóa API.")
    elasticsearch_password: SecretStr | None = Field(None, description="Mật khẩu Elasticsearch.")
    elasticsearch_ca: Path | None = Field(None, description="Tệp chứng chỉ gốc (PEM) để kiểm chứng Elasticsearch.")
    index_irrelevant: bool = Field(False, description="Đưa cả bài không liên quan đến tỉnh vào chỉ mục.")
    auth: Literal["on", "off"] = Field("on", description="Đăng nhập; off chỉ dùng được trên địa chỉ nội bộ.")
    session_hours: float = Field(12, gt=0, le=168, description="Phiên đăng nhập hết hạn sau bấy nhiêu giờ không dùng.")
    requests_per_minute: int = Field(
        6000, ge=0, description="Số yêu cầu mỗi phút của một khóa hay phiên; 0 là không hạn."
    )
    oidc_issuer: str | None = Field(None, description="Đăng nhập chung (OpenID Connect): địa chỉ của nơi cấp.")
    oidc_client_id: str = Field("duluan", description="Tên của hệ thống này ở nơi cấp.")
    oidc_client_secret: SecretStr | None = Field(None, description="Mật khẩu của hệ thống này ở nơi cấp.")
    oidc_name: str = Field("tài khoản cơ quan", description="Chữ trên nút đăng nhập chung.")
    oidc_role_claim: str = Field("realm_access.roles", description="Mục trong thẻ đăng nhập mang vai trò.")
    oidc_roles: str = Field(
        "duluan-viewer=viewer,duluan-officer=officer,duluan-analyst=analyst,duluan-admin=admin",
        description="Giá trị nào của mục ấy ứng với vai trò nào.",
    )
    audit_days: int = Field(730, ge=30, description="Số ngày giữ nhật ký ai đã xem, tìm, xuất, đổi gì.")
    province: str = Field("quangtri", description="Hồ sơ tỉnh đang theo dõi.")
    sources: Path | None = Field(None, description="Tệp hoặc thư mục nguồn tin thay cho danh mục kèm sản phẩm.")
    host: str = Field("127.0.0.1", description="Địa chỉ mà bảng điều khiển lắng nghe.")
    hosts: str = Field("", description="Tên miền của bảng điều khiển sau proxy, cách nhau bằng dấu phẩy.")
    port: int = Field(8600, ge=0, le=65535, description="Cổng của bảng điều khiển.")
    contact: str = Field("https://example.invalid/lien-he", description="Liên hệ ghi trong User-Agent khi thu thập.")
    allow_private: bool = Field(False, description="Cho phép thu thập từ địa chỉ nội bộ (chỉ dùng cho hộp cát).")
    author_key: SecretStr | None = Field(
        None, description="Khóa băm tên người bình luận; mặc định tạo trong thư mục dữ liệu."
    )
    youtube_key: SecretStr | None = Field(None, description="Khóa YouTube Data API v3.")
    youtube_budget: int = Field(9_000, ge=0, description="Đơn vị YouTube API được dùng mỗi ngày, cho mọi kênh.")
    facebook_token: SecretStr | None = Field(None, description="Mã truy cập Facebook Graph API của ứng dụng đã duyệt.")
    crawl_every_seconds: float = Field(20, gt=0, description="Chu kỳ xem nguồn nào đến hạn.")
    crawl_whole: bool = Field(
        False, description="Tải mọi bài của báo toàn quốc, không xét trước theo tiêu đề và mô tả."
    )
    process_every_seconds: float = Field(5, gt=0, description="Chu kỳ xử lý bài đang chờ.")
    public_url: str | None = Field(None, description="Địa chỉ người dùng mở bảng điều khiển, ghi trong cảnh báo.")
    alerts_send: bool = Field(True, description="Gửi cảnh báo ra ngoài; tắt thì chỉ hiện trên bảng điều khiển.")
    alerts_per_day: int = Field(20, ge=1, description="Số cảnh báo tối đa mỗi người nhận một ngày, không kể khẩn.")
    smtp_url: str | None = Field(None, description="Máy chủ thư: smtp://máy:587 (STARTTLS) hoặc smtps://máy:465.")
    smtp_from: str | None = Field(None, description="Địa chỉ gửi của thư cảnh báo.")
    smtp_user: str | None = Field(None, description="Tên đăng nhập máy chủ thư.")
    smtp_password: SecretStr | None = Field(None, description="Mật khẩu máy chủ thư.")
    smtp_ca: Path | None = Field(None, description="Tệp chứng chỉ gốc (PEM) để kiểm chứng máy chủ thư.")
    telegram_token: SecretStr | None = Field(None, description="Khóa của bot Telegram gửi cảnh báo.")
    telegram_api: str = Field("https://api.telegram.org", description="Địa chỉ Bot API của Telegram.")
    official_weight: float = Field(
        1,
        ge=0,
        le=1,
        description="Một kênh chính thức của tỉnh nặng bao nhiêu so với một tờ báo khi xét vụ việc nổi lên.",
    )
    person_weight: float = Field(
        0.5, ge=0, le=1, description="Một người dân lên tiếng nặng bao nhiêu so với một tờ báo khi xét vụ việc nổi lên."
    )
    keep_days: int = Field(730, ge=1, description="Số ngày giữ toàn văn trong kho lưu.")

    @field_validator("host")
    @classmethod
    def _host_is_an_address(cls, host: str) -> str:
        if host != "localhost":
            try:
                ipaddress.ip_address(host)
            except ValueError:
                raise ValueError("hãy viết một địa chỉ IP của máy này, như 127.0.0.1 hay 0.0.0.0") from None
        return host

    @field_validator("database_url")
    @classmethod
    def _archive_speaks_to_it(cls, url: SecretStr | None) -> SecretStr | None:
        try:
            dialect = make_url(url.get_secret_value()).get_dialect() if url else None
            if dialect and dialect.name not in ("sqlite", "postgresql"):
                raise ArgumentError(dialect.name)
            if dialect:
                dialect.import_dbapi()
        except ArgumentError:
            raise ValueError("không dùng được địa chỉ này; hãy viết như postgresql://tên:mật-khẩu@máy/cơ-sở") from None
        except ImportError as error:
            raise ValueError(f"cần cài thêm {error.name}: pip install 'duluan[postgresql]'") from None
        return url

    @field_validator("elasticsearch_url")
    @classmethod
    def _elasticsearch_is_an_address(cls, urls: str | None) -> str | None:
        return urls if urls is None else ",".join(nodes(urls))

    @field_validator("elasticsearch_prefix")
    @classmethod
    def _prefix_names_indices(cls, prefix: str) -> str:
        return checked_prefix(prefix)

    @field_validator("province")
    @classmethod
    def _province_exists(cls, province: str) -> str:
        try:
            Province.load(province)
        except FileNotFoundError:
            raise ValueError(f"không có hồ sơ tỉnh {province!r}") from None
        except (KeyError, ValueError) as error:
            raise ValueError(f"hồ sơ tỉnh {province!r} không đọc được: {error}") from None
        return province

    @model_validator(mode="after")
    def _without_accounts_only_this_machine_reaches_it(self) -> Settings:
        if self.auth == "off" and not self.loopback:
            raise ValueError("DULUAN_AUTH=off chỉ dùng được trên địa chỉ nội bộ (DULUAN_HOST=127.0.0.1)")
        return self

    @field_validator("oidc_issuer")
    @classmethod
    def _issuer_is_an_address(cls, issuer: str | None) -> str | None:
        parts = urlsplit(issuer or "https://x")
        local = parts.hostname in ("localhost", "127.0.0.1", "::1")
        if not parts.netloc or not (parts.scheme == "https" or (parts.scheme == "http" and local)):
            raise ValueError("hãy viết địa chỉ https://…")
        return issuer

    @field_validator("youtube_key", "facebook_token", mode="before")
    @classmethod
    def _key_as_copied(cls, key: object) -> object:
        """Copied keys bring blanks and line ends along; nothing but these is no key."""
        return (key.strip() or None) if isinstance(key, str) else key

    @field_validator("oidc_roles")
    @classmethod
    def _roles_can_be_read(cls, text: str) -> str:
        try:
            _role_names(text)
        except ValueError:
            raise ValueError("hãy viết như nhom-truc=officer,nhom-quan-tri=admin") from None
        return text

    def oidc_role_names(self) -> dict[str, Role]:
        """Which value of the role claim stands for which role."""
        return _role_names(self.oidc_roles)

    @model_validator(mode="after")
    def _sources_exist(self) -> Settings:
        if self.sources is not None and not self.sources.exists():
            raise ValueError(f"DULUAN_SOURCES: không có {self.sources}")
        return self

    @model_validator(mode="after")
    def _elasticsearch_can_be_used(self) -> Settings:
        if self.index == "elasticsearch" and self.elasticsearch_url is None:
            raise ValueError("DULUAN_INDEX=elasticsearch cần DULUAN_ELASTICSEARCH_URL")
        if self.elasticsearch_api_key and self.elasticsearch_user:
            raise ValueError("chỉ đặt một trong DULUAN_ELASTICSEARCH_API_KEY và DULUAN_ELASTICSEARCH_USER")
        if self.elasticsearch_ca is not None and not self.elasticsearch_ca.is_file():
            raise ValueError(f"DULUAN_ELASTICSEARCH_CA: không có {self.elasticsearch_ca}")
        return self

    @property
    def loopback(self) -> bool:
        """Whether only this machine reaches the dashboard."""
        return self.host == "localhost" or ipaddress.ip_address(self.host).is_loopback

    @property
    def archive_url(self) -> str:
        return (
            self.database_url.get_secret_value() if self.database_url else f"sqlite:///{self.data / 'archive.sqlite'}"
        )

    @property
    def dashboard(self) -> str:
        """The address people open the dashboard at, with a slash at the end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{(self.public_url or f'http://{host}:{self.port}').rstrip('/')}/"

    @property
    def index_path(self) -> Path:
        return self.data / "index.sqlite"

    @property
    def elasticsearch(self) -> Server | None:
        """The server of the index, if one is named."""
        if self.elasticsearch_url is None:
            return None
        return Server(
            urls=nodes(self.elasticsearch_url),
            prefix=self.elasticsearch_prefix,
            api_key=self.elasticsearch_api_key,
            user=self.elasticsearch_user,
            password=self.elasticsearch_password,
            ca=self.elasticsearch_ca,
        )

    def hash_key(self) -> bytes:
        """The key that turns commenters' names into hashes; made once and kept in the data folder, owner-readable."""
        if self.author_key:
            return self.author_key.get_secret_value().encode()
        return self._own_key("author.key")

    def webhook_key(self) -> bytes:
        """The key from which each webhook's secret is derived; made once and kept in the data folder."""
        return self._own_key("webhook.key")

    def second_step_key(self) -> bytes:
        """The key that encrypts the secrets of people's second step; made once and kept in the data folder."""
        return self._own_key("second-step.key")

    def _own_key(self, name: str) -> bytes:
        path = self.data / name
        if not path.exists():
            _create_once(path, secrets.token_hex(32).encode())
        return path.read_bytes()


def _role_names(text: str) -> dict[str, Role]:
    pairs = [pair.rpartition("=") for pair in text.split(",") if pair.strip()]
    return {said.strip(): Role(role.strip()) for said, _, role in pairs}


def _create_once(path: Path, content: bytes) -> None:
    """Creates the file whole and owner-readable, or leaves the one that another process made first."""
    part = path.with_name(f"{path.name}.{os.getpid()}")
    part.touch(mode=0o600)
    part.write_bytes(content)
    with contextlib.suppress(FileExistsError):
        os.link(part, path)
    part.unlink()


@dataclass(frozen=True, slots=True)
class Setting:
    """One line of `duluan config`: name, value in force (secrets hidden), where it came from, what it means."""

    name: str
    value: str
    origin: str
    description: str


def load_settings(data: Path | None = None) -> Settings:
    """Settings from the environment, `data` overriding DULUAN_DATA; makes the data folder.

    Raises pydantic.ValidationError for values that cannot be used.
    """
    overrides: dict[str, Any] = {"data": data} if data is not None else {}
    settings = Settings(**overrides)
    settings.data.mkdir(parents=True, exist_ok=True)
    return settings


def in_force(settings: Settings, *, data_given: bool = False) -> Iterator[Setting]:
    """Every setting with its origin: "--data", the environment variable's name, or "mặc định"."""
    for name, field in Settings.model_fields.items():
        variable = f"DULUAN_{name.upper()}"
        if name == "data" and data_given:
            origin = "--data"
        else:
            origin = variable if os.environ.get(variable) else "mặc định"
        value = getattr(settings, name)
        yield Setting(name, "" if value is None else str(value), origin, field.description or "")
