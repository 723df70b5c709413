"""Fetches the engines: Flink's jars, Beam's job server for Flink, Prism. Kept in a cache; digests are checked."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import apache_beam

HERE = Path(__file__).parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "persona-hub-tests"
FLINK = "1.19.3"
# PyPI's source archive is the one package there with Flink's own jars; this is its digest.
FLINK_LINE = (
    f"apache-flink-libraries=={FLINK} --hash=sha256:4a58e3a1fb7d83340bc96b6c080624c6d792d69fae5d294b96224775204a9c60"
)
JOB_SERVER = "1.19-2.70.0"
OPERATOR = "flink-kubernetes-operator-api-1.10.0"
JARS = ("flink-dist", "log4j")  # what a session cluster needs; the rest is for SQL


def flink_jars() -> list[Path]:
    """The jars of Flink."""
    folder = CACHE / f"flink-{FLINK}"
    if not folder.is_dir():
        with tempfile.TemporaryDirectory() as scratch:
            lock = Path(scratch) / "flink.txt"
            lock.write_text(FLINK_LINE)
            pip = [sys.executable, "-m", "pip", "download", "--quiet", "--require-hashes", "--no-deps"]
            source = ["--no-binary", ":all:", "--no-build-isolation"]
            run(*pip, *source, "--dest", scratch, "--requirement", str(lock))
            (archive,) = Path(scratch).glob("*.tar.gz")
            with tarfile.open(archive) as packed:
                wanted = [one for one in packed if "/deps/lib/" in one.name and Path(one.name).name.startswith(JARS)]
                for member in wanted:
                    member.name = Path(member.name).name
                packed.extractall(Path(scratch) / "lib", wanted, filter="data")
            put(Path(scratch) / "lib", folder)
    return sorted(folder.glob("*.jar"))


def job_server_jar() -> Path:
    """Beam's job server for Flink: a jar of the published runner and all that it needs, put together by Maven."""
    jar = CACHE / f"job-server-{JOB_SERVER}.jar"
    if not jar.is_file():
        with tempfile.TemporaryDirectory() as scratch:
            pom = HERE / "job_server.pom.xml"
            run("mvn", "--batch-mode", "--quiet", "--strict-checksums", "package", f"--file={pom}", f"-Dout={scratch}")
            put(Path(scratch) / "job-server.jar", jar)
    return jar


def prism() -> Path:
    """Prism, built from Beam's Go module of the installed version; the module proxy's sums are checked by Go."""
    binary = CACHE / f"prism-{apache_beam.__version__}"
    if not binary.is_file():
        with tempfile.TemporaryDirectory() as scratch:
            module = f"github.com/apache/beam/sdks/v2/go/cmd/prism@v{apache_beam.__version__}"
            run("go", "install", module, GOBIN=scratch)
            put(Path(scratch) / "prism", binary)
    return binary


def operator_schema() -> bytes:
    """The definition of a FlinkDeployment, from the operator's own jar."""
    jar = CACHE / f"{OPERATOR}.jar"
    if not jar.is_file():
        with tempfile.TemporaryDirectory() as scratch:
            artifact = f"org.apache.flink:{OPERATOR.replace('-api-', '-api:')}"
            run("mvn", "--batch-mode", "--quiet", "--strict-checksums", "dependency:copy", f"-Dartifact={artifact}",
                f"-DoutputDirectory={scratch}")  # fmt: skip
            put(Path(scratch) / f"{OPERATOR}.jar", jar)
    with zipfile.ZipFile(jar) as packed:
        return packed.read("META-INF/fabric8/flinkdeployments.flink.apache.org-v1.yml")


def run(*command: str, **environment: str) -> None:
    """Runs a command that must succeed, its output kept for the error."""
    done = subprocess.run(
        command, env={**os.environ, **environment}, text=True, capture_output=True, stdin=subprocess.DEVNULL
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def put(made: Path, place: Path) -> None:
    """Moves what is complete to its place in the cache; another process may have been faster."""
    place.parent.mkdir(parents=True, exist_ok=True)
    partial = place.with_name(f".{place.name}-{os.getpid()}")
    shutil.move(made, partial)
    try:
        partial.rename(place)
    except OSError:
        shutil.rmtree(partial, ignore_errors=True)


def fetch_all() -> None:
    """Fetches what is not there yet, side by side: most of it waits for the network."""
    with ThreadPoolExecutor() as pool:
        for fetched in [pool.submit(fetch) for fetch in (flink_jars, job_server_jar, prism, operator_schema)]:
            fetched.result()


if __name__ == "__main__":
    fetch_all()
