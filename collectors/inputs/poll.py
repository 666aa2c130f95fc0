"""An HTTP API, asked once at a time: only the hosts that are declared, over TLS that is checked, and never more than allowed."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx

from collectors.input import Reading
from collectors.inputs.poll_beside import CURSOR, Looked, LookError, with_fault
from collectors.inputs.poll_paging import Answer, Question, check_continuity, question, records_of, taken
from collectors.inputs.poll_spec import PollSpec
from collectors.listeners.http_body import BodyLimits, RefusedError, Unpacker
from soc.core.i18n import msg

HOPS = 3
LONGEST_WAIT_S = 3600.0


@dataclass(frozen=True)
class ApiLooker:
    """Asks the API of a specification for its next page.

    Args:
        home: relative paths of the specification are meant from here.
    """

    spec: PollSpec
    home: Path
    timer: Callable[[], float] = time.monotonic

    @property
    def key(self) -> str:
        return self.spec.url.partition("?")[0]

    @property
    def interval_s(self) -> float:
        return self.spec.interval_s

    @property
    def limit_s(self) -> float:
        return self.spec.timeout_s * (HOPS + 2)

    def look(self, reading: Reading) -> Looked:
        """One page. Raises LookError."""
        state = reading.cursors.get(CURSOR, {})
        asked = question(self.spec, state)
        answer = self._answer(asked, reading.received)
        if answer is None:
            return Looked()
        looked = taken(self.spec, asked, answer, reading)
        gone = check_continuity(self.spec, records_of(self.spec, answer.body), state)
        return looked if gone is None else with_fault(looked, gone, self.key)

    def _answer(self, asked: Question, now: datetime) -> Answer | None:
        """None when nothing has changed since the last one."""
        try:
            with httpx.Client(
                verify=self._trust(), timeout=self.spec.timeout_s, trust_env=False, proxy=self.spec.proxy
            ) as client:
                return self._followed(client, asked, now)
        except httpx.HTTPError as problem:
            raise LookError(
                msg("không hỏi được API ({reason})", reason=str(problem) or type(problem).__name__),
                advice=msg("kiểm tra mạng, tên máy và chứng thư; sẽ hỏi lại sau, con trỏ giữ nguyên"),
            ) from problem
        except RefusedError as problem:
            raise LookError(
                problem.reason, advice=msg("giảm page_size, hoặc tăng max_bytes trong sources.yaml")
            ) from problem

    def _followed(self, client: httpx.Client, asked: Question, now: datetime) -> Answer | None:
        """The answer behind at most a few redirects, all of them to hosts that are declared."""
        deadline = self.timer() + self.spec.timeout_s
        url = self._allowed(asked.url)
        for _ in range(HOPS + 1):
            with closing(client.send(self._request(client, asked, url), stream=True)) as response:
                if not response.has_redirect_location:
                    return self._read(response, url, deadline, now)
                url = self._allowed(urljoin(url, response.headers.get("location", "")))
        raise LookError(msg("API chuyển hướng quá {count} lần", count=HOPS))

    def _request(self, client: httpx.Client, asked: Question, url: str) -> httpx.Request:
        """Secrets go to the host of the specification alone, the parameters to the first address."""
        headers = {"Accept": "application/json", "Accept-Encoding": "gzip, deflate", **self.spec.headers}
        if urlsplit(url).netloc == urlsplit(self.spec.url).netloc:
            headers |= self._secrets()
        if asked.etag:
            headers["If-None-Match"] = asked.etag
        params = dict(asked.params) if url == asked.url else {}
        if self.spec.method == "POST":
            return client.build_request("POST", url, headers=headers, json=params)
        # a bare mapping would drop the query that the address has already
        return client.build_request(
            "GET", url, headers=headers, params=httpx.QueryParams(urlsplit(url).query).merge(params)
        )

    def _read(self, response: httpx.Response, url: str, deadline: float, now: datetime) -> Answer | None:
        if response.status_code == httpx.codes.NOT_MODIFIED:
            return None
        if response.status_code != httpx.codes.OK:
            raise self._refused(response, now)
        body = self._body(response, deadline)
        following = response.links.get("next", {}).get("url", "")
        return Answer(body, response.headers.get("etag", ""), urljoin(url, following) if following else "")

    def _secrets(self) -> Mapping[str, str]:
        try:
            return {name: (self.home / file).read_text().strip() for name, file in self.spec.secret_headers.items()}
        except (OSError, UnicodeError) as problem:
            raise LookError(
                msg("không đọc được tệp bí mật của API ({reason})", reason=getattr(problem, "strerror", "") or "UTF-8"),
                advice=msg("kiểm tra secret_headers trong sources.yaml và quyền đọc tệp"),
            ) from problem

    def _trust(self) -> ssl.SSLContext | bool:
        if urlsplit(self.spec.url).scheme == "http":  # on this machine alone, and never led to anything else
            return False
        try:
            return ssl.create_default_context(cafile=None if self.spec.ca is None else str(self.home / self.spec.ca))
        except (OSError, ssl.SSLError) as problem:
            raise LookError(
                msg("không đọc được tệp CA của API ({reason})", reason=problem.strerror or str(problem))
            ) from problem

    def _allowed(self, url: str) -> str:
        """The address itself, when it is of a declared host: an API must not send us into our own network."""
        parts, own = urlsplit(url), urlsplit(self.spec.url)
        declared = parts.netloc == own.netloc or parts.hostname in self.spec.hosts
        if not declared or parts.scheme != own.scheme:
            raise LookError(
                msg("API dẫn sang {host}, là máy chưa khai báo", host=repr((parts.hostname or "")[:100])),
                advice=msg("nếu đúng là máy của API, thêm vào hosts trong sources.yaml"),
            )
        return url

    def _body(self, response: httpx.Response, deadline: float) -> bytes:
        unpacker = Unpacker(response.headers.get("content-encoding", ""), BodyLimits(self.spec.max_bytes))
        blocks: list[bytes] = []
        for piece in response.iter_raw():
            blocks += unpacker.feed(piece)
            if self.timer() > deadline:
                raise LookError(msg("API trả lời quá chậm, quá {seconds} giây", seconds=self.spec.timeout_s))
        unpacker.finish()
        return b"".join(blocks)

    def _refused(self, response: httpx.Response, now: datetime) -> LookError:
        wait_s = retry_after_s(response.headers.get("retry-after", ""), now)
        return LookError(
            msg("API trả lời mã {status}", status=response.status_code),
            expected=msg("mã 200"),
            advice=msg("kiểm tra địa chỉ, quyền và bí mật; sẽ hỏi lại sau, con trỏ giữ nguyên"),
            wait_s=wait_s,
        )


def retry_after_s(header: str, now: datetime) -> float:
    """Seconds of a Retry-After header, given as such or as a date; at most an hour, 0 for none.

    Source: RFC 9110, section 10.2.3.
    """
    if header.isdigit():
        return min(float(header[:9]), LONGEST_WAIT_S)
    try:
        moment = parsedate_to_datetime(header)
    except (ValueError, TypeError):
        return 0.0
    if moment.tzinfo is None:
        return 0.0
    return min(max(0.0, (moment - now).total_seconds()), LONGEST_WAIT_S)
