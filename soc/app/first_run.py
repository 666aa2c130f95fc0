"""What an empty installation needs before anybody can use it: the province, and its first administrator.

python -m soc.app.first_run
"""

from __future__ import annotations

import sys

from soc.access.agencies import Agency, AgencyKind, find
from soc.access.principal import SYSTEM
from soc.app.application import Application
from soc.core.errors import SocError
from soc.core.i18n import msg
from soc.core.settings import Settings


def first_run(settings: Settings) -> str | None:
    """Make what is missing; gives the one-time password of the administrator when one was made."""
    with Application(settings) as app:
        with app.database.reading() as session:
            missing = find(session, settings.province) is None
        if missing:
            name = settings.province
            app.agencies.add(SYSTEM, [Agency(name, name, name, AgencyKind.PROVINCE, None)])
        return app.accounts.ensure_admin(settings.province)


def main() -> int:
    """Say the password on stderr; the exit code of what went wrong when it cannot be done."""
    settings = Settings()
    try:
        password = first_run(settings)
    except SocError as problem:
        sys.stderr.write(f"soc: {problem.render(settings.lang)}\n")
        return problem.exit_code
    if password is not None:
        told = msg("tài khoản quản trị đầu tiên: quantri, mật khẩu một lần: {password}", password=password)
        sys.stderr.write(f"{told.render(settings.lang)}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
