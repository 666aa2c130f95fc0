"""The console process of `soc up`: python -m soc.web. Address and port come from the settings."""

from __future__ import annotations

import signal

import uvicorn

from soc.app.application import Application
from soc.app.exposure import exposure_of
from soc.core.settings import Settings
from soc.web.app import make_app
from soc.web.proxy import BehindProxy


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    settings = Settings()
    with Application(settings) as app:
        exposure = exposure_of(settings, app.clock.now())
        console = make_app(app, secure=exposure.secure)
        # uvicorn ends its work on a signal and then raises it again for whoever stood there before: that is us, to close up
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)
        uvicorn.run(
            BehindProxy(console, exposure.proxies) if exposure.proxies else console,
            host=settings.http_host,
            port=settings.http_port,
            log_level="warning",
            server_header=False,
            ssl_certfile=exposure.tls.certificate if exposure.tls else None,
            ssl_keyfile=exposure.tls.key if exposure.tls else None,
            # uvicorn would believe whoever is on this machine; BehindProxy believes declared proxies alone
            proxy_headers=False,
            timeout_graceful_shutdown=5,
        )


if __name__ == "__main__":
    main()
