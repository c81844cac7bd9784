"""All real servers, one line each."""

from __future__ import annotations

from typing import Final

from tests.starttls.servers.dovecot import DOVECOT
from tests.starttls.servers.postfix import POSTFIX
from tests.starttls.servers.postgresql import POSTGRESQL

SERVERS: Final = (POSTGRESQL, POSTFIX, DOVECOT)
