"""Shared set-up of the suite: profiles, markers, and an account of the real parts that took part."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import settings

from soc.app.application import Application
from soc.core.settings import Settings
from soc.storage.sql import Database, connect
from tests.servers.cluster import Cluster
from tests.servers.databases import CaseDatabases, PostgresqlDatabases, SqliteDatabases
from tests.servers.elasticsearch import PATIENCE_S, ElasticsearchServer
from tests.servers.postgresql import PostgresqlServer
from tests.servers.processes import PartMissingError, wait_until
from tests.servers.redis import RedisServer

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
ELASTICSEARCH = pytest.StashKey[dict[str, ElasticsearchServer]]()
REAL_PARTS = pytest.StashKey[dict[str, str]]()
PASSED: set[str] = set()
GIVEN = "SOC_TEST_ELASTICSEARCH"
BOOTING = "SOC_TEST_ELASTICSEARCH_BOOTING"
"""Set where the server at that address was started a moment ago, so that it has to be waited for."""

USED_BY = {
    "tests/storage/": "tantivy",
    "tests/worker/": "Celery worker",
    "tests/playbooks/": "SMTP server",
    "tests/reports/": "PlutoPrint",
    "tests/detectors/yara/": "YARA",
    "tests/detectors/pcap/": "scapy",
    "tests/app/test_exactly_once.py": "kill -9 of soc ingest",
}
"""Where a test that passed has used a real part that needs no installing of its own."""

settings.register_profile("ci", max_examples=25, deadline=None, derandomize=True)
settings.register_profile("full", max_examples=500, deadline=None)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="the sizes that the issues name; slow")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[REAL_PARTS] = {}
    config.stash[ELASTICSEARCH] = {}
    settings.load_profile("full" if config.getoption("--full") else "ci")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config: pytest.Config) -> None:
    """Boot one Elasticsearch for all processes of a run of everything; of single files, whoever needs one boots its own."""
    if config.args_source is not pytest.Config.ArgsSource.TESTPATHS or os.environ.get(GIVEN):
        return
    with suppress(PartMissingError):
        launch_elasticsearch(config, "elasticsearch")
        os.environ[GIVEN] = config.stash[ELASTICSEARCH]["elasticsearch"].cluster.address
        os.environ[BOOTING] = "1"


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object) -> None:
    """Take over what a process of the run used of the real parts."""
    output: dict[str, dict[str, str]] = getattr(node, "workeroutput", {})
    for name, state in output.get("real parts", {}).items():
        note_part(node.config, name, state)  # type: ignore[attr-defined]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Tell the process that started this one, where there is one, which real parts took part."""
    output: dict[str, object] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["real parts"] = dict(session.config.stash[REAL_PARTS])


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the slow sizes to --full, and the measurements to `soc bench`."""
    wanted = {"bench"} if config.getoption("--full") else {"bench", "full"}
    dropped = [item for item in items if wanted & {mark.name for mark in item.iter_markers()}]
    if dropped and not config.getoption("-m"):
        config.hook.pytest_deselected(items=dropped)
        items[:] = [item for item in items if item not in set(dropped)]


def pytest_collection_finish(session: pytest.Session) -> None:
    """Let Elasticsearch boot while the tests that do without it run; whoever needs it then says why it is missing."""
    if session.config.option.collectonly or hasattr(session.config, "workerinput"):
        return  # one process of several does not know which of the tests will be its own
    wanted = {server for item in session.items for server in servers_of(item)}
    own = {"fragile_elasticsearch"} | (set() if os.environ.get(GIVEN) else {"elasticsearch"})
    with suppress(PartMissingError):
        for name in sorted(wanted & own):
            launch_elasticsearch(session.config, name)


def servers_of(item: pytest.Item) -> set[str]:
    """Which Elasticsearch a test asks for; by its marker the common one, as parameters may choose a fixture."""
    named = {"elasticsearch", "fragile_elasticsearch"} & set(getattr(item, "fixturenames", ()))
    return named or ({"elasticsearch"} if item.get_closest_marker("elasticsearch") else set())


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Remember which folders had a test that passed."""
    if report.when == "call" and report.passed:
        PASSED.update(prefix for prefix in USED_BY if report.nodeid.startswith(prefix))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say which real parts were used and which were not, and why."""
    for prefix in PASSED:
        note_part(config, USED_BY[prefix], "used")
    terminalreporter.section("real parts:", sep="-")
    for name, state in sorted(config.stash[REAL_PARTS].items()):
        terminalreporter.write_line(f"{name:24} {state}")
    seed = config.getoption("randomly_seed", None)
    if seed is not None:
        terminalreporter.write_line(f"{'order of the tests':24} --randomly-seed={seed}")


def note_part(config: pytest.Config, name: str, state: str) -> None:
    """Put a line into the account of the real parts."""
    config.stash[REAL_PARTS][name] = state


def need_part(config: pytest.Config, name: str, programs: tuple[str, ...], package: str) -> str:
    """Path of the first of `programs` that is installed. A missing part is a failure in CI, elsewhere a skip with its reason."""
    found = next((path for path in map(shutil.which, programs) if path), None)
    if not found:
        miss_part(config, name, f"{name} is not installed; on Debian: apt-get install {package}")
    note_part(config, name, "used")
    return found


def miss_part(config: pytest.Config, name: str, reason: str) -> NoReturn:
    """Note that a real part takes no part: a failure in CI, elsewhere a skip with its reason."""
    note_part(config, name, f"skipped: {reason}")
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def shared(pytestconfig: pytest.Config) -> Path:
    """The folder of real logs and published rules beside the checkout; the test is skipped where it is absent."""
    if not (SHARED / "data").is_dir():
        note_part(pytestconfig, "real logs", "skipped: no ../shared/data beside the checkout")
        pytest.skip("no ../shared/data beside the checkout")
    note_part(pytestconfig, "real logs", "used")
    return SHARED


@pytest.fixture(scope="session")
def chromium(pytestconfig: pytest.Config) -> str:
    """Path of a real Chromium."""
    return need_part(pytestconfig, "Chromium", ("chromium", "chromium-browser", "google-chrome"), "chromium")


@pytest.fixture(scope="session")
def pdftoppm(pytestconfig: pytest.Config) -> str:
    """Path of poppler's PDF renderer."""
    return need_part(pytestconfig, "poppler", ("pdftoppm",), "poppler-utils")


@pytest.fixture(scope="session")
def elasticsearch(pytestconfig: pytest.Config) -> Cluster:
    """A real Elasticsearch: the one that SOC_TEST_ELASTICSEARCH=SCHEME://USER:PASSWORD@HOST:PORT names, or one of our own.

    It is shared by the whole run; use `elastic_prefix` for names.
    """
    given = os.environ.get(GIVEN)
    if given:
        cluster = Cluster.at(given)
        if os.environ.get(BOOTING):
            wait_until(cluster.answers, "Elasticsearch to answer", PATIENCE_S)
        note_part(pytestconfig, "Elasticsearch", "used" if os.environ.get(BOOTING) else f"used ({GIVEN})")
        return cluster
    return booted_elasticsearch(pytestconfig, "elasticsearch").cluster


@pytest.fixture(scope="session")
def fragile_elasticsearch(pytestconfig: pytest.Config) -> ElasticsearchServer:
    """An Elasticsearch for tests that kill it and hurt it, each of which leaves it healthy and empty; it serves HTTPS."""
    return booted_elasticsearch(pytestconfig, "fragile_elasticsearch")


def booted_elasticsearch(config: pytest.Config, name: str) -> ElasticsearchServer:
    """The server of that name, which stays until the end of the run."""
    try:
        launch_elasticsearch(config, name)
    except PartMissingError as error:
        miss_part(config, "Elasticsearch", str(error))
    server = config.stash[ELASTICSEARCH][name]
    server.wait()
    note_part(config, "Elasticsearch", "used")
    return server


def launch_elasticsearch(config: pytest.Config, name: str) -> None:
    """Let a server boot in the background, if it does not yet."""
    if name in config.stash[ELASTICSEARCH]:
        return
    server = ElasticsearchServer(tls=name == "fragile_elasticsearch")
    config.add_cleanup(server.stop)
    server.launch()
    config.stash[ELASTICSEARCH][name] = server


@pytest.fixture
def elastic_prefix(elasticsearch: Cluster) -> Iterator[str]:
    """A prefix for names in the cluster that no other test has; all of that name is deleted afterwards."""
    prefix = f"test-{secrets.token_hex(4)}"
    yield prefix
    elasticsearch.forget(prefix)


@pytest.fixture(scope="session")
def postgresql(pytestconfig: pytest.Config) -> Iterator[PostgresqlDatabases]:
    """Databases of a real PostgreSQL: of the one that SOC_TEST_POSTGRESQL=URL names, or of one of our own.

    It is booted by the first test that asks for it and shared by the whole run.
    """
    with ExitStack() as stack:
        address = os.environ.get("SOC_TEST_POSTGRESQL") or stack.enter_context(own_postgresql(pytestconfig)).url
        databases = PostgresqlDatabases(address)
        databases.prepare()
        stack.callback(databases.close)
        yield databases


@contextmanager
def own_postgresql(config: pytest.Config, *, durable: bool = False) -> Iterator[PostgresqlServer]:
    """A started PostgreSQL that the caller may kill."""
    server = PostgresqlServer(durable=durable)
    try:
        server.start()
    except PartMissingError as error:
        miss_part(config, "PostgreSQL", str(error))
    note_part(config, "PostgreSQL", "used")
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def sqlite_databases(tmp_path_factory: pytest.TempPathFactory) -> SqliteDatabases:
    """SQLite files with the newest schema."""
    databases = SqliteDatabases(tmp_path_factory.mktemp("databases"))
    databases.prepare()
    return databases


@pytest.fixture(scope="session", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def databases(request: pytest.FixtureRequest) -> CaseDatabases:
    """Makes case databases; every test that uses it, or what is built on it, runs on both engines."""
    made = request.getfixturevalue("postgresql" if request.param == "postgresql" else "sqlite_databases")
    assert isinstance(made, (SqliteDatabases, PostgresqlDatabases))
    return made


@pytest.fixture
def database_url(databases: CaseDatabases) -> Iterator[str]:
    """The address of a case database of one's own, with the newest schema and no rows."""
    url = databases.make()
    yield url
    databases.drop(url)


@pytest.fixture
def database_setting(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings made in the test, and by processes that it starts, name the database at `database_url`."""
    monkeypatch.setenv("SOC_DATABASE_URL", database_url)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """The case database at `database_url`."""
    database = connect(database_url)
    yield database
    database.close()


@pytest.fixture(scope="session")
def redis_server(pytestconfig: pytest.Config) -> Iterator[RedisServer]:
    """A real Redis, shared by the whole run; a test that kills it starts it again."""
    with own_redis(pytestconfig) as server:
        yield server


@contextmanager
def own_redis(config: pytest.Config, *, durable: bool = False) -> Iterator[RedisServer]:
    """A started Redis that the caller may kill."""
    server = RedisServer(durable=durable)
    try:
        server.start()
    except PartMissingError as error:
        miss_part(config, "Redis", str(error))
    note_part(config, "Redis", "used")
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def full(pytestconfig: pytest.Config) -> bool:
    """Whether the sizes that the issues name are asked for."""
    return bool(pytestconfig.getoption("--full"))


@pytest.fixture(scope="session")
def first_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that an installation has been started in once."""
    home = tmp_path_factory.mktemp("first-home")
    with pytest.MonkeyPatch.context() as patch:
        drop_settings(patch)
        with Application(Settings(home=home), writer=True) as app:
            app.pipeline  # noqa: B018 - migrates the case database and compiles the rules
    return home


@pytest.fixture
def settle(first_home: Path) -> Callable[[Path], None]:
    """Makes a folder such a home: an application starts there three times as fast as in an empty one, and finds nothing else."""

    def copy(home: Path) -> None:
        shutil.copytree(first_home, home, dirs_exist_ok=True)

    return copy


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No SOC_* setting of the caller leaks into a test."""
    drop_settings(monkeypatch)


def drop_settings(patch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("SOC_") and not name.startswith("SOC_TEST_")]:
        patch.delenv(name)
