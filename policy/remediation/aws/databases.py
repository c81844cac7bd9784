"""Databases of RDS, by CLI, Terraform and CloudFormation: a parameter group refuses plaintext."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policy.remediation.demands import Demands
from policy.remediation.setting import ServerKind, Setting, Topic

_PARAMETERS: Final = (
    ("PostgreSQL", "rds.force_ssl", "1"),
    ("MySQL, MariaDB", "require_secure_transport", "ON"),
)


def _settings(_: Demands) -> Iterator[Setting]:
    yield Setting(
        topic=Topic.PLAINTEXT,
        place="by the AWS CLI, or in Terraform or CloudFormation, for the engine of the database",
        lines=tuple(_plaintext()),
    )


def _plaintext() -> Iterator[str]:
    for engine, name, value in _PARAMETERS:
        yield f"# {engine}; for a cluster: modify-db-cluster-parameter-group"
        yield (
            'aws rds modify-db-parameter-group --db-parameter-group-name "$GROUP" --parameters '
            f"'ParameterName={name},ParameterValue={value},ApplyMethod=immediate'"
        )
        yield '# Terraform, in resource "aws_db_parameter_group":'
        yield "parameter {"
        yield f'  name  = "{name}"'
        yield f'  value = "{value}"'
        yield "}"
        yield "# CloudFormation, in Parameters of AWS::RDS::DBParameterGroup:"
        yield f'{name}: "{value}"'
    yield "# It applies to every database of the group, and clients without TLS are refused."
    yield "# A default group cannot be changed: make a group of your own, and attach it."


AWS_DATABASE: Final = ServerKind(
    name="Amazon RDS",
    aliases=("rds", "aurora"),
    write=_settings,
    arns=("rds:db:", "rds:cluster:"),
)
