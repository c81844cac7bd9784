"""Recordings on disk: one file for all visits of a scan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from model.clock import SystemClock
from model.observation import Observation
from model.safe_output.private_file import make_private, open_private
from model.target import Endpoint, Target
from pki.net_guard.politeness import Politeness
from probe.connect.options import TransportOptions
from probe.recording.record import RecordingIkeSession, RecordingSession, recording_session
from probe.recording.visit import RecordedVisit, RecordingError, from_lines, to_lines
from probe.visit.engine import Engine
from probe.visit.settings import ProbeSettings
from service.scan.request import ScanInputError

_LARGEST_FILE_BYTES: Final = 2**28


class RecordingFile:
    """Visits endpoints, and appends each visit to one file once it has ended."""

    def __init__(self, settings: ProbeSettings, path: Path) -> None:
        self._settings = settings
        self._path = path
        self._clock = SystemClock()

    async def visit(
        self, endpoint: Endpoint, on_progress: Callable[[str], None] | None
    ) -> Observation:
        """The result of the visit; the conversation is in the file."""
        sessions: list[RecordingSession | RecordingIkeSession] = []

        def record(
            options: TransportOptions, politeness: Politeness
        ) -> RecordingSession | RecordingIkeSession:
            session = recording_session(options, self._settings, politeness, self._clock)
            sessions.append(session)
            return session

        engine = Engine(self._settings, self._clock, record)
        observation = await engine.visit(endpoint, on_progress)
        self._append(sessions[0].recorded(observation))
        return observation

    def _append(self, visit: RecordedVisit) -> None:
        """A new file is readable only by its owner: a server's answers without TLS may be private."""
        with open(self._path, "a", encoding="ascii", opener=open_private) as file:
            file.writelines(f"{line}\n" for line in to_lines(visit))


def begin_recording(path: Path, targets: Sequence[Target]) -> None:
    """Create the file ``path``, readable only by its owner, for the visits of ``targets``.

    Raises:
        ScanInputError: if it cannot be created, or if the conversation with a target cannot be recorded.
    """
    if any(target.is_dtls for target in targets):
        raise ScanInputError("--record cannot record DTLS: remove --record, or the dtls:// targets")
    try:
        make_private(path)
    except OSError as error:
        raise ScanInputError(
            f"--record {path}: {(error.strerror or str(error)).lower()}: use a new file in a folder that exists"
        ) from error


def read_recording(path: Path) -> Sequence[RecordedVisit]:
    """Read all visits of the file.

    Raises:
        RecordingError: if the file cannot be read, or is not a recording.
    """
    try:
        if path.stat().st_size > _LARGEST_FILE_BYTES:
            raise RecordingError(
                f"larger than {_LARGEST_FILE_BYTES} bytes: use a file written by `tlsprobe scan --record`"
            )
        text = path.read_text(encoding="ascii")
    except OSError as error:
        raise RecordingError(
            f"{(error.strerror or str(error)).lower()}: use a file written by `tlsprobe scan --record`"
        ) from error
    except UnicodeDecodeError as error:
        raise RecordingError(
            "not a text file: use a file written by `tlsprobe scan --record`"
        ) from error
    return list(from_lines(text.splitlines()))
