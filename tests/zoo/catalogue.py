"""All real servers of the zoo; a new server is a new entry in its kind's module."""

from __future__ import annotations

from typing import Final

from tests.zoo.front_servers import FRONT_SERVERS
from tests.zoo.gnutls_servers import GNUTLS_SERVERS
from tests.zoo.java_servers import JAVA_SERVERS
from tests.zoo.languages.erlang import ERLANG_SERVERS
from tests.zoo.languages.go import GO_SERVERS
from tests.zoo.languages.ruby_and_twisted import RUBY_AND_TWISTED_SERVERS
from tests.zoo.nginx_servers import NGINX_SERVERS
from tests.zoo.old_node_servers import OLD_NODE_SERVERS
from tests.zoo.openssl_servers import OPENSSL_SERVERS
from tests.zoo.post_quantum_servers import POST_QUANTUM_SERVERS
from tests.zoo.server import ZooServer
from tests.zoo.services.envoy import ENVOY_SERVERS
from tests.zoo.services.mail_and_chat import MAIL_AND_CHAT_SERVERS
from tests.zoo.services.stores_and_brokers import STORES_AND_BROKERS
from tests.zoo.services.traefik import TRAEFIK_SERVERS
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
    *GO_SERVERS,
    *ERLANG_SERVERS,
    *RUBY_AND_TWISTED_SERVERS,
    *STORES_AND_BROKERS,
    *MAIL_AND_CHAT_SERVERS,
    *ENVOY_SERVERS,
    *TRAEFIK_SERVERS,
)
