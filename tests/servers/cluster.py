"""An Elasticsearch cluster as the tests see it, whoever started it."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import httpx


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where a cluster answers, and a superuser of it.

    Attributes:
        url: scheme, host and port; no password inside.
        authority: PEM file of the authority to trust when the address is HTTPS.
    """

    url: str
    user: str
    password: str
    authority: Path | None = None

    @classmethod
    def at(cls, address: str) -> Cluster:
        """From SCHEME://USER:PASSWORD@HOST:PORT, as SOC_TEST_ELASTICSEARCH has it."""
        parts = urlsplit(address)
        host = parts.netloc.rpartition("@")[2]
        return cls(f"{parts.scheme}://{host}", unquote(parts.username or ""), unquote(parts.password or ""))

    @property
    def address(self) -> str:
        """The same in one piece, with user and password."""
        return self.url.replace("://", f"://{self.user}:{self.password}@")

    def client(self, timeout_s: float = 60) -> httpx.Client:
        """A plain HTTP client, signed in."""
        trust = ssl.create_default_context(cafile=str(self.authority)) if self.authority else True
        return httpx.Client(base_url=self.url, auth=(self.user, self.password), timeout=timeout_s, verify=trust)

    def answers(self) -> bool:
        """Whether the cluster is up and its existing indices can be used."""
        try:
            with self.client(timeout_s=10) as client:
                answer = client.get("/_cluster/health?wait_for_status=yellow&timeout=5s")
        except httpx.TransportError:
            return False
        return answer.status_code == httpx.codes.OK

    def forget(self, prefix: str) -> None:
        """Delete every index (with its aliases), template, role and API key whose name starts with `prefix`."""
        with self.client() as client:
            found = client.get(f"/_resolve/index/{prefix}*", params={"expand_wildcards": "all"}).raise_for_status()
            for index in found.json()["indices"]:
                client.delete(f"/{index['name']}").raise_for_status()
            client.delete(f"/_index_template/{prefix}*")
            client.delete(f"/_component_template/{prefix}*")
            roles = client.get("/_security/role").raise_for_status().json()
            for role in (name for name in roles if name.startswith(prefix)):
                client.delete(f"/_security/role/{role}").raise_for_status()
            keys = client.get("/_security/api_key", params={"name": f"{prefix}*", "active_only": "true"})
            ids = [key["id"] for key in keys.json().get("api_keys", [])]
            if ids:
                client.request("DELETE", "/_security/api_key", json={"ids": ids}).raise_for_status()
