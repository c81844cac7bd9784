"""Regenerates docs/explanation/truth.md: what tlsprobe and its peers report about every server of the zoo.

``python -m benchmarks.truth`` starts each server of ``tests/zoo``, runs each tool against it, and compares the
reported protocol versions and cipher suites with the server's configuration. Only one tool at a time uses a
server. A peer whose result differs is run once more with nothing else running, and that result counts: a busy
machine makes slow tools miss what they would find. tlsprobe is run once.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.support.scanners import Suites, read_nmap, read_tlsprobe
from model.protocol_version import ProtocolVersion
from model.registry import CIPHER_SUITES
from tests.zoo.catalogue import SERVERS
from tests.zoo.certificates import Certificates, make_certificates
from tests.zoo.server import ZooServer
from tests.zoo.truth import SERVER_NAME

PAGE: Final = Path(__file__).parents[1] / "docs/explanation/truth.md"
TUNNELS: Final = "## SSH servers and IKE responders"
"""The title of the page's second part, which ``benchmarks.tunnels`` writes."""
SERVERS_AT_ONCE: Final = 3
MOST_SECONDS: Final = 90
SSLV2: Final = ProtocolVersion.SSLV2.label
IANA_NAMES: Final = {suite.openssl_name: suite.name for suite in reversed(CIPHER_SUITES)}
SSLYZE_VERSIONS: Final = {
    "ssl_2_0": "SSLv2",
    "ssl_3_0": "SSLv3",
    "tls_1_0": "TLSv1.0",
    "tls_1_1": "TLSv1.1",
    "tls_1_2": "TLSv1.2",
    "tls_1_3": "TLSv1.3",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Versions, and suites with their versions; None if suites were not requested."""

    versions: frozenset[str]
    suites: Suites | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One tool: its command with ``{place}`` and ``{port}``, and the parser of its output."""

    name: str
    command: tuple[str, ...]
    read: Callable[[str], Said]


def _from_suites(suites: Suites) -> Said:
    return Said(versions=frozenset(version for version, _ in suites), suites=suites)


def _sslscan(printed: str) -> Said:
    named = re.findall(r"^(SSLv\d|TLSv1\.\d) +enabled", printed, re.MULTILINE)
    lines = re.findall(r"^(?:Preferred|Accepted) +(\S+) +\d+ bits +(\S+)", printed, re.MULTILINE)
    suites = frozenset((version, IANA_NAMES.get(name, name)) for version, name in lines)
    return Said(versions=frozenset(named), suites=suites)


def _sslyze(printed: str) -> Said:
    scan = json.loads(printed)["server_scan_results"][0]["scan_result"]
    if scan is None:
        return Said(versions=frozenset(), suites=frozenset())
    suites = {
        (version, accepted["cipher_suite"]["name"])
        for key, version in SSLYZE_VERSIONS.items()
        for accepted in (scan[f"{key}_cipher_suites"]["result"] or {}).get(
            "accepted_cipher_suites", ()
        )
    }
    return _from_suites(frozenset(suites))


def _tlsprobe(printed: str) -> Said:
    protocols = json.loads(printed.splitlines()[0])["protocols"]
    versions = {version for version, fact in protocols.items() if fact["verdict"] == "yes"}
    suites = {one for one in read_tlsprobe(printed) if one[0] != SSLV2}
    return Said(versions=frozenset(versions), suites=frozenset(suites))


def _nmap(printed: str) -> Said:
    suites = read_nmap(printed)
    more = {SSLV2} if "SSLv2 supported" in printed else set[str]()
    return Said(versions=frozenset({version for version, _ in suites} | more), suites=suites)


def _testssl(printed: str) -> Said:
    named = re.findall(r"^ (SSLv\d|TLS 1(?:\.\d)?) +offered", printed, re.MULTILINE)
    if not re.search(r"^ TLS 1\.3 ", printed, re.MULTILINE):
        raise ValueError("testssl.sh did not finish the protocols")
    labels = {"TLS 1": "TLSv1.0", "TLS 1.1": "TLSv1.1", "TLS 1.2": "TLSv1.2", "TLS 1.3": "TLSv1.3"}
    return Said(versions=frozenset(labels.get(name, name) for name in named), suites=None)


OWN: Final = Tool(
    name="tlsprobe",
    command=(
        str(Path(sys.executable).parent / "tlsprobe"),
        *("scan", "--json", "--no-evidence", "--checks", "versions,suites"),
        *("--server-name", SERVER_NAME, "{place}"),
    ),
    read=_tlsprobe,
)
PEERS: Final = (
    Tool(
        name="nmap",
        command=(
            *("nmap", "-Pn", "-n", "-sT", "-p", "{port}"),
            *("--script", "ssl-enum-ciphers,sslv2"),
            *("--script-args", f"tls.servername={SERVER_NAME}", "127.0.0.1"),
        ),
        read=_nmap,
    ),
    Tool(
        name="sslscan",
        command=(
            *("sslscan", "--no-colour", "--no-fallback", "--no-renegotiation"),
            *("--no-compression", "--no-heartbleed", "--no-groups"),
            *(f"--sni-name={SERVER_NAME}", "{place}"),
        ),
        read=_sslscan,
    ),
    Tool(
        name="sslyze",
        command=(
            *("sslyze", "--json_out=-", "--mozilla_config=disable", "--sslv2", "--sslv3"),
            *("--tlsv1", "--tlsv1_1", "--tlsv1_2", "--tlsv1_3"),
            f"{SERVER_NAME}:{{port}}{{{{127.0.0.1}}}}",
        ),
        read=_sslyze,
    ),
    Tool(
        name="testssl",
        command=(
            *("testssl", "-p", "--quiet", "-n", "none", "--color", "0", "--warnings", "off"),
            *("--ip", "127.0.0.1", f"{SERVER_NAME}:{{port}}"),
        ),
        read=_testssl,
    ),
)
TOOLS: Final = (OWN, *PEERS)


def main() -> None:
    """Writes the page."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        certificates = make_certificates(directory)
        with ThreadPoolExecutor(SERVERS_AT_ONCE) as pool:
            runs = [
                pool.submit(_differences, server, TOOLS, certificates, directory / server.name)
                for server in SERVERS
            ]
            found = {server.name: run.result() for server, run in zip(SERVERS, runs, strict=True)}
        for server in SERVERS:
            peers = [tool for tool in PEERS if tool.name in found[server.name]]
            if peers:
                again = directory / f"{server.name}-again"
                ours = {name: one for name, one in found[server.name].items() if name == OWN.name}
                found[server.name] = ours | _differences(server, peers, certificates, again)
    _, mark, tunnels = PAGE.read_text(encoding="utf-8").partition(f"\n{TUNNELS}\n")
    PAGE.write_text("\n".join(_page(found)) + "\n" + mark + tunnels, encoding="utf-8")


def _differences(
    server: ZooServer, tools: Iterable[Tool], certificates: Certificates, directory: Path
) -> dict[str, str]:
    """The differences by tool; tools without differences are omitted."""
    directory.mkdir()
    truth = server.truth(certificates)
    right = Said(
        versions=frozenset(version.label for version in truth.cipher_suites),
        suites=frozenset(
            (version.label, name)
            for version, choice in truth.cipher_suites.items()
            for name in choice.accepted
            if version is not ProtocolVersion.SSLV2
        ),
    )
    differences = {}
    with server.start(certificates, directory) as port:
        for tool in tools:
            difference = _run(tool, port, right)
            if difference:
                differences[tool.name] = difference
    print(server.name, differences, file=sys.stderr)
    return differences


def _run(tool: Tool, port: int, right: Said) -> str:
    place = {"place": f"127.0.0.1:{port}", "port": str(port)}
    command = [argument.format(**place) for argument in tool.command]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=MOST_SECONDS, check=False
        )
        said = tool.read(done.stdout)
    except subprocess.TimeoutExpired:
        return f"timed out after {MOST_SECONDS} s"
    except (ValueError, KeyError, IndexError, TypeError, OSError):
        return "no result"
    return "; ".join(_disagreements(right, said))


def _disagreements(right: Said, said: Said) -> Iterator[str]:
    yield from differences_between("version", right.versions, said.versions)
    if said.suites is not None and right.suites is not None:
        asked = {one for one in said.suites if one[0] != SSLV2}
        yield from differences_between("suite", _words(right.suites), _words(asked))


def _words(suites: Iterable[tuple[str, str]]) -> frozenset[str]:
    return frozenset(f"{name} at {version}" for version, name in suites)


def differences_between(what: str, right: frozenset[str], said: frozenset[str]) -> Iterator[str]:
    """What a tool misses and claims, as words; ``what`` is the kind of the names."""
    for names, verb in ((right - said, "misses"), (said - right, "claims")):
        if names:
            first = min(names)
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            yield " ".join(filter(None, (verb, what, f"{first}{more}")))


def _page(found: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    names = [tool.name for tool in TOOLS]
    yield "# Which tool is right about which server"
    yield ""
    yield "Generated by `make truth`, which starts every server of `tests/zoo`, runs each tool against it and compares"
    yield "the reported protocol versions and cipher suites with the server's configuration. Only one tool at a time"
    yield f"uses a server, for up to {MOST_SECONDS} seconds. SSL 2.0 counts as a version, without its cipher kinds."
    yield "A peer whose result differs is run once more with nothing else running, and that result counts."
    yield "testssl.sh only checks versions: with suites it takes minutes per server."
    yield ""
    yield f"| Tool | Version | Correct for, of {len(found)} servers |"
    yield "|---|---|---|"
    for name in names:
        right = sum(name not in differences for differences in found.values())
        yield f"| {name} | {_version(name)} | {right} |"
    yield ""
    yield "## Where a tool differs from the configuration"
    yield ""
    yield "| Server | Tool | What it reports |"
    yield "|---|---|---|"
    for server, differences in found.items():
        for name, difference in differences.items():
            yield f"| {server} | {name} | {difference} |"
    yield ""
    alone = [server for server, differences in found.items() if not differences]
    yield f"All tools are correct for {len(alone)} servers: {', '.join(alone)}."


def _version(name: str) -> str:
    found = shutil.which(name) or str(Path(sys.executable).parent / name)
    argument = "--help" if name == "sslyze" else "--version"
    told = subprocess.run([found, argument], capture_output=True, text=True, check=False)
    version = re.search(
        r"\d+\.\d+(?:\.\d+)*", re.sub(r"\x1b\[[0-9;]*m", "", told.stdout + told.stderr)
    )
    return version[0] if version else "unknown"


if __name__ == "__main__":
    main()
