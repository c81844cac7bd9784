"""AWS load balancers, by CLI and Terraform: a listener has a named policy and few other settings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policy.remediation.aws.choice import LOAD_BALANCING, best_named_policy
from policy.remediation.demands import Demands
from policy.remediation.hsts import hsts_value
from policy.remediation.setting import ServerKind, Setting, Topic

_PLACE: Final = "by the AWS CLI, or in Terraform"
_ATTRIBUTES: Final = 'aws elbv2 modify-listener-attributes --listener-arn "$LISTENER" --attributes'
_HSTS_KEY: Final = "routing.http.response.strict_transport_security.header_value"
_TERRAFORM: Final = '# Terraform, in resource "aws_lb_listener":'


def _settings(demands: Demands) -> Iterator[Setting]:
    for topics, lines in _lines(demands):
        for topic in topics:
            yield Setting(topic=topic, place=_PLACE, lines=lines)


def _lines(demands: Demands) -> Iterator[tuple[tuple[Topic, ...], tuple[str, ...]]]:
    named, topics = best_named_policy(demands, LOAD_BALANCING)
    if named is not None:
        yield (
            topics,
            (
                f'aws elbv2 modify-listener --listener-arn "$LISTENER" --ssl-policy {named.name}',
                _TERRAFORM,
                f'ssl_policy = "{named.name}"',
            ),
        )
    if demands.client_certificates is not None:
        yield (
            (Topic.CLIENT_CERTIFICATES,),
            tuple(_client_certificates(are_required=demands.client_certificates)),
        )
    yield (
        (Topic.REDIRECT,),
        (
            f'aws elbv2 create-listener --load-balancer-arn "$LOAD_BALANCER" {_redirect(demands)}',
            f'# Terraform, in a resource "aws_lb_listener" with port = {demands.http_port} and protocol = "HTTP":',
            "default_action {",
            '  type = "redirect"',
            "  redirect {",
            '    protocol    = "HTTPS"',
            f'    port        = "{demands.https_port}"',
            '    status_code = "HTTP_301"',
            "  }",
            "}",
        ),
    )
    if demands.hsts is not None:
        value = hsts_value(demands.hsts)
        yield (
            (Topic.HSTS,),
            (
                f"{_ATTRIBUTES} 'Key={_HSTS_KEY},Value={value}'",
                _TERRAFORM,
                f'{_HSTS_KEY.replace(".", "_")} = "{value}"',
            ),
        )


def _redirect(demands: Demands) -> str:
    target = f"{{Protocol=HTTPS,Port={demands.https_port},StatusCode=HTTP_301}}"
    return (
        f"--protocol HTTP --port {demands.http_port} --default-actions "
        f"'Type=redirect,RedirectConfig={target}'"
    )


def _client_certificates(*, are_required: bool) -> Iterator[str]:
    mode = "Mode=verify,TrustStoreArn=$TRUST_STORE" if are_required else "Mode=off"
    yield (f'aws elbv2 modify-listener --listener-arn "$LISTENER" --mutual-authentication "{mode}"')
    yield _TERRAFORM
    yield "mutual_authentication {"
    if are_required:
        yield '  mode            = "verify"'
        yield "  trust_store_arn = aws_lb_trust_store.clients.arn"
    else:
        yield '  mode = "off"'
    yield "}"


AWS_ELB: Final = ServerKind(
    name="AWS load balancer",
    aliases=("elb", "alb", "nlb", "aws-elb"),
    write=_settings,
    banners=("awselb",),
)
