"""All real servers of the zoo; a new server is a new entry in its kind's module."""

from __future__ import annotations

from typing import Final

from tests.zoo.front_servers import FRONT_SERVERS
from tests.zoo.gnutls_servers import GNUTLS_SERVERS
from tests.zoo.java_servers import JAVA_SERVERS
from tests.zoo.nginx_servers import NGINX_SERVERS
from tests.zoo.old_node_servers import OLD_NODE_SERVERS
from tests.zoo.openssl_servers import OPENSSL_SERVERS
from tests.zoo.post_quantum_servers import POST_QUANTUM_SERVERS
from tests.zoo.server import ZooServer
from tests.zoo.tlslite_servers import TLSLITE_SERVERS

SERVERS: Final[tuple[ZooServer, ...]] = (
    *NGINX_SERVERS,
    *OPENSSL_SERVERS,
    *FRONT_SERVERS,
    *GNUTLS_SERVERS,
    *JAVA_SERVERS,
    *OLD_NODE_SERVERS,
    *POST_QUANTUM_SERVERS,
    *TLSLITE_SERVERS,
)
