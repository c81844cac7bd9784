"""What a client's certificate says about the client."""

from __future__ import annotations

from cryptography import x509


def alternative_names(certificate: x509.Certificate) -> tuple[str, ...]:
    """The DNS names, e-mail addresses, IP addresses and URIs of the certificate, as text; () if it has none."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound):
        return ()
    texts = (x509.DNSName, x509.RFC822Name, x509.UniformResourceIdentifier)
    addresses = map(str, names.get_values_for_type(x509.IPAddress))
    return (*(name.value for name in names if isinstance(name, texts)), *addresses)


def subject(certificate: x509.Certificate) -> str:
    """The certificate's subject, such as ``CN=prometheus,O=Example`` (RFC 4514); empty if it cannot be read."""
    try:
        return certificate.subject.rfc4514_string()
    except ValueError:
        return ""
