"""Threats to the AI platform and the assistants."""

from __future__ import annotations

from soc.simulate.deeds import ANY, NIGHT, OFFICE, Attempt, Threat
from soc.simulate.records import ai as form
from soc.simulate.records import database
from soc.simulate.streams.ai import CITIZEN, CONGRESS, GPU, HUB, INTERNAL, MINIO

FAMILY = "ai"


def _injection(deed: Attempt) -> None:
    ip, session = deed.stranger(), f"s-{deed.draw.hex(8)}"
    for _ in range(deed.draw.upto(1, 12)):
        flags = ["injection", *(["system_prompt_leak"] if deed.draw.chance(0.5) else [])]
        tools = ["tra_cuu_ho_so"] * deed.draw.upto(1, 3)
        text = form.gateway(
            deed.wait(5, 60),
            "tro-ly-dvc",
            session,
            ip,
            "vn-7b",
            deed.draw.upto(1500, 4000),
            900,
            deed.draw.hex(8),
            flags,
            tools,
            [],
        )
        deed.log(CITIZEN, text)
    deed.about("soc.session.id", session)


def _scrape(deed: Attempt) -> None:
    ip, session = deed.stranger(), f"s-{deed.draw.hex(8)}"
    one = deed.way("one session", "many sessions") == "one session"
    for _ in range(deed.draw.upto(90, 300)):
        name = session if one else f"s-{deed.draw.hex(8)}"
        deed.log(
            CITIZEN,
            form.gateway(
                deed.wait(3, 25), "tro-ly-dvc", name, ip, "vn-7b", 90, 250, deed.draw.hex(8), [], ["tra_cuu_ho_so"], []
            ),
        )
    deed.about("soc.session.id", session)


def _classified(deed: Attempt) -> None:
    unit = deed.pick(*deed.world.units)
    user, source = deed.pick(*unit.officers), deed.pick(INTERNAL, CONGRESS)
    marked = deed.way("marked", "many citizens") == "marked"
    for _ in range(deed.draw.upto(1, 3) if marked else deed.draw.upto(26, 60)):
        flags = ["classified_marker"] if marked else ["pii_cccd"]
        text = form.gateway(
            deed.wait(20, 400),
            "ai-noi-bo",
            f"s-{deed.draw.hex(8)}",
            unit.gates[0],
            "vn-70b",
            8000,
            600,
            deed.draw.hex(8),
            flags,
            [],
            [],
            user=user,
        )
        deed.log(source, text)
    deed.agency = unit.id
    deed.about("user.name", user)
    deed.about("source.ip", unit.gates[0])


def _miner(deed: Attempt) -> None:
    user, number = f"ds{deed.draw.upto(1, 6):02d}", deed.draw.upto(0, 3)
    program = (
        deed.pick("t-rex", "xmrig", "lolMiner", "nbminer")
        if deed.way("known program", "disguised") == "known program"
        else deed.pick("python3", "kworker", "train")
    )
    for _ in range(deed.draw.upto(25, 60)):
        deed.log(
            GPU,
            form.gpu(
                deed.now, "gpu01", number, deed.draw.upto(98, 100), deed.draw.upto(3000, 6500), 455, program, user
            ),
        )
        deed.now += 60
    deed.about("user.name", user)
    deed.about("host.name", "gpu01")


def _terminal(deed: Attempt) -> None:
    ip, user = deed.stranger(), f"ds{deed.draw.upto(1, 6):02d}"
    deed.log(HUB, form.jupyter(deed.now, "I", "JupyterHub log:191", 302, "POST", "/hub/login", user, ip, 200.0))
    for _ in range(deed.draw.upto(1, 4)):
        deed.log(
            HUB,
            form.jupyter(
                deed.wait(5, 90),
                "I",
                "LabApp log:191",
                deed.pick(200, 201),
                "POST",
                f"/user/{user}/api/terminals",
                user,
                ip,
                30.0,
            ),
        )
    deed.about("user.name", user)


def _model(deed: Attempt) -> None:
    key, bucket = f"ds{deed.draw.upto(1, 6):02d}", deed.way("models", "datasets")
    ip = deed.stranger()
    for number in range(deed.draw.upto(8, 20)):
        text = database.minio(
            deed.wait(30, 300),
            "GetObject",
            bucket,
            f"vn-70b/part-{number}.safetensors",
            200,
            deed.draw.upto(3_200_000_000, 5_000_000_000),
            ip,
            key,
            "aws-cli/2.15",
            deed.draw.hex(8),
        )
        deed.log(MINIO, text)
    deed.about("user.name", key)


THREATS = (
    Threat("prompt-injection-tool", FAMILY, ANY, _injection),
    Threat("ai-data-scrape", FAMILY, ANY, _scrape),
    Threat("ai-classified-input", FAMILY, OFFICE, _classified),
    Threat("gpu-miner", FAMILY, NIGHT, _miner),
    Threat("notebook-terminal-new", FAMILY, ANY, _terminal),
    Threat("model-exfil", FAMILY, ANY, _model),
)
