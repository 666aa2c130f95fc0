"""Who the store speaks to: a cluster whose certificate the given authority signed, with an account that it takes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from soc.core.i18n import Lang
from soc.storage.elastic.faults import ElasticError, FaultKind
from tests.servers.cluster import Cluster
from tests.servers.elasticsearch import ElasticsearchServer
from tests.storage.elastic import make_store

pytestmark = pytest.mark.elasticsearch


def refused(cluster: Cluster) -> ElasticError:
    """What the store says of a cluster that it cannot use."""
    store = make_store(cluster, "trust")
    with pytest.raises(ElasticError) as caught:
        store.health()
    store.close()
    return caught.value


def test_the_authority_of_the_settings_is_trusted(fragile_elasticsearch: ElasticsearchServer) -> None:
    store = make_store(fragile_elasticsearch.cluster, "trust")
    assert store.health().events == 0
    store.close()


def test_without_it_nothing_is_sent(fragile_elasticsearch: ElasticsearchServer) -> None:
    """The message says that it is the certificate."""
    problem = refused(replace(fragile_elasticsearch.cluster, authority=None))
    assert problem.kind is FaultKind.UNREACHABLE
    assert "certificate" in problem.render(Lang.EN).lower()


def test_a_wrong_password_is_told_as_such_and_not_shown(fragile_elasticsearch: ElasticsearchServer) -> None:
    problem = refused(replace(fragile_elasticsearch.cluster, password="sai-mat-khau"))
    assert problem.kind is FaultKind.REFUSED
    assert "sai-mat-khau" not in f"{problem.render(Lang.VI)} {problem!r} {problem.__cause__!r}"
