"""The connection to a cluster."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from elasticsearch import Elasticsearch
from pydantic import SecretStr

from soc.core.errors import SetupError
from soc.core.i18n import msg

REQUEST_S = 60
"""Seconds that one answer may take."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where a cluster is and how one signs in.

    Attributes:
        url: `https://host:9200`, or several with commas between them; credentials in it are refused, as they would end up in logs.
        api_key: the encoded form, as `soc elastic setup` writes it; else `user` and `password`.
        ca: PEM file of the authority that signed the cluster's certificate; None = those that the machine trusts.
        prefix: what the names of our indices begin with.
    """

    url: str
    api_key: SecretStr | None = None
    user: str = ""
    password: SecretStr | None = None
    ca: Path | None = None
    prefix: str = "vonggac"


def connect(cluster: Cluster) -> Elasticsearch:
    """A client; nothing is asked of the cluster yet.

    Raises:
        SetupError: no address, an address of another form, or a CA file that is not there.
    """
    hosts = [_address(part.strip()) for part in cluster.url.split(",")]
    options: dict[str, object] = {"request_timeout": REQUEST_S, "retry_on_timeout": True, "max_retries": 2}
    if cluster.ca is not None:
        if not cluster.ca.is_file():
            raise SetupError(
                msg("không có tệp chứng chỉ CA"), where=str(cluster.ca), advice=msg("sửa thiết lập elasticsearch_ca")
            )
        options["ca_certs"] = str(cluster.ca)
    if cluster.api_key is not None:
        options["api_key"] = cluster.api_key.get_secret_value()
    elif cluster.user:
        options["basic_auth"] = (cluster.user, cluster.password.get_secret_value() if cluster.password else "")
    return Elasticsearch(hosts, **options)  # type: ignore[arg-type]


def _address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.password:
        raise SetupError(
            msg("địa chỉ Elasticsearch không dùng được"),
            expected=msg("dạng https://may-chu:9200, không kèm tên và mật khẩu"),
            where="elasticsearch_url",
            advice=msg("đặt khoá trong elasticsearch_api_key, hoặc elasticsearch_user và elasticsearch_password"),
        )
    return f"{parts.scheme}://{parts.hostname if ':' not in parts.hostname else f'[{parts.hostname}]'}:{_port(url)}{parts.path}"


def _port(url: str) -> int:
    parts = urlsplit(url)
    return parts.port or (443 if parts.scheme == "https" else 9200)
