"""The certificates that resources of AWS are configured to serve, read from ACM and IAM."""

from __future__ import annotations

from dataclasses import replace

from discovery.cloud.aws.api import AwsApi
from discovery.cloud.aws.resource import Resource
from discovery.cloud.tls_rules import claimed
from discovery.declared import leaf_sha256
from model.claims import Claim, ClaimedRule


class Certificates:
    """Each certificate is read once."""

    def __init__(self, api: AwsApi) -> None:
        self._api = api
        self._rules: dict[str, tuple[ClaimedRule, ...]] = {}

    def _rules_of(self, arn: str) -> tuple[ClaimedRule, ...]:
        """The certificate with this ARN is the one served; no rule if it cannot be read."""
        if arn not in self._rules:
            sha256 = leaf_sha256(self._pem(arn).encode())
            rule = claimed("declared_state", leaf_sha256=[sha256])
            self._rules[arn] = (rule,) if sha256 else ()
        return self._rules[arn]

    def claim(
        self, found: Resource, arn: str, name: str, statement: str, operation: str
    ) -> Claim | None:
        """The claim that ``found`` serves the certificate with this ARN; None if it cannot be read."""
        rules = self._rules_of(arn)
        if not rules:
            return None
        return replace(found.claim(name, statement, operation, rules), related=(arn,))

    def _pem(self, arn: str) -> str:
        _, _, service, region, *_, resource = arn.split(":", 5)
        if service == "acm":
            api = self._api if region == self._api.region else self._api.in_region(region)
            answer = api.one("acm.GetCertificate", CertificateArn=arn)
            return str(answer.get("Certificate", "")) if answer else ""
        if service == "iam":
            name = resource.rpartition("/")[2]
            answer = self._api.one("iam.GetServerCertificate", ServerCertificateName=name)
            return str(answer["ServerCertificate"].get("CertificateBody", "")) if answer else ""
        return ""
