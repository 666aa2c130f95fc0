"""What Celery says about its connection, brought down to one line for the loss of the broker and one for its return."""

from __future__ import annotations

import logging

from celery.worker.consumer.consumer import CONNECTION_ERROR, CONNECTION_RETRY  # type: ignore[import-untyped]

from playbooks.broker import Broker

_LOGGERS = (
    "celery.worker.consumer.consumer",
    "celery.worker.consumer.connection",
    "celery.worker.request",
    "py.warnings",
)
_DEFAULT_WILL_CHANGE = "CPendingDeprecationWarning"
_CONNECTED, _NOT_ACKED = "Connected to %s", "Couldn't ack"


class OutageFilter(logging.Filter):
    """Hands what is said of the connection to the account of outages, and lets everything else pass.

    Celery itself writes a line for every attempt to connect, and a traceback for every message that it cannot acknowledge.
    """

    def __init__(self, broker: Broker) -> None:
        super().__init__()
        self._broker = broker

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is written."""
        arguments = record.args if isinstance(record.args, tuple) else ()
        if record.msg == _CONNECTED:
            self._broker.outage.back()
            return False
        if record.msg == CONNECTION_ERROR or CONNECTION_RETRY in arguments:
            self._broker.outage.lost(self._broker.without_secret(str(arguments[1])))
            return False
        if str(record.msg).startswith(_NOT_ACKED):  # the message may come again, which does nothing
            self._broker.outage.lost("a message could not be acknowledged")
            return False
        return _DEFAULT_WILL_CHANGE not in record.getMessage()  # told at every loss


def condense(broker: Broker) -> None:
    """Put the filter in the way of what Celery says."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(OutageFilter(broker))
