"""The listeners: who waits for senders. A new one is a spec class here, one for its feeds, and the module that the spec opens."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field

from collectors.listeners.gelf import GelfFeed, GelfTcpSpec, GelfUdpSpec
from collectors.listeners.http import HttpFeed, HttpSpec
from collectors.listeners.mqtt import MqttFeed, MqttSpec
from collectors.listeners.netflow import NetflowFeed, NetflowSpec
from collectors.listeners.syslog import SyslogFeed, SyslogTcpSpec, SyslogTlsSpec, SyslogUdpSpec

AnyListener: TypeAlias = Annotated[
    GelfTcpSpec | GelfUdpSpec | HttpSpec | MqttSpec | NetflowSpec | SyslogUdpSpec | SyslogTcpSpec | SyslogTlsSpec,
    Field(discriminator="kind"),
]
"""An entry of `listeners`."""

AnyFeed: TypeAlias = GelfFeed | HttpFeed | MqttFeed | NetflowFeed | SyslogFeed
"""An `input` that a listener feeds."""
