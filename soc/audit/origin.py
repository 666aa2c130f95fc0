"""Where the request that is being served came from, for the audit entries that its use cases write.

A context variable, as a use case knows who asks but not from which address; the console sets it for each request, and it
follows the request into worker threads. Outside a request it is empty.
"""

from __future__ import annotations

from contextvars import ContextVar

REQUEST_ORIGIN: ContextVar[str] = ContextVar("request_origin", default="")
