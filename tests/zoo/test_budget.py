"""How many connections a whole visit takes, counted at the server's side."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.zoo.certificates import Certificates
from tests.zoo.nginx_servers import NGINX_MODERN
from tests.zoo.truth import disagreements
from tests.zoo.visit import visit

BUDGET = 35
"""For six ECDHE suites with RSA and ECDSA certificates and three TLS 1.3 suites; the figure of
nmap's ssl-enum-ciphers is 45, sslscan's 96, sslyze's 569."""


@pytest.mark.integration
async def test_a_modern_nginx_costs_no_more_than_the_budget(
    certificates: Certificates, tmp_path: Path
) -> None:
    seen = await visit(NGINX_MODERN, certificates, tmp_path)
    wrong = disagreements(NGINX_MODERN.truth(certificates), seen.observation)
    assert (wrong, seen.connections_seen <= BUDGET) == ([], True), (
        f"{seen.connections_seen} connections; wrong: {wrong}"
    )
