"""A recorded visit to a real server yields the same Observation without the server."""

from __future__ import annotations

import pytest

from model.encoding.observation_json import to_json
from probe.recording.visit import from_lines, to_lines
from tests.probe.recording.recorded import replay
from tests.zoo.certificates import Certificates
from tests.zoo.visit import ThreeVisits, visit_settings


@pytest.mark.integration
async def test_every_real_server_is_replayed_from_its_recording(
    visits: ThreeVisits, certificates: Certificates
) -> None:
    (read,) = from_lines(to_lines(visits.recording))
    assert read == visits.recording
    again = await replay(read, visit_settings(certificates))
    assert to_json(again) == to_json(visits.whole.observation)
