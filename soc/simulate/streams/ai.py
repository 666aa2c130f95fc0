"""AI platform and assistants in lawful life."""

from __future__ import annotations

from collections.abc import Iterator

from soc.simulate.calendar import local_hour
from soc.simulate.draw import Draw
from soc.simulate.pools import officer
from soc.simulate.records import ai as form
from soc.simulate.records import database
from soc.simulate.spec import Entry, Hour, Life, Routine, Scene, Stream
from soc.simulate.world import Province

CITIZEN = "ai_citizen_assistant.llm_gateway_json.tinh"
INTERNAL = "ai_platform.llm_gateway_json.tinh"
CONGRESS = "ai_congress.llm_gateway_json.tinh"
HUB = "ai_platform.jupyterhub_log.tinh"
GPU = "ai_platform.gpu_metric.tinh"
MINIO = "ai_platform.minio_audit.tinh"


def _citizens(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        flags = ["pii_cccd"] if draw.chance(0.04) else ["injection"] if draw.chance(0.002) else []
        tools = (
            []
            if "injection" in flags
            else draw.often((["tra_cuu_thu_tuc"], [], ["tra_cuu_thu_tuc"], ["tra_cuu_ho_so"]))
        )
        docs = [f"TTHC-{draw.upto(1, 900)}"] if draw.chance(0.6) else []
        yield (
            at,
            CITIZEN,
            form.gateway(
                at,
                "tro-ly-dvc",
                f"s-{draw.hex(8)}",
                draw.pick(world.citizens),
                "vn-7b",
                draw.size(120),
                draw.size(220),
                draw.hex(8),
                flags,
                tools,
                docs,
            ),
        )


def _officers(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        _, user, ip = officer(draw, world)
        source, consumer = draw.often(((INTERNAL, "ai-noi-bo"), (CONGRESS, "ai-dai-hoi")))
        yield (
            at,
            source,
            form.gateway(
                at,
                consumer,
                f"s-{draw.hex(8)}",
                ip,
                "vn-70b",
                draw.size(900),
                draw.size(500),
                draw.hex(8),
                [],
                [],
                [],
                user=user,
            ),
        )


def _notebooks(hour: Hour, number: int) -> Iterator[Entry]:
    draw = hour.draw
    unit = hour.world.department("khcn")
    for at in hour.times(number):
        user, ip = f"ds{draw.upto(1, 6):02d}", draw.pick(unit.gates)
        method, path = draw.often(
            (
                ("GET", "/hub/home"),
                ("GET", f"/user/{user}/lab"),
                ("GET", f"/user/{user}/api/contents"),
                ("POST", f"/user/{user}/api/terminals"),
            )
        )
        yield (
            at,
            HUB,
            form.jupyter(
                at,
                "I",
                "JupyterHub log:191",
                draw.often((200, 200, 302, 404)),
                method,
                path,
                user,
                ip,
                draw.random() * 90,
            ),
        )


def _gpus(hour: Hour) -> Iterator[Entry]:
    """Every five minutes, four GPUs: answers by day, training by night."""
    draw = hour.draw
    training = local_hour(hour.start) >= 22 or local_hour(hour.start) < 5
    for minute in range(0, 60, 5 if hour.scale >= 0.5 else 15):
        at = hour.start + 60 * minute
        for number in range(4):
            if training and number >= 2:
                yield (
                    at,
                    GPU,
                    form.gpu(
                        at, "gpu01", number, draw.upto(93, 100), draw.upto(60000, 76000), 430, "python", "svc-train"
                    ),
                )
            else:
                yield (
                    at,
                    GPU,
                    form.gpu(at, "gpu01", number, draw.upto(5, 80), draw.upto(40000, 61000), 260, "vllm", "svc-llm"),
                )


def _pasted_document(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """Somebody pastes a document that says "disregard the above"; no tool is called."""
    yield (
        at,
        CITIZEN,
        form.gateway(
            at,
            "tro-ly-dvc",
            f"s-{draw.hex(8)}",
            draw.pick(world.citizens),
            "vn-7b",
            2800,
            300,
            draw.hex(8),
            ["injection"],
            [],
            [],
        ),
    )


def _kiosk(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """A kiosk of the service centre serves person after person."""
    for _ in range(draw.upto(60, 90)):
        at += draw.upto(20, 58)
        yield (
            at,
            CITIZEN,
            form.gateway(
                at,
                "tro-ly-dvc",
                f"s-{draw.hex(8)}",
                world.servers["kiosk"],
                "vn-7b",
                90,
                200,
                draw.hex(8),
                [],
                ["tra_cuu_ho_so"],
                [],
            ),
        )


def _new_node(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """A new node fetches the model for the first time."""
    for number in range(6):
        when = at + 90 * number
        yield (
            when,
            MINIO,
            database.minio(
                when,
                "GetObject",
                "models",
                f"vn-70b/part-{number}.safetensors",
                200,
                5_000_000_000,
                world.servers["llm"],
                "svc-llm",
                "aws-sdk-go/1.55",
                draw.hex(8),
            ),
        )


LIFE: tuple[Life, ...] = (
    Stream(_citizens, 2_000, "citizen"),
    Stream(_officers, 700, "office"),
    Stream(_notebooks, 450, "office"),
    Routine(_gpus),
    Scene(_pasted_document, 5, (8, 21), any_day=True),
    Scene(_kiosk, 2),
    Scene(_new_node, 1),
)
