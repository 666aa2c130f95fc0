"""The id of a source alone tells platform, agency and exercise."""

from __future__ import annotations

import pytest

from collectors.platform import load_platforms
from collectors.sources import Source
from soc.app.sources import SourceBook, import_source
from soc.core.errors import NotFoundError, SetupError

PLATFORMS = load_platforms()


def book(*sources: Source) -> SourceBook:
    """A book in which every exercise run is of one agency."""
    return SourceBook(
        {source.id: source for source in sources}, PLATFORMS, lambda code: f"agency-of-{code.lower()}", "tinh-mau"
    )


def test_an_import_is_found_again_by_its_id() -> None:
    """Also after a restart, when only the id is left in the spool."""
    source = import_source("lgsp", "so-mau", "json")
    assert book().resolve(source.id) == (source, None)


def test_an_exercise_source_carries_its_run() -> None:
    """The agency is that of the run, the mark is the run's code."""
    source, exercise = book().resolve("dt-2026-0007.sso_eid")
    assert (source.agency, source.platform, exercise) == ("agency-of-dt-2026-0007", "sso_eid", "DT-2026-0007")


def test_an_unknown_source_is_not_found() -> None:
    """Its records go to quarantine with the advice to register it."""
    with pytest.raises(NotFoundError):
        book().resolve("nobody")


@pytest.mark.parametrize("ident", ["dt-2026-0001.lgsp", "import.lgsp.so-mau"])
def test_a_registered_source_may_not_look_like_an_exercise_or_an_import(ident: str) -> None:
    """Otherwise the lines of an exercise could become real."""
    with pytest.raises(SetupError):
        book(Source(id=ident, platform="lgsp", agency="so-mau")).check()
