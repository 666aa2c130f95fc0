"""AI: gateway of models (assumed form), JupyterHub, GPU metrics."""

from __future__ import annotations

from soc.simulate import stamps
from soc.simulate.records.common import compact


def gateway(
    at: float,
    consumer: str,
    session: str,
    ip: str,
    model: str,
    prompt: int,
    answer: int,
    digest: str,
    flags: list[str],
    tools: list[str],
    docs: list[str],
    status: int = 200,
    **more: str,
) -> str:
    """One call of a model; `more` has user where the gateway knows one."""
    record: dict[str, object] = {"time": stamps.iso(at), "consumer": consumer, "sessionId": session, "ip": ip}
    return compact(
        record
        | more
        | {
            "model": model,
            "promptTokens": prompt,
            "completionTokens": answer,
            "promptHash": digest,
            "flags": flags,
            "tools": tools,
            "kbDocs": docs,
            "status": status,
            "latencyMs": 300 + 3 * answer,
        }
    )


def jupyter(
    at: float, level: str, module: str, status: int, method: str, path: str, user: str, ip: str, ms: float
) -> str:
    """One request to the notebooks."""
    return f"[{level} {stamps.plain_ms(at)} {module}] {status} {method} {path} ({user}@{ip}) {ms:.2f}ms"


def gpu(at: float, host: str, number: int, util: int, memory: int, power: int, process: str, user: str) -> str:
    """What one GPU did in one minute."""
    return compact(
        {
            "time": stamps.iso(at),
            "host": host,
            "gpu": number,
            "util": util,
            "mem_mb": memory,
            "power_w": power,
            "process": process,
            "user": user,
        }
    )
