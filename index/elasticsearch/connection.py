"""Talks to the server: opens, retries with growing pauses, and puts every failure into the port's words."""

from __future__ import annotations

import logging
import random
import time
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

from elastic_transport import ConnectionError as Unreachable
from elastic_transport import ConnectionTimeout, SecurityWarning, TlsError, TransportError
from elasticsearch import ApiError, Elasticsearch, UnsupportedProductError
from elasticsearch.exceptions import ElasticsearchWarning

from index.elasticsearch.server import Server
from index.port import IndexUnavailable, TooSlow

OLDEST = (8, 19)
_BUSY = (429, 502, 503, 504)
_PAUSES = (0.1, 0.3, 1.0, 2.0)  # seconds before each further try of a write; a search has the first two
_WRITE_SECONDS = 60.0
_OPEN_SECONDS = 10.0

T = TypeVar("T")


class Connection:
    """A client for any number of threads. Its calls raise `IndexUnavailable`, save the errors the caller asks for."""

    def __init__(self, server: Server, *, time_limit: float) -> None:
        self.prefix, self._where, self.time_limit = server.prefix, ", ".join(server.urls), time_limit
        logging.getLogger("elastic_transport.transport").setLevel(logging.WARNING)  # one line a request at INFO
        warnings.filterwarnings("ignore", category=ElasticsearchWarning)
        warnings.filterwarnings("ignore", category=SecurityWarning)
        if server.ca and not server.ca.is_file():
            raise IndexUnavailable(f"Không có tệp chứng chỉ {server.ca} (DULUAN_ELASTICSEARCH_CA).")
        with self._translated(time_limit):
            self._client = _client(server)
        self._closed = False

    def check(self) -> None:
        """Raises `IndexUnavailable` unless the server lets us in, is new enough and holds all its data."""
        info = self.allowed(lambda client: client.nodes.info(filter_path="nodes.*.version"), seconds=_OPEN_SECONDS)
        versions = sorted({str(node["version"]) for node in (info or {}).get("nodes", {}).values()})
        if old := [version for version in versions if _numbers(version) < OLDEST]:
            raise IndexUnavailable(f"Elasticsearch {old[0]} ở {self._where} quá cũ; cần bản 8.19 hoặc mới hơn.")
        if lacking := self.problems():
            raise IndexUnavailable(lacking[0])

    def problems(self) -> list[str]:
        """What the cluster says is wrong with our indices."""
        seconds = f"{_OPEN_SECONDS:g}s"
        health = self.allowed(
            lambda client: client.cluster.health(
                index=f"{self.prefix}-*", wait_for_status="yellow", timeout=seconds, expand_wildcards="all"
            ),
            passing=(408,),
        )
        if health is not None and health.get("status") == "red":
            return [f"Elasticsearch ở {self._where} đang thiếu dữ liệu (trạng thái đỏ)."]
        return []

    def allowed(
        self, action: Callable[[Elasticsearch], Any], passing: tuple[int, ...] = (), seconds: float = _WRITE_SECONDS
    ) -> dict[str, Any] | None:
        """The answer to a call that a key with rights on our indices only may not make; then None."""
        try:
            return dict(self._tried(action, _PAUSES, seconds, (403, *passing)))
        except ApiError as error:
            return None if error.status_code == 403 else dict(error.body)

    def search(self, action: Callable[[Elasticsearch], T], *, raising: tuple[int, ...] = ()) -> T:
        """Runs a call under the time limit; one that finds no node or a busy one is tried again, not for long."""
        return self._tried(action, _PAUSES[:2], self.time_limit, raising)

    def write(self, action: Callable[[Elasticsearch], T], *, raising: tuple[int, ...] = ()) -> T:
        """Runs a call that may be repeated without harm; `raising` are the statuses that stay `ApiError`."""
        return self._tried(action, _PAUSES, _WRITE_SECONDS, raising)

    def _tried(
        self, action: Callable[[Elasticsearch], T], pauses: tuple[float, ...], seconds: float, raising: tuple[int, ...]
    ) -> T:
        if self._closed:
            raise IndexUnavailable("Chỉ mục đã đóng.")
        client = self._client.options(request_timeout=seconds)
        for pause in pauses:
            try:
                return action(client)
            except (Unreachable, ApiError) as error:
                if isinstance(error, ApiError) and error.status_code in raising:
                    raise
                if not _passes(error):
                    raise self._translation(error, seconds) from error
            except TransportError as error:
                raise self._translation(error, seconds) from error
            time.sleep(pause * (0.5 + random.random()))  # noqa: S311 - spreads the tries of many processes
        with self._translated(seconds, raising):
            return action(client)

    def _translated(self, seconds: float, raising: tuple[int, ...] = ()) -> _Translated:
        return _Translated(self, seconds, raising)

    def _translation(self, error: Exception, seconds: float) -> IndexUnavailable:
        kind = TooSlow if isinstance(error, ConnectionTimeout) else IndexUnavailable
        return kind(self._explained(error, seconds))

    def _explained(self, error: Exception, seconds: float) -> str:
        where = self._where
        match error:
            case ConnectionTimeout():
                return (
                    f"Elasticsearch ở {where} không trả lời trong {seconds:g} giây; hãy thu hẹp thời gian hoặc từ khóa."
                )
            case TlsError():
                return (
                    f"Không kiểm chứng được chứng chỉ TLS của Elasticsearch ở {where} ({_first_line(error)}); "
                    "nếu là chứng chỉ tự ký, hãy đặt DULUAN_ELASTICSEARCH_CA."
                )
            case Unreachable():
                return f"Không nối được tới Elasticsearch ở {where} ({_first_line(error)})."
            case UnsupportedProductError():
                return f"Máy chủ ở {where} không phải là Elasticsearch."
            case ApiError(status_code=401):
                return f"Elasticsearch ở {where} từ chối đăng nhập: khóa API hoặc mật khẩu sai hoặc đã hết hạn."
            case ApiError(status_code=403):
                return f"Tài khoản hoặc khóa API không có quyền trên chỉ mục {self.prefix}-* ở {where}: {reason(error)}"
            case ApiError():
                return f"Elasticsearch ở {where} báo lỗi {error.status_code}: {reason(error)}"
        return f"Không dùng được Elasticsearch ở {where} ({_first_line(error)})."

    def close(self) -> None:
        self._closed = True
        self._client.close()


class _Translated:
    """Turns the client's errors into `IndexUnavailable`."""

    def __init__(self, connection: Connection, seconds: float, raising: tuple[int, ...]) -> None:
        self._connection, self._seconds, self._raising = connection, seconds, raising

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, ApiError) and error.status_code in self._raising:
            return
        if isinstance(error, (ApiError, TransportError, ValueError, OSError)):
            raise self._connection._translation(error, self._seconds) from error


def _client(server: Server) -> Elasticsearch:
    options: dict[str, Any] = {"retry_on_timeout": False, "max_retries": 2, "retry_on_status": ()}
    if server.api_key:
        options["api_key"] = server.api_key.get_secret_value()
    elif server.user:
        options["basic_auth"] = (server.user, server.password.get_secret_value() if server.password else "")
    if server.ca:
        options["ca_certs"] = str(server.ca)
    return Elasticsearch([_with_port(url) for url in server.urls], **options)


def _with_port(url: str) -> str:
    """The client demands a port; without one we mean the protocol's own."""
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    if ":" in host.rpartition("]")[2]:
        return url
    return f"{scheme}://{host}:{443 if scheme == 'https' else 80}{slash}{path}"


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("-")[0].split(".")[:2])


def _passes(error: Exception) -> bool:
    """Whether another try may help."""
    if isinstance(error, ApiError):
        return error.status_code in _BUSY
    return not isinstance(error, (TlsError, ConnectionTimeout))


def reason(error: ApiError) -> str:
    """The server's own reason: the innermost it names."""
    body: Any = error.body
    inner = body.get("error") if isinstance(body, dict) else None
    if not isinstance(inner, dict):
        return str(inner or error.message)
    causes = inner.get("root_cause") or [inner]
    return f"{causes[0].get('type')}: {causes[0].get('reason')}"[:500]


def _first_line(error: Exception) -> str:
    return str(getattr(error, "message", error)).splitlines()[0][:300] if str(error) else type(error).__name__
