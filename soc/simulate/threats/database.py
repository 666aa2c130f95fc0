"""Threats to shared databases and the lake."""

from __future__ import annotations

from soc.simulate.deeds import ANY, NIGHT, Attempt, Threat
from soc.simulate.records import database as form
from soc.simulate.streams.database import MINIO, MSSQL, ORACLE, PG, PG_SHARED

FAMILY = "database-lake"


def _sql(deed: Attempt, source: str, user: str, group: str, command: str, table: str, text: str) -> None:
    ip = deed.world.servers["jump"]
    deed.log(
        source, form.pgaudit(deed.now, 3310, user, "dancu", ip, deed.draw.upto(1, 90), group, command, table, text)
    )


def _dba_night(deed: Attempt) -> None:
    if deed.way("oracle", "postgresql") == "oracle":
        user = deed.pick("DBA01", "DBA02", "SYSTEM")
        for _ in range(deed.draw.upto(1, 8)):
            name = deed.pick("CONG_DAN", "HO_TICH", "DANG_VIEN")
            deed.log(ORACLE, form.oracle(deed.wait(5, 200), 5510, 3_000_000_055, user, 3, 0, "DANCU", name))
    else:
        user = deed.pick("dba01", "dba02")
        for _ in range(deed.draw.upto(1, 8)):
            deed.wait(5, 200)
            _sql(
                deed,
                PG,
                user,
                "READ",
                deed.pick("SELECT", "COPY"),
                deed.pick("cong_dan", "ho_tich"),
                "select * from cong_dan limit 100000",
            )
    deed.about("user.name", user)


def _program(deed: Attempt) -> None:
    if deed.way("copy to program", "xp_cmdshell", "utl_file") == "xp_cmdshell":
        user, ip = "sa", deed.stranger()
        deed.log(
            MSSQL,
            form.mssql(
                deed.now,
                "SQL-BC01",
                "EX",
                True,
                user,
                "master",
                ip,
                "xp_cmdshell",
                deed.pick("exec xp_cmdshell 'whoami'", "EXEC master..xp_cmdshell 'dir c:'"),
            ),
        )
    else:
        user = deed.pick("dba02", "postgres", "app_dvc")
        text = (
            "select utl_file.fopen('/tmp','a','w')"
            if deed.variant == "utl_file"
            else deed.pick(
                "copy cong_dan to program 'gzip > /tmp/cd.gz'",
                "COPY t FROM PROGRAM 'id'",
                "Copy  ho_so  To  Program 'nc x 1'",
            )
        )
        _sql(deed, deed.pick(PG, PG_SHARED), user, "READ", "COPY" if "tl_" not in text else "SELECT", "cong_dan", text)
    deed.about("user.name", user)


def _exfil(deed: Attempt) -> None:
    ip, key = deed.stranger(), deed.pick("svc-bi", "bi-admin", "svc-etl")
    agent = (
        deed.pick("rclone/v1.66", "rclone/v1.68.2", "aws-cli/2.15", "MinIO (windows; amd64) mc")
        if deed.way("rclone or new", "new place")
        else ""
    )
    for number in range(deed.draw.upto(8, 20)):
        call = deed.pick("GetObject", "GetObject", "SelectObjectContent")
        text = form.minio(
            deed.wait(30, 160),
            call,
            "dan-cu-an-danh",
            f"full/part-{number:04d}.parquet",
            200,
            deed.draw.upto(800_000_000, 2_000_000_000),
            ip,
            key,
            agent,
            deed.draw.hex(8),
            "bi-admin",
        )
        deed.log(MINIO, text)
    deed.about("user.name", key)


def _public(deed: Attempt) -> None:
    call, ip = deed.way("SetBucketPolicy", "PutBucketPolicy", "SetBucketACL"), deed.stranger()
    key, bucket = deed.pick("bi-admin", "svc-bi"), deed.pick("dan-cu-an-danh", "dvc", "y-te")
    deed.log(
        MINIO, form.minio(deed.now, call, bucket, "", 200, 0, ip, key, "MinIO (windows; amd64) mc", deed.draw.hex(8))
    )
    deed.about("user.name", key)


def _brute(deed: Attempt) -> None:
    kind, ip = deed.way("oracle", "mssql", "postgresql"), deed.stranger()
    user = {
        "oracle": deed.pick("SYSTEM", "SYS"),
        "mssql": deed.pick("sa", "admin"),
        "postgresql": deed.pick("postgres", "root"),
    }[kind]
    for _ in range(deed.draw.upto(20, 120)):
        at = deed.wait(0.5, 8)
        if kind == "oracle":
            deed.log(ORACLE, form.oracle(at, 5500, 3_000_000_054, user, 100, 1017))
        elif kind == "mssql":
            deed.log(MSSQL, form.mssql(at, "SQL-BC01", "LGIF", False, user, "master", ip))
        else:
            deed.log(PG, form.pg_refused(at, 5400, user, "dancu", ip))
    deed.about("user.name", user)


def _grant(deed: Attempt) -> None:
    user = deed.pick("dba02", "postgres", "dba01")
    right = deed.way("pg_read_all_data", "dba", "select any table", "control server", "sysadmin")
    _sql(
        deed,
        deed.pick(PG, PG_SHARED),
        user,
        "ROLE",
        "GRANT",
        "",
        f"{deed.pick('grant', 'GRANT')} {right} to {deed.pick('svc_ioc', 'app_tam')}",
    )
    deed.about("user.name", user)


def _delete(deed: Attempt) -> None:
    user = deed.pick("dba02", "DBA02")
    count = deed.draw.upto(7, 25)
    for number in range(count):
        deed.wait(2, 20)
        if user.isupper():
            deed.variant = "oracle"
            deed.log(
                ORACLE, form.oracle(deed.now, 5600, 3_000_000_056, user, deed.pick(12, 85), 0, "DVC", f"HO_SO_{number}")
            )
        else:
            deed.variant = "postgresql"
            command = deed.pick("DROP TABLE", "TRUNCATE TABLE")
            _sql(
                deed,
                PG,
                user,
                "DDL" if command.startswith("D") else "WRITE",
                command,
                f"ho_so_{number}",
                f"{command.lower()} ho_so_{number}",
            )
    deed.about("user.name", user)


THREATS = (
    Threat("dba-read-pii-night", FAMILY, NIGHT, _dba_night),
    Threat("copy-to-program", FAMILY, ANY, _program),
    Threat("lake-exfil", FAMILY, NIGHT, _exfil),
    Threat("bucket-public", FAMILY, ANY, _public),
    Threat("db-brute-sa", FAMILY, ANY, _brute),
    Threat("grant-read-all", FAMILY, ANY, _grant),
    Threat("mass-delete", FAMILY, ANY, _delete),
)
