"""Shared databases and the lake in lawful life."""

from __future__ import annotations

from collections.abc import Iterator

from soc.simulate import stamps
from soc.simulate.calendar import local_hour
from soc.simulate.draw import Draw
from soc.simulate.records import database as form
from soc.simulate.spec import Entry, Hour, Life, Routine, Scene, Stream
from soc.simulate.world import Province

ORACLE = "merged_databases.oracle_unified_syslog.tinh"
PG = "merged_databases.pgaudit.tinh"
PG_SHARED = "shared_database_list.pgaudit.tinh"
MSSQL = "merged_databases.mssql_audit_33205.tinh"
MINIO = "data_lake.minio_audit.tinh"
GO = "MinIO (linux; amd64) minio-go/v7.0.70"
DBAS = ("DBA01", "DBA02", "dba01", "dba02")
_TABLES = ("ho_so", "thu_tuc", "don_vi", "cong_dan", "danh_muc", "nhat_ky")


def _oracle(hour: Hour, number: int) -> Iterator[Entry]:
    draw = hour.draw
    for at in hour.times(number):
        user = draw.pick(("APP_IGATE", "APP_IGATE", "APP_HOTICH", "ETL_DW"))
        action = draw.pick((3, 3, 3, 2, 6, 100))
        name = "" if action == 100 else draw.pick(("HO_SO", "THU_TUC", "CONG_DAN", "HO_TICH"))
        code = 1017 if action == 100 and draw.chance(0.02) else 0
        yield (
            at,
            ORACLE,
            form.oracle(
                at,
                4300 + draw.upto(0, 200),
                3_000_000_000 + draw.upto(1, 900),
                user,
                action,
                code,
                "DVC" if name else "",
                name,
            ),
        )


def _postgres(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        table = draw.pick(_TABLES)
        command, group, text = draw.pick(
            (
                ("SELECT", "READ", "select * from {} where id=$1"),
                ("SELECT", "READ", "select ma, ten from {} where don_vi=$1 limit 50"),
                ("INSERT", "WRITE", "insert into {} (ma, ten) values ($1,$2)"),
                ("UPDATE", "WRITE", "update {} set trang_thai=$1 where id=$2"),
            )
        )
        user, ip, source = draw.pick(
            (("app_dvc", world.servers["portal"], PG), ("app_dungchung", world.servers["report-web"], PG_SHARED))
        )
        yield (
            at,
            source,
            form.pgaudit(
                at, draw.upto(2000, 2300), user, "dungchung", ip, draw.upto(1, 900), group, command, table, text
            ),
        )


def _mssql(hour: Hour, number: int) -> Iterator[Entry]:
    draw, ip = hour.draw, hour.world.servers["report-web"]
    for at in hour.times(number):
        action = draw.pick(("SL", "SL", "IN", "UP"))
        yield (
            at,
            MSSQL,
            form.mssql(
                at,
                "SQL-BC01",
                action,
                True,
                "app_baocao",
                "BAOCAO",
                ip,
                "SoLieu",
                "select top 50 ChiSo from SoLieu where Ky=@p1",
            ),
        )


def _lake(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        bucket = draw.pick(("moi-truong", "giao-thong", "dvc", "open-data"))
        call = draw.pick(("PutObject", "GetObject", "ListObjectsV2", "HeadObject"))
        key, ip = draw.pick((("svc-etl", world.servers["etl"]), ("svc-bi", world.servers["ioc"])))
        sent = draw.size(300_000) if call == "GetObject" else 0
        status = 403 if draw.chance(0.004) else 200
        yield (
            at,
            MINIO,
            form.minio(
                at,
                call,
                bucket,
                f"2026/{draw.upto(1, 12)}/p{draw.upto(1, 99)}.parquet",
                status,
                sent,
                ip,
                key,
                GO,
                draw.hex(8).upper(),
            ),
        )


def _night_runs(hour: Hour) -> Iterator[Entry]:
    """Backup at one, ETL until five: copies to standard output, staging tables emptied and dropped."""
    draw, world, at = hour.draw, hour.world, hour.start + 300
    if local_hour(hour.start) == 1:
        for table in _TABLES:
            at += draw.upto(5, 60)
            yield (
                at,
                PG,
                form.pgaudit(
                    at,
                    2900,
                    "backup",
                    "dungchung",
                    world.servers["backup"],
                    3,
                    "READ",
                    "COPY",
                    table,
                    f"COPY public.{table} TO stdout",
                ),
            )
        yield at + 20, ORACLE, form.oracle(int(at) + 20, 4600, 3_000_000_990, "BACKUP_EXP", 3, 0, "DANCU", "CONG_DAN")
    if local_hour(hour.start) in (23, 0, 2, 3):
        for number in range(6):
            at += draw.upto(3, 40)
            command, text = draw.pick(
                (
                    ("TRUNCATE TABLE", f"truncate stg_{number}"),
                    ("COPY", f"COPY stg_{number} TO STDOUT"),
                    ("INSERT", f"insert into stg_{number} select 1"),
                )
            )
            group = "DDL" if command.startswith("TRUN") else "WRITE"
            yield (
                at,
                PG,
                form.pgaudit(
                    at, 2950, "etl_dw", "dungchung", world.servers["etl"], number, group, command, f"stg_{number}", text
                ),
            )


def _dba_by_day(hour: Hour, number: int) -> Iterator[Entry]:
    draw, world = hour.draw, hour.world
    for at in hour.times(number):
        text = draw.pick(("select count(*) from pg_stat_activity", "vacuum analyze ho_so", "select 1"))
        yield (
            at,
            PG,
            form.pgaudit(
                at,
                3300,
                draw.pick(("dba01", "dba02")),
                "dungchung",
                world.servers["jump"],
                2,
                "READ",
                "SELECT",
                "pg_stat_activity",
                text,
            ),
        )


def _old_connection(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """An application with an old connection string knocks again and again, under its own account."""
    for number in range(draw.upto(20, 60)):
        when = at + 9 * number
        yield when, PG, form.pg_refused(when, 2400, "app_cu", "dungchung", world.servers["feedback"])


def _training_data(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """A model is trained: the AI cluster fetches gigabytes, from its declared address."""
    for number in range(8):
        when = at + 200 * number
        yield (
            when,
            MINIO,
            form.minio(
                when,
                "GetObject",
                "datasets",
                f"train/part-{number:04d}.parquet",
                200,
                900_000_000,
                world.servers["gpu"],
                "svc-train",
                "aws-sdk-go/1.55",
                draw.hex(8),
            ),
        )


def _open_data(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """The approved bucket of open data gets its policy, by ticket."""
    yield (
        at,
        MINIO,
        form.minio(
            at,
            "SetBucketPolicy",
            "open-data",
            "",
            200,
            0,
            world.admin_hosts[0],
            world.admins[0],
            "MinIO (linux; amd64) mc",
            draw.hex(8),
        ),
    )


def _new_database(draw: Draw, world: Province, at: float) -> Iterator[Entry]:
    """A new database on a machine for development, by ticket."""
    text = f"create role app_moi_{stamps.yymmdd(at)} login"
    yield (
        at,
        PG_SHARED,
        form.pgaudit(at, 3400, "dba01", "thu-dev", world.servers["jump"], 1, "ROLE", "CREATE ROLE", "", text),
    )


LIFE: tuple[Life, ...] = (
    Stream(_oracle, 4_000, "office_late"),
    Stream(_postgres, 5_000, "office_late"),
    Stream(_mssql, 2_000, "office"),
    Stream(_lake, 3_000, "night"),
    Routine(_night_runs),
    Stream(_dba_by_day, 80, "office"),
    Scene(_old_connection, 1),
    Scene(_training_data, 1, (20, 22)),
    Scene(_open_data, 1),
    Scene(_new_database, 1),
)
