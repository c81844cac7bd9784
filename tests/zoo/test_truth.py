"""Every real server of the zoo, compared with its truth in every fact."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from model.encoding.observation_json import from_json, to_json
from tests.zoo.catalogue import SERVERS
from tests.zoo.certificates import Certificates
from tests.zoo.truth import disagreements, unproved
from tests.zoo.visit import ThreeVisits

SCHEMA_FILE = Path(__file__).parents[2] / "docs" / "reference" / "observation.schema.json"


@pytest.fixture(scope="session")
def schema() -> Draft202012Validator:
    return Draft202012Validator(
        json.loads(SCHEMA_FILE.read_text()), format_checker=Draft202012Validator.FORMAT_CHECKER
    )


@pytest.mark.integration
def test_the_observation_is_true_and_has_proofs(
    visits: ThreeVisits, certificates: Certificates, schema: Draft202012Validator
) -> None:
    server, seen = visits.server, visits.whole
    observation = seen.observation
    fields = to_json(observation)
    faults = [
        *disagreements(server.truth(certificates), observation),
        *unproved(observation),
        *(f"schema: {error.json_path}: {error.message}" for error in schema.iter_errors(fields)),
    ]
    if observation.cost.connections != seen.connections_seen:
        faults.append(
            f"connections: the server saw {seen.connections_seen}, "
            f"the observation claims {observation.cost.connections}"
        )
    if to_json(from_json(fields)) != fields:
        faults.append("the JSON read back and written again is another")
    assert not faults, f"{server.name}:\n" + "\n".join(faults)


def test_names_in_the_catalogue_are_distinct() -> None:
    names = [server.name for server in SERVERS]
    assert len(set(names)) == len(names)
