"""All real servers, one line each."""

from __future__ import annotations

from typing import Final

from tests.starttls.servers.brokers import MOSQUITTO, RABBITMQ
from tests.starttls.servers.desktops import TIGERVNC, XRDP
from tests.starttls.servers.dovecot import DOVECOT
from tests.starttls.servers.inn import INN
from tests.starttls.servers.inspircd import INSPIRCD
from tests.starttls.servers.mariadb import MARIADB
from tests.starttls.servers.postfix import POSTFIX
from tests.starttls.servers.postgresql import POSTGRESQL
from tests.starttls.servers.prosody import PROSODY
from tests.starttls.servers.remote_logins import REMOTE_LOGINS
from tests.starttls.servers.slapd import SLAPD
from tests.starttls.servers.stores import MEMCACHED, REDIS
from tests.starttls.servers.tunnels import RSYNC, UNBOUND
from tests.starttls.servers.vsftpd import VSFTPD

SERVERS: Final = (
    POSTGRESQL,
    POSTFIX,
    DOVECOT,
    VSFTPD,
    SLAPD,
    PROSODY,
    MARIADB,
    REDIS,
    MEMCACHED,
    MOSQUITTO,
    RABBITMQ,
    INSPIRCD,
    INN,
    TIGERVNC,
    XRDP,
    UNBOUND,
    RSYNC,
    REMOTE_LOGINS,
)
