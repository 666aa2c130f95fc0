"""The console process of `soc up`: python -m soc.web. Address and port come from the settings."""

from __future__ import annotations

import signal

import uvicorn

from soc.app.application import Application
from soc.core.settings import Settings
from soc.web.app import make_app


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    settings = Settings()
    with Application(settings) as app:
        console = make_app(app)
        # uvicorn ends its work on a signal and then raises it again for whoever stood there before: that is us, to close up
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)
        uvicorn.run(
            console,
            host=settings.http_host,
            port=settings.http_port,
            log_level="warning",
            server_header=False,
            # nobody stands in front of a loopback console: a forwarded address would be the visitor's own claim
            proxy_headers=False,
            timeout_graceful_shutdown=5,
        )


if __name__ == "__main__":
    main()
