"""What a systemd unit takes away from its service, as options of a container engine.

The settings that decide whether a program still works are reproduced: users, capabilities, files, system calls,
families of sockets, /proc, and memory that is writable and executable.
"""

from __future__ import annotations

import json
import re
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

_PROC_WITHOUT_PROCESSES: Final = "/proc/stat:/proc/meminfo:/proc/cpuinfo:/proc/loadavg:/proc/uptime"
# prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN), then the command: Linux 6.3 and newer.
_NO_WRITABLE_CODE: Final = """
import ctypes, os, sys
if ctypes.CDLL(None, use_errno=True).prctl(65, 1, 0, 0, 0):
    raise OSError(ctypes.get_errno(), "prctl")
os.execv(sys.argv[1], sys.argv[1:])
"""


def unit_settings(unit: Path) -> Mapping[str, Sequence[str]]:
    """The values of each setting of a unit, in order."""
    settings: dict[str, list[str]] = {}
    for name, value in re.findall(r"^(\w+)=(.*)$", unit.read_text(), re.MULTILINE):
        settings.setdefault(name, []).append(value)
    return settings


def confinement(unit: Path, folder: Path) -> Sequence[str]:
    """Options that confine a container as the unit confines its service; ``folder`` gets a file for them."""
    settings = unit_settings(unit)
    profile = folder / "seccomp.json"
    profile.write_text(json.dumps(_seccomp(settings)))
    assert settings["CapabilityBoundingSet"] == [""]
    assert settings["NoNewPrivileges"] == ["yes"]
    assert settings["ProtectSystem"] == ["strict"]
    assert settings["PrivateTmp"] == ["yes"]
    assert settings["ProcSubset"] == ["pid"]
    state = f"/var/lib/{settings['StateDirectory'][0]}"
    return [
        f"--user={settings['User'][0]}",
        f"--workdir={settings['WorkingDirectory'][0]}",
        "--cap-drop=all",
        "--security-opt=no-new-privileges",
        "--read-only",
        "--tmpfs=/tmp",
        f"--volume={state}",
        f"--security-opt=mask={_PROC_WITHOUT_PROCESSES}",
        f"--security-opt=seccomp={profile}",
        f"--pids-limit={settings['TasksMax'][0]}",
        f"--memory={settings['MemoryMax'][0]}",
    ]


def without_writable_code(unit: Path, *command: str) -> Sequence[str]:
    """The command in a process whose memory is never both writable and executable, as the unit demands."""
    assert unit_settings(unit)["MemoryDenyWriteExecute"] == ["yes"]
    return ["/usr/bin/python3", "-c", _NO_WRITABLE_CODE, *command]


def _seccomp(settings: Mapping[str, Sequence[str]]) -> object:
    """The unit's filter of system calls and of socket families, in the form of container engines."""
    allowed = _allowed_calls(settings["SystemCallFilter"]) - {"socket"}
    (families,) = settings["RestrictAddressFamilies"]
    refusal = {"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 1}
    sockets = [
        {
            "names": ["socket"],
            "action": "SCMP_ACT_ALLOW",
            "args": [{"index": 0, "value": int(getattr(socket, family)), "op": "SCMP_CMP_EQ"}],
        }
        for family in families.split()
    ]
    calls = {"names": sorted(allowed), "action": "SCMP_ACT_ALLOW"}
    return {**refusal, "architectures": ["SCMP_ARCH_X86_64"], "syscalls": [calls, *sockets]}


def _allowed_calls(filters: Sequence[str]) -> set[str]:
    """The system calls that remain; systemd always adds its group ``@default``."""
    allowed = set(_calls("@default"))
    for one in filters:
        named = {call for word in one.lstrip("~").split() for call in _calls(word)}
        allowed = allowed - named if one.startswith("~") else allowed | named
    return allowed


def _calls(word: str) -> Iterator[str]:
    """The system calls of a group, and of the groups in it."""
    if not word.startswith("@"):
        yield word
        return
    listed = subprocess.run(
        ["systemd-analyze", "syscall-filter", word], check=True, capture_output=True, text=True
    )
    for line in listed.stdout.splitlines()[1:]:
        if (name := line.strip()) and not name.startswith("#"):
            yield from _calls(name)
