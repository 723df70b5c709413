"""A real Flink cluster on this machine: a job manager, task managers of a given heap, for each a pool of Beam workers.

`python -m tests.cluster` starts one to try things on.
"""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

from tests.cluster.engines import FLINK, flink_jars, job_server_jar
from tests.cluster.pools import Pools
from tests.cluster.processes import Process, free_ports, kill, listens, start, wait_until

JOB_MANAGER = "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint"
TASK_MANAGER = "org.apache.flink.runtime.taskexecutor.TaskManagerRunner"
OPENED = (
    "lang", "lang.invoke", "lang.reflect", "io", "net", "nio", "text", "time", "util", "util.concurrent",
    "util.concurrent.atomic", "util.concurrent.locks",
)  # fmt: skip
LOGGING = """
rootLogger.level = INFO
rootLogger.appenderRef.out.ref = out
appender.out.name = out
appender.out.type = CONSOLE
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{HH:mm:ss,SSS} %-5p %c{1} - %m%n
"""


class Cluster:
    """`with Cluster(folder) as cluster: main(["build", ..., *cluster.flags()])`."""

    def __init__(self, folder: Path, task_managers: int = 2, slots: int = 2, task_heap_mb: int = 1024):
        self.folder, self.number, self.slots, self.task_heap_mb = folder, task_managers, slots, task_heap_mb
        self.rpc_port, self.rest_port, self.job_port = free_ports(3)
        self.address = f"127.0.0.1:{self.rest_port}"
        # Beam's jar is among Flink's own, and found there first: only then SDK workers live on from stage to stage
        # (a build of 12 documents took 43 s so, and 354 s with a worker for each stage).
        self.jars = ":".join(map(str, [*flink_jars(), job_server_jar()]))
        folder.mkdir(parents=True, exist_ok=True)
        self.pools = Pools(folder)
        self.task_managers: list[Process] = []
        self.others: list[Process] = []
        self.started = 0

    def flags(self) -> list[str]:
        """What sends a job to this cluster, by a job server of the job's own."""
        return [f"--flink_master={self.address}", f"--flink_job_server_jar={job_server_jar()}", *self._flags()]

    def quick_flags(self) -> list[str]:
        """The same, by the job server that runs already."""
        return [f"--job_endpoint=localhost:{self.job_port}", *self._flags()]

    def _flags(self) -> list[str]:
        return [
            "--runner=FlinkRunner",
            f"--flink_version={FLINK.rpartition('.')[0]}",
            "--environment_type=EXTERNAL",
            f"--environment_config={self.pools.address}",
            f"--parallelism={self.slots * self.number}",
        ]

    def __enter__(self) -> Cluster:
        try:
            self.write_configuration()
            self.others.append(self._java("job-manager", JOB_MANAGER, ["-Xmx768m"], ["--configDir", str(self.folder)]))
            self.start_task_managers(self.number)
            self.others.append(self._job_server())
            self.pools.start(self.number)
            wait_until(lambda: self.overview("taskmanagers") == self.number, f"task managers; see {self.folder}/*.log")
            wait_until(lambda: listens(self.job_port), f"job server; see {self.folder}/job-server.log")
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends all processes."""
        self.pools.close()
        for process in [*self.task_managers, *self.others]:
            kill(process)

    def start_task_managers(self, number: int = 1) -> None:
        """So many more."""
        sizes = {
            "cpu.cores": "1.0",
            "memory.framework.heap.size": "128m",
            "memory.framework.off-heap.size": "128m",
            "memory.task.heap.size": f"{self.task_heap_mb}m",
            "memory.task.off-heap.size": "256m",  # gRPC's buffers, to and from the SDK workers
            "memory.network.min": "256m",
            "memory.network.max": "256m",
            "memory.managed.size": "256m",
            "memory.jvm-metaspace.size": "512m",
            "memory.jvm-overhead.min": "128m",
            "memory.jvm-overhead.max": "128m",
        }
        settings = [word for name, value in sizes.items() for word in ("-D", f"taskmanager.{name}={value}")]
        heap = [f"-Xmx{self.task_heap_mb + 128}m", "-XX:MaxDirectMemorySize=640m", "-XX:+ExitOnOutOfMemoryError"]
        for _ in range(number):
            name, self.started = f"task-manager-{self.started}", self.started + 1
            arguments = ["--configDir", str(self.folder), *settings]
            self.task_managers.append(self._java(name, TASK_MANAGER, heap, arguments))

    def kill_task_manager(self) -> None:
        """As `kill -9` does, its oldest task manager."""
        kill(self.task_managers.pop(0))

    def overview(self, what: str) -> int:
        """A number that the job manager's REST interface tells, 0 while there is none."""
        try:
            with urllib.request.urlopen(f"http://{self.address}/overview") as answer:
                found: dict[str, Any] = json.load(answer)
                return int(found[what])
        except OSError:
            return 0

    def state_of(self, job: str) -> str:
        """How the job of that name is doing, "" while there is none."""
        with urllib.request.urlopen(f"http://{self.address}/jobs/overview") as answer:
            return next((str(one["state"]) for one in json.load(answer)["jobs"] if one["name"] == job), "")

    def out_of_memory(self) -> list[str]:
        """The logs in which a task manager says so."""
        logs = sorted(self.folder.glob("task-manager-*.log"))
        return [log.name for log in logs if "java.lang.OutOfMemoryError" in log.read_text("utf-8", "replace")]

    def _java(self, name: str, main: str, memory: list[str], arguments: list[str]) -> Process:
        opens = [f"--add-opens=java.base/java.{package}=ALL-UNNAMED" for package in OPENED]
        logging = f"-Dlog4j.configurationFile={self.folder}/log4j.properties"
        return start(
            ["java", *memory, *opens, logging, "-cp", self.jars, main, *arguments], self.folder / f"{name}.log"
        )

    def _job_server(self) -> Process:
        command = ["java", "-Xmx1g", "-jar", str(job_server_jar()), f"--flink-master={self.address}",
                   f"--job-port={self.job_port}", "--artifact-port=0", "--expansion-port=0",
                   f"--artifacts-dir={self.folder}/artifacts"]  # fmt: skip
        return start(command, self.folder / "job-server.log")

    def write_configuration(self) -> None:
        """config.yaml and log4j.properties."""
        scratch = self.folder / "tmp"
        scratch.mkdir(exist_ok=True)
        settings = {
            "jobmanager.rpc.address": "127.0.0.1",
            "jobmanager.rpc.port": self.rpc_port,
            "jobmanager.bind-host": "127.0.0.1",
            "rest.address": "127.0.0.1",
            "rest.bind-address": "127.0.0.1",
            "rest.port": self.rest_port,
            "taskmanager.host": "127.0.0.1",
            "taskmanager.bind-host": "127.0.0.1",
            "taskmanager.numberOfTaskSlots": self.slots,
            "classloader.resolve-order": "parent-first",
            "taskmanager.network.sort-shuffle.min-buffers": 64,  # 512 for each of a hundred exchanges are too many
            "restart-strategy.type": "fixed-delay",
            "restart-strategy.fixed-delay.attempts": 4,  # a job that is told to stop fails so often, too
            "restart-strategy.fixed-delay.delay": "8 s",  # longer than workers that died are kept
            "heartbeat.interval": 1000,
            "heartbeat.timeout": 120000,  # of a busy machine; one that was killed is told by its connection
            "pekko.ask.timeout": "120 s",  # 10 s, the default, once restarted a job here
            "io.tmp.dirs": scratch,
        }
        (self.folder / "config.yaml").write_text("".join(f"{name}: {value}\n" for name, value in settings.items()))
        (self.folder / "log4j.properties").write_text(LOGGING)
