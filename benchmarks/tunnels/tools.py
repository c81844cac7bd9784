"""What tlsprobe, ssh-audit and ike-scan report about a server, as sentences that a truth may have too."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from benchmarks.tunnels.servers import CIPHER, HOST_KEY, IKE_MODES, KEY_EXCHANGE, MAC
from model.judging.ssh import MARKERS
from model.registry.ike_transforms import TransformType
from probe.ssh.host_key import KEY_TYPES

MOST_SECONDS: Final = 90
_OWN: Final = str(Path(sys.executable).parent / "tlsprobe")
_LISTS: Final = {
    "kex_algorithms": KEY_EXCHANGE,
    "encryption_algorithms_server_to_client": CIPHER,
    "mac_algorithms_server_to_client": MAC,
}
_IKE_FACTS: Final = dict(
    zip(("proposal", "ikev1_main_mode", "ikev1_aggressive_mode"), IKE_MODES, strict=True)
)
_IKE_SCAN: Final = dict(zip(IKE_MODES, (("--ikev2",), (), ("--aggressive", "--id=x")), strict=True))
_KEY_TYPES: Final = {f"host_key_{one.label}": one.blob_type for one in KEY_TYPES}
_AUDIT_LISTS: Final = {"enc": CIPHER, "mac": MAC}


def _run(*command: str) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=MOST_SECONDS, check=False
    )
    return done.stdout + done.stderr


def _own_facts(section: str, port: int, *options: str) -> dict[str, Any]:
    printed = _run(
        _OWN, "scan", "--json", "--no-evidence", *options, f"{section}://127.0.0.1:{port}"
    )
    found: dict[str, Any] = json.loads(printed.splitlines()[0])[section]
    return {name: fact for name, fact in found.items() if fact["verdict"] == "yes"}


def tlsprobe_ssh(port: int) -> Iterator[str]:
    """Lists and host keys; the keys are those that a signature proved."""
    for name, fact in _own_facts("ssh", port).items():
        value = fact.get("value") or ""
        if name in _LISTS:
            yield from _named(_LISTS[name], value.split(","))
        elif name.startswith("host_key_") and (key := re.match(r"\d+ (SHA256:\S+)$", value)):
            yield f"{HOST_KEY} {_KEY_TYPES[name]}={key[1]}"


def ssh_audit(port: int) -> Iterator[str]:
    """Lists and host keys of ssh-audit's JSON."""
    found = json.loads(_run("ssh-audit", "-j", "-p", str(port), "127.0.0.1"))
    yield from _named(KEY_EXCHANGE, [one["algorithm"] for one in found["kex"]])
    for name, kind in _AUDIT_LISTS.items():
        yield from _named(kind, found[name])
    for key in found["fingerprints"]:
        if key["hash_alg"] == "SHA256":
            yield f"{HOST_KEY} {key['hostkey']}=SHA256:{key['hash']}"


def _named(kind: str, names: list[str]) -> Iterator[str]:
    yield from (f"{kind} {name}" for name in names if name not in MARKERS)


def tlsprobe_ike(port: int) -> Iterator[str]:
    """The accepted modes and transforms."""
    kinds = tuple(f"{kind.name.lower()}_" for kind in TransformType)
    for name in _own_facts("ike", port, "--intrusiveness", "full"):
        if name in _IKE_FACTS:
            yield _IKE_FACTS[name]
        elif name.startswith(kinds):
            yield name


def ike_scan(port: int) -> Iterator[str]:
    """The modes in which its own proposals are accepted."""
    to_port = ("--nat-t", "--sport=0", f"--dport={port}", "--retry=2", "--timeout=1000")
    for mode, options in _IKE_SCAN.items():
        if "Handshake returned" in _run("ike-scan", *to_port, *options, "127.0.0.1"):
            yield mode


def version_of(name: str) -> str:
    """The version that the tool prints of itself."""
    if name == "tlsprobe":
        printed = _run(_OWN, "--version")
    else:
        printed = _run(name, "--help" if name == "ssh-audit" else "--version")
    found = re.search(r"\d+\.\d+(?:\.\d+)*", re.sub(r"\x1b\[[0-9;]*m", "", printed))
    return found[0] if found else "unknown"
