"""The domains that CAs accept in CAA records, by the organization name in their certificates.

Each CA lists its own in section 4.2.1 of its certification practice statement (CA/Browser Forum, Baseline
Requirements 2.2).
"""

from __future__ import annotations

from typing import Final

CAA_DOMAINS: Final[dict[str, tuple[str, ...]]] = {
    "ACCV": ("accv.es",),
    "Actalis S.p.A.": ("actalis.it",),
    "Amazon": ("amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com", "aws.amazon.com"),
    "Apple Inc.": ("pki.apple.com",),
    "Buypass AS-983163327": ("buypass.com", "buypass.no"),
    "Certainly": ("certainly.com",),
    "D-Trust GmbH": ("d-trust.net", "dtrust.de", "d-trust.de"),
    "Deutsche Telekom Security GmbH": ("telesec.de", "pki.telesec.de"),
    "DigiCert Inc": ("digicert.com", "www.digicert.com", "symantec.com", "thawte.com"),
    "DigiCert, Inc.": ("digicert.com", "www.digicert.com", "geotrust.com", "rapidssl.com"),
    "Entrust, Inc.": ("entrust.net", "affirmtrust.com"),
    "GlobalSign nv-sa": ("globalsign.com",),
    "GoDaddy.com, Inc.": ("godaddy.com", "starfieldtech.com"),
    "Google Trust Services": ("pki.goog", "google.com"),
    "Google Trust Services LLC": ("pki.goog", "google.com"),
    "Hellenic Academic and Research Institutions CA": ("harica.gr",),
    "IdenTrust": ("identrust.com",),
    "Internet Security Research Group": ("letsencrypt.org",),
    "Let's Encrypt": ("letsencrypt.org",),
    "Microsoft Corporation": ("microsoft.com",),
    "QuoVadis Limited": ("quovadisglobal.com", "digicert.com"),
    "SSL Corporation": ("ssl.com",),
    "Sectigo Limited": ("sectigo.com", "comodo.com", "comodoca.com", "usertrust.com"),
    "SwissSign AG": ("swisssign.com", "swisssign.net", "swissign.com", "swisssign.ch"),
    "ZeroSSL": ("sectigo.com", "comodo.com", "comodoca.com", "usertrust.com"),
}
