"""Who may read the figures for Prometheus."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from pydantic import SecretStr

from tests.web.house import ORIGIN, Browser, House

HERE = "http://127.0.0.1:8686"
TOKEN = "m" * 40


def ask(house: House, base: str = HERE, client: str = "127.0.0.1", **headers: str) -> tuple[int, str]:
    with Browser(house.app(), base=base, lang="en", client=client) as browser:
        answer = browser.get("/metrics", headers=headers)
        return answer.status_code, answer.text


def with_token(house: House) -> House:
    return replace(house, settings=house.settings.model_copy(update={"metrics_token": SecretStr(TOKEN)}))


@pytest.mark.parametrize(("base", "client"), [(HERE, "127.0.0.1"), ("http://[::1]:8686", "::1")])
def test_this_machine_reads_them_without_a_token(house: House, base: str, client: str) -> None:
    assert ask(house, base, client) == (200, "vonggac_engine_up 1\n")


@pytest.mark.parametrize(
    ("base", "client", "headers"),
    [
        (HERE, "192.0.2.7", {}),
        (ORIGIN, "127.0.0.1", {}),
        (HERE, "127.0.0.1", {"x-forwarded-for": "192.0.2.7"}),
        (HERE, "127.0.0.1", {"forwarded": "for=192.0.2.7"}),
    ],
)
def test_nobody_else_does(house: House, base: str, client: str, headers: dict[str, str]) -> None:
    """A proxy on this machine passes on questions from elsewhere."""
    status, text = ask(house, base, client, **headers)
    assert status == 403
    assert "SOC_METRICS_TOKEN" in text


def test_with_a_token_set_it_is_needed_from_everywhere(house: House) -> None:
    guarded = with_token(house)
    for client in ("127.0.0.1", "192.0.2.7"):
        assert ask(guarded, ORIGIN, client, authorization=f"Bearer {TOKEN}")[0] == 200
        for header in ({}, {"authorization": "Bearer x"}, {"authorization": f"Basic {TOKEN}"}):
            assert ask(guarded, HERE, client, **header)[0] == 401


def test_a_session_does_not_open_them(house: House, visitor: Callable[..., Browser]) -> None:
    """Figures of the whole installation are no business of any role."""
    assert visitor("qt.01").get("/metrics").status_code == 403
