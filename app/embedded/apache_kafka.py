"""Apache Kafka itself, a KRaft node without ZooKeeper, from the jars that Maven fetches. Needs Java 17 or newer.

In: a port, a directory, a folder for jars. Out: `bootstrap`. Data survives stop() and kill(). The largest record is
Kafka's default, 1 MiB, for topics that set no other. Slower to start than the embedded one.
"""

import asyncio
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app.embedded.kafka import metadata_answers
from app.embedded.ports import free_port
from app.embedded.process import LineSink, Process, ProcessFailed
from app.embedded.service import HOST, Service

VERSION = "4.1.1"
# What writes Kafka's log; the version is the one of the log4j-core that Kafka itself brings.
LOG4J_VERSION = "2.24.3"
OLDEST_JAVA = 17

POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>local</groupId>
  <artifactId>kafka-jars</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>{VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.apache.logging.log4j</groupId>
      <artifactId>log4j-slf4j-impl</artifactId>
      <version>{LOG4J_VERSION}</version>
    </dependency>
  </dependencies>
</project>
"""

LOGGING = """status = error
appender.file.type = File
appender.file.name = file
appender.file.fileName = {file}
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = [%d] %p %m (%c)%n
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %p %m (%c)%n
appender.console.filter.threshold.type = ThresholdFilter
appender.console.filter.threshold.level = error
rootLogger.level = info
rootLogger.appenderRef.file.ref = file
rootLogger.appenderRef.console.ref = console
"""


@dataclass(frozen=True, slots=True)
class Place:
    """A node's place in a cluster: its id, and the controllers' ports by node id."""

    node: int
    controllers: Mapping[int, int]


class ApacheKafka(Service):
    """A node of Apache Kafka, alone or in a cluster; restart(empty=True) loses its data."""

    name = "kafka"
    embedded = False
    replication = 1
    # On a busy machine three nodes at once take their time.
    start_limit = 150.0
    grace = 15.0

    def __init__(
        self,
        port: int,
        data_dir: Path,
        jars_dir: Path | None = None,
        *,
        place: Place | None = None,
        sink: LineSink | None = None,
    ) -> None:
        super().__init__(port, data_dir, sink=sink)
        self.jars_dir = jars_dir or default_jars_dir()
        self.place = place or Place(1, {1: free_port()})

    @property
    def bootstrap(self) -> str:
        """Bootstrap server, `host:port`."""
        return f"{HOST}:{self.port}"

    def argv(self) -> list[str]:
        """The command that runs the broker."""
        return [*self._java(), "kafka.Kafka", str(self._properties)]

    async def prepare(self) -> None:
        """Fetch the jars if need be, write the properties and, once, format the log directory."""
        await fetch_jars(self.jars_dir)
        await super().prepare()
        logging = LOGGING.format(file=self.data_dir / "server.log")
        (self.data_dir / "log4j2.properties").write_text(logging, encoding="utf-8")
        if (self.data_dir / "logs" / "meta.properties").exists():
            return
        self._properties.write_text(self._configuration(), encoding="utf-8")
        words = ["format", "--cluster-id", "d2hhdHNhcHAtYnJva2Vy", "--config", str(self._properties)]
        tool = Process("kafka format", [*self._java(), "kafka.tools.StorageTool", *words], directory=self.data_dir)
        if await tool.run() != 0:
            raise ProcessFailed(f"Apache Kafka could not format {self.data_dir}; {tool.quote()}")

    async def answers(self) -> bool:
        """Whether the broker answers a metadata request."""
        return await metadata_answers(self.port)

    @property
    def _properties(self) -> Path:
        return self.data_dir / "server.properties"

    def _java(self) -> list[str]:
        return [
            "java",
            "-Xms256m",
            "-Xmx512m",
            # A warm start matters more here than the last bit of throughput.
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            f"-Dlog4j2.configurationFile={self.data_dir / 'log4j2.properties'}",
            "-cp",
            f"{jars(self.jars_dir)}{os.sep}*",
        ]

    def _configuration(self) -> str:
        node, controllers = self.place.node, self.place.controllers
        listeners = f"PLAINTEXT://{self.bootstrap},CONTROLLER://{HOST}:{controllers[node]}"
        # In a cluster every record is on all nodes, and acknowledged by all but one: one may be lost.
        copies, acknowledged = str(len(controllers)), str(max(1, len(controllers) - 1))
        values = {
            "process.roles": "broker,controller",
            "node.id": str(node),
            "listeners": listeners,
            "advertised.listeners": listeners,
            "controller.listener.names": "CONTROLLER",
            "controller.quorum.voters": ",".join(f"{one}@{HOST}:{port}" for one, port in controllers.items()),
            "log.dirs": str(self.data_dir / "logs"),
            "auto.create.topics.enable": "false",
            "group.initial.rebalance.delay.ms": "0",
            # After kill -9 the node is let in again only when its old session is over (9 s by default).
            "broker.session.timeout.ms": "3000",
            "broker.heartbeat.interval.ms": "500",
            "min.insync.replicas": acknowledged,
            "offsets.topic.replication.factor": copies,
            "offsets.topic.num.partitions": "4",
            "transaction.state.log.replication.factor": copies,
            "transaction.state.log.min.isr": acknowledged,
            "transaction.state.log.num.partitions": "4",
            "share.coordinator.state.topic.replication.factor": copies,
            "share.coordinator.state.topic.min.isr": acknowledged,
        }
        return "".join(f"{name}={value}\n" for name, value in values.items())


def default_jars_dir() -> Path:
    """Where jars are kept between runs."""
    return Path.home() / ".cache" / "whatsapp-broker"


def jars(directory: Path) -> Path:
    """The folder of this version's jars inside `directory`."""
    return directory / f"kafka-{VERSION}"


def why_unavailable(jars_dir: Path | None = None) -> str:
    """What is missing to run Apache Kafka, in one line; empty if nothing is."""
    if shutil.which("java") is None:
        return f"Apache Kafka needs Java {OLDEST_JAVA} or newer, and there is no `java` on the PATH"
    answer = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(?:1\.)?(\d+)', answer)
    if found is None or int(found.group(1)) < OLDEST_JAVA:
        return f"Apache Kafka needs Java {OLDEST_JAVA} or newer; `java -version` says: {answer.strip()[:80]}"
    if not jars(jars_dir or default_jars_dir()).is_dir() and shutil.which("mvn") is None:
        return "Apache Kafka's jars are fetched with Maven, and there is no `mvn` on the PATH"
    return ""


def available(jars_dir: Path | None = None) -> bool:
    """Whether Java and either the jars or Maven are there."""
    return not why_unavailable(jars_dir)


async def fetch_jars(directory: Path) -> Path:
    """Fetch Apache Kafka and what it needs, once, and return the folder; raises ProcessFailed if that fails."""
    target = jars(directory)
    if target.is_dir():
        return target
    reason = await asyncio.to_thread(why_unavailable, directory)
    if reason:
        raise ProcessFailed(reason)
    await asyncio.to_thread(directory.mkdir, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory, prefix="fetching-") as name:
        work = Path(name)
        (work / "pom.xml").write_text(POM, encoding="utf-8")
        words = ["-q", "-B", "dependency:copy-dependencies", "-DincludeScope=runtime"]
        maven = Process("maven", ["mvn", *words, f"-DoutputDirectory={work / 'jars'}"], directory=work)
        if await maven.run() != 0:
            raise ProcessFailed(f"Maven could not fetch Apache Kafka {VERSION}; {maven.quote()}")
        # One rename at the end: a folder that exists is complete, also when two runs fetch at the same time.
        if not target.is_dir():
            (work / "jars").rename(target)
    return target
