"""A real MQTT broker on loopback."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from pathlib import Path

from tests.servers.processes import end_group, end_of, free_port, start_server, wait_until


class Mosquitto:
    """One broker; it keeps sessions in memory, so it must outlive the clients that a test kills.

    Args:
        folder: configuration, password file and log.
        settings: further lines of its configuration.
    """

    def __init__(self, program: str, folder: Path, settings: str = "allow_anonymous true") -> None:
        self.port = free_port()
        self._folder = folder
        self._log = folder / "mosquitto.log"
        config = folder / "mosquitto.conf"
        config.write_text(f"user root\nmax_queued_messages 0\nlistener {self.port} 127.0.0.1\n{settings}\n")
        environment = {"PATH": os.environ["PATH"]}
        command = [program, "-c", str(config), "-v"]
        self._process = start_server(command, user=None, environment=environment, folder=folder, log=self._log)
        wait_until(self._answers, f"mosquitto: {end_of(self._log)}", 20)

    def publish(self, topic: str, *payloads: str, qos: int = 1, options: tuple[str, ...] = ()) -> None:
        """Send messages with the real client, one a payload."""
        command = [
            "mosquitto_pub",
            "-h",
            "127.0.0.1",
            "-p",
            str(self.port),
            "-t",
            topic,
            "-q",
            str(qos),
            "-l",
            *options,
        ]
        subprocess.run(command, input="".join(f"{one}\n" for one in payloads), text=True, check=True, timeout=30)

    @property
    def log(self) -> str:
        return self._log.read_text("utf-8", "replace")

    def stop(self) -> None:
        """End it."""
        end_group(self._process, signal.SIGTERM)

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0
