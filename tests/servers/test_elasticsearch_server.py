"""The Elasticsearch of the tests: what every test of the store relies on."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import httpx
import pytest

from tests.servers import elasticsearch_files
from tests.servers.cluster import Cluster
from tests.servers.elasticsearch_files import SCRIPTS, prepare, unpack
from tests.servers.processes import PartMissingError

INDEX_TEMPLATE = {"template": {"settings": {"number_of_replicas": 0}}}


@pytest.mark.elasticsearch
def test_the_cluster_is_of_a_supported_version_and_asks_who_one_is(elasticsearch: Cluster) -> None:
    with elasticsearch.client() as client:
        assert int(client.get("/").json()["version"]["number"].split(".")[0]) in {8, 9}
    assert httpx.get(elasticsearch.url).status_code == httpx.codes.UNAUTHORIZED


@pytest.mark.elasticsearch
def test_all_of_a_prefix_is_forgotten_and_nothing_else(elasticsearch: Cluster, elastic_prefix: str) -> None:
    mine, other = f"{elastic_prefix}-mine", f"{elastic_prefix}x-other"
    with elasticsearch.client() as client:
        for name in (mine, other):
            template = {"index_patterns": [f"{name}-*"], **INDEX_TEMPLATE}
            client.put(f"/_index_template/{name}", json=template).raise_for_status()
            client.put(f"/{name}-000001", json={"aliases": {name: {}}}).raise_for_status()
            client.put(f"/_security/role/{name}", json={}).raise_for_status()
            client.put("/_security/api_key", json={"name": name}).raise_for_status()
        elasticsearch.forget(mine)
        left = client.get(f"/_resolve/index/{elastic_prefix}*").json()
        assert [index["name"] for index in left["indices"]] == [f"{other}-000001"]
        assert [alias["name"] for alias in left["aliases"]] == [other]
        assert client.get(f"/_index_template/{mine}").status_code == httpx.codes.NOT_FOUND
        assert client.get(f"/_security/role/{mine}").status_code == httpx.codes.NOT_FOUND
        assert client.get(f"/_security/role/{other}").status_code == httpx.codes.OK
        keys = client.get("/_security/api_key", params={"name": f"{elastic_prefix}*", "active_only": "true"}).json()
        assert [key["name"] for key in keys["api_keys"]] == [other]


def test_an_address_is_taken_apart_and_put_together_again() -> None:
    cluster = Cluster.at("https://user:pa%2Fss@es.example:9200")
    assert cluster == Cluster("https://es.example:9200", "user", "pa/ss")


def test_only_the_server_is_unpacked_from_the_distribution(tmp_path: Path) -> None:
    archive = tmp_path / "distribution.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        for name in ("bin/elasticsearch-cli", "bin/elasticsearch-env", "lib/server.jar"):
            zipped.writestr(f"suite-1.0/elasticsearch/{name}", name)
        zipped.writestr("suite-1.0/lib/other.jar", "other")
        zipped.writestr("suite-1.0/elasticsearch.txt", "other")
    home = unpack(archive, tmp_path / "home")
    files = {str(path.relative_to(home)) for path in home.rglob("*") if path.is_file()}
    assert files == {"bin/elasticsearch-cli", "bin/elasticsearch-env", "lib/server.jar"}
    assert all(os.access(home / "bin" / script, os.X_OK) for script in SCRIPTS)


def test_an_unpacked_server_is_found_again_without_java_or_maven(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / f"elasticsearch-{elasticsearch_files.VERSION}"
    home.mkdir()
    monkeypatch.setenv("PATH", "")
    assert prepare(tmp_path) == home


def test_what_is_missing_is_named_with_the_way_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(PartMissingError, match="apt-get install default-jre-headless"):
        prepare(tmp_path)


def test_a_distribution_that_is_not_the_expected_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, text in {"java": "", "mvn": "echo something else >other.zip"}.items():
        (programs / name).write_text(f"#!/bin/sh\n{text}\n")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))
    with pytest.raises(PartMissingError, match="nothing was unpacked"):
        prepare(tmp_path / "cache")
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["lock"]
