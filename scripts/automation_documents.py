"""Writes the Automation documents of AWS Systems Manager in ``deploy/systems_manager``: ``python -m scripts.automation_documents``.

A document has the script of the same folder, and the values that remedies choose for Mozilla's intermediate profile.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from model.frozen import frozen
from policy import profile
from policy.remediation import Demands, demands_of
from policy.remediation.aws.choice import CLOUDFRONT, LOAD_BALANCING, best_named_policy
from policy.remediation.aws.cloudfront import minimum_protocol
from policy.remediation.aws.s3 import denial

FOLDER: Final = Path(__file__).parents[1] / "deploy/systems_manager"
_PROFILE: Final = "mozilla-intermediate"
_HEADER: Final = "# Written by `make docs` from the script in this folder: change that, or scripts/automation_documents.py.\n"
_OUTPUTS: Final = ("Before", "After", "Done")


@frozen
class Document:
    """A document named after its script: its ``parameters``, and ``payload``, which is more that the script gets."""

    script: str
    step: str
    description: str
    parameters: Mapping[str, Mapping[str, str]]
    payload: Mapping[str, Any]

    @property
    def file(self) -> Path:
        """Where it is."""
        return FOLDER / f"tlsprobe-{self.script.replace('_', '-')}.yaml"

    def text(self) -> str:
        """The document as YAML."""
        given = {name: f"{{{{ {name} }}}}" for name in (*self.parameters, "DryRun")}
        step = {
            "name": self.step,
            "action": "aws:executeScript",
            "isEnd": True,
            "inputs": {
                "Runtime": "python3.11",
                "Handler": "handler",
                "InputPayload": {**given, **self.payload},
                "Script": (FOLDER / f"{self.script}.py").read_text(),
            },
            "outputs": [
                {"Name": name, "Selector": f"$.Payload.{name}", "Type": "String"}
                for name in _OUTPUTS
            ],
        }
        content = {
            "schemaVersion": "0.3",
            "description": self.description,
            "assumeRole": "{{ AutomationAssumeRole }}",
            "parameters": {**self.parameters, **_COMMON},
            "mainSteps": [step],
            "outputs": [f"{self.step}.{name}" for name in _OUTPUTS],
        }
        return _HEADER + yaml.dump(content, Dumper=_Dumper, sort_keys=False, width=1000)


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as such."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)

_COMMON: Final[Mapping[str, Mapping[str, Any]]] = {
    "DryRun": {
        "type": "String",
        "description": "Only report what would be changed.",
        "allowedValues": ["true", "false"],
        "default": "true",
    },
    "AutomationAssumeRole": {
        "type": "AWS::IAM::Role::Arn",
        "description": "The role that reads and changes the resource.",
    },
}


def documents() -> tuple[Document, ...]:
    """Every document."""
    demands = demands_of([profile(_PROFILE)])
    if demands is None:
        raise ValueError(f"{_PROFILE} allows no configuration")
    return _of_listeners(demands), _of_buckets(), _of_distributions(demands)


def _of_listeners(demands: Demands) -> Document:
    return Document(
        script="listener_policy",
        step="SetSecurityPolicy",
        description="Sets the security policy of a listener of an Application or Network Load Balancer. An "
        "Application Load Balancer also connects to targets of HTTPS by a policy that AWS derives from it.",
        parameters={
            "ListenerArn": {
                "type": "String",
                "description": "The listener.",
                "allowedPattern": "^arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:[0-9]{12}:listener/(app|net)/[A-Za-z0-9/-]+$",
            },
            "SslPolicy": _chosen("security policy", _named(demands, LOAD_BALANCING)),
        },
        payload={},
    )


def _of_buckets() -> Document:
    return Document(
        script="bucket_policy",
        step="DenyRequestsWithoutTls",
        description="Makes the policy of a bucket deny requests without TLS, and keeps its other statements. Every "
        "client that uses http:// is refused, those of other accounts and websites of S3 too.",
        parameters={
            "BucketName": {
                "type": "String",
                "description": "The bucket.",
                "allowedPattern": "^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$",
            }
        },
        payload={
            "AccountId": "{{ global:ACCOUNT_ID }}",
            "Statement": denial("arn:aws:s3:::{{ BucketName }}"),
        },
    )


def _of_distributions(demands: Demands) -> Document:
    return Document(
        script="distribution_protocol",
        step="SetMinimumProtocol",
        description="Sets the minimum protocol of a distribution of CloudFront that has a certificate of its own, for "
        "all of its aliases.",
        parameters={
            "DistributionId": {
                "type": "String",
                "description": "The distribution.",
                "allowedPattern": "^E[A-Z0-9]+$",
            },
            "MinimumProtocolVersion": _chosen(
                "minimum protocol", minimum_protocol(_named(demands, CLOUDFRONT))
            ),
        },
        payload={},
    )


def _named(demands: Demands, product: str) -> str:
    named, _ = best_named_policy(demands, product)
    if named is None:
        raise ValueError(f"no policy of {product} meets {_PROFILE}")
    return named.name


def _chosen(what: str, value: str) -> dict[str, str]:
    return {
        "type": "String",
        "description": f"The {what}; the default meets {_PROFILE}.",
        "allowedPattern": r"^[A-Za-z0-9._-]+$",
        "default": value,
    }


def main() -> None:
    """Write them."""
    for one in documents():
        one.file.write_text(one.text())


if __name__ == "__main__":
    main()
