"""Today tells those who watch of an engine that takes no work."""

from __future__ import annotations

from collections.abc import Callable

from soc.app.outages import OutageBook, Part, outage_of
from soc.core.errors import EngineError
from soc.core.i18n import msg
from tests.web.house import NOW, Browser, House


def test_an_outage_is_on_the_first_page_of_those_who_watch(house: House, visitor: Callable[..., Browser]) -> None:
    problem = EngineError(msg("không tìm thấy"), where="https://es1.example:9200")
    problem.engine, problem.kind = "store", "read_only"
    book = OutageBook(house.settings.home)
    assert "takes no work" not in visitor("ts.01", lang="en").get("/today").text
    book.keep({Part.STORE: outage_of(problem, "moving", NOW)})
    for name in ("ts.01", "qt.01"):
        page = visitor(name, lang="en").get("/today").text
        assert "the event store takes no work: an index is blocked for writing" in page
        assert "es1.example" not in page
    assert "takes no work" not in visitor("tt.01", lang="en").get("/today").text
    book.keep({})
    assert "takes no work" not in visitor("ts.01", lang="en").get("/today").text
