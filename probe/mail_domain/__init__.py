"""Who can strip TLS from mail to a domain? MX, STARTTLS, DANE, MTA-STS and TLS-RPT, as senders see them."""
