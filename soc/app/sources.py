"""Which registered source an id stands for: of the file, of a single import, or of an exercise run.

The id is all that travels with a record through the spool, so it alone must tell platform, agency and exercise again after a restart.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from collectors.platform import Platform, platform_of
from collectors.sources import Source
from soc.app.canary_beats import EXERCISE, canary_source
from soc.core.errors import NotFoundError, SetupError
from soc.core.i18n import msg

_IMPORT = re.compile(r"import\.(?P<platform>[a-z0-9_]+)\.(?P<agency>[a-z0-9-]+)(?:\.(?P<parser>[a-z0-9_]+))?")
_EXERCISE = re.compile(r"(?P<run>dt-\d{4}-\d{4,})\.(?P<platform>[a-z0-9_]+)")


def import_source(platform: str, agency: str, parser: str | None = None) -> Source:
    """The source of files that somebody imports by hand: `import.<platform>.<agency>[.<parser>]`."""
    ident = ".".join(filter(None, ("import", platform, agency, parser)))
    return Source(id=ident, platform=platform, agency=agency, parser=parser)


class SourceBook:
    """Finds sources by id.

    Args:
        registered: of `SOC_HOME/sources.yaml`.
        agency_of_run: gives the agency of an exercise run by its code; raises NotFoundError.
        province: id of the agency that the heartbeat belongs to.
    """

    def __init__(
        self,
        registered: Mapping[str, Source],
        platforms: Mapping[str, Platform],
        agency_of_run: Callable[[str], str],
        province: str,
    ) -> None:
        self._registered = registered
        self._canary = canary_source(province)
        self._platforms = platforms
        self._agency_of_run = agency_of_run

    @property
    def registered(self) -> Mapping[str, Source]:
        """The sources of the file."""
        return self._registered

    def check(self) -> None:
        """Raise SetupError when a registered source has an id that is kept for imports, exercises or the heartbeat."""
        for ident in self._registered:
            if _IMPORT.fullmatch(ident) or _EXERCISE.fullmatch(ident) or ident == self._canary.id:
                raise SetupError(
                    msg("mã nguồn '{id}' dành cho nhập tay, diễn tập hoặc nhịp tim", id=ident),
                    where="sources.yaml",
                    advice=msg("đặt mã khác"),
                )

    def charset_of(self, ident: str) -> str:
        """The charset that a source or its format declares; empty when neither does, or nobody knows the source."""
        try:
            source, _ = self.resolve(ident)
            chosen = platform_of(self._platforms, source.platform).format(source.format)
        except NotFoundError:
            return ""
        return source.charset or ("" if source.parser else chosen.charset)

    def resolve(self, ident: str) -> tuple[Source, str | None]:
        """The source of an id and the exercise run it belongs to, None for real data. Raises NotFoundError."""
        if ident in self._registered:
            return self._registered[ident], None
        if ident == self._canary.id:
            return self._canary, EXERCISE
        if found := _IMPORT.fullmatch(ident):
            platform_of(self._platforms, found["platform"])
            return import_source(found["platform"], found["agency"], found["parser"]), None
        if found := _EXERCISE.fullmatch(ident):
            run = found["run"].upper()
            return Source(id=ident, platform=found["platform"], agency=self._agency_of_run(run)), run
        raise NotFoundError(
            msg("nguồn '{id}' chưa đăng ký", id=ident),
            advice=msg("thêm nguồn vào {file} rồi chạy lại", file="sources.yaml"),
        )
