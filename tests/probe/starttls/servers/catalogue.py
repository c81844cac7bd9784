"""All real servers, one line each."""

from __future__ import annotations

from typing import Final

from tests.probe.starttls.servers.brokers import MOSQUITTO, RABBITMQ
from tests.probe.starttls.servers.cyrus import CYRUS
from tests.probe.starttls.servers.desktops import TIGERVNC, XRDP
from tests.probe.starttls.servers.dovecot import DOVECOT
from tests.probe.starttls.servers.ejabberd import EJABBERD
from tests.probe.starttls.servers.exim import EXIM
from tests.probe.starttls.servers.inn import INN
from tests.probe.starttls.servers.inspircd import INSPIRCD
from tests.probe.starttls.servers.mariadb import MARIADB
from tests.probe.starttls.servers.postfix import POSTFIX
from tests.probe.starttls.servers.postgresql import POSTGRESQL
from tests.probe.starttls.servers.prosody import PROSODY
from tests.probe.starttls.servers.remote_logins import REMOTE_LOGINS
from tests.probe.starttls.servers.slapd import SLAPD
from tests.probe.starttls.servers.stores import MEMCACHED, REDIS
from tests.probe.starttls.servers.tunnels import RSYNC, UNBOUND
from tests.probe.starttls.servers.vsftpd import VSFTPD

SERVERS: Final = (
    POSTGRESQL,
    POSTFIX,
    EXIM,
    DOVECOT,
    CYRUS,
    VSFTPD,
    SLAPD,
    PROSODY,
    EJABBERD,
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
