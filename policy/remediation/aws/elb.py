"""AWS load balancers, by CLI, Terraform and CloudFormation: a listener has a named policy and few other settings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policy.remediation.aws.choice import LOAD_BALANCING, best_named_policy
from policy.remediation.aws.resources import in_command, load_balancer_of
from policy.remediation.demands import Demands
from policy.remediation.hsts import hsts_value
from policy.remediation.setting import ServerKind, Setting, Topic

_PLACE: Final = "by the AWS CLI, or in Terraform or CloudFormation"
_HSTS_KEY: Final = "routing.http.response.strict_transport_security.header_value"
_TERRAFORM: Final = '# Terraform, in resource "aws_lb_listener":'
_CLOUDFORMATION: Final = "# CloudFormation, in Properties of AWS::ElasticLoadBalancingV2::Listener:"
_ALSO_TARGETS: Final = (
    "# Clients without the remaining versions and suites are refused.",
    "# It also decides how an Application Load Balancer connects to targets of HTTPS: by a policy that AWS",
    "# derives from those of all its listeners, such as ELBSecurityPolicy-TLS13-1-0-2021-06 if one has TLS 1.3.",
)
_ALSO_RULES: Final = (
    "# It replaces the default action of the listener: requests that a rule of the listener matches",
    "# still go where that rule says.",
)


def _settings(demands: Demands) -> Iterator[Setting]:
    for topics, lines in _lines(demands):
        for topic in topics:
            yield Setting(topic=topic, place=_PLACE, lines=lines)


def _lines(demands: Demands) -> Iterator[tuple[tuple[Topic, ...], tuple[str, ...]]]:
    named, topics = best_named_policy(demands, LOAD_BALANCING)
    listener = in_command(demands.resource, "LISTENER")
    if named is not None:
        yield (
            topics,
            (
                f"aws elbv2 modify-listener --listener-arn {listener} --ssl-policy {named.name}",
                _TERRAFORM,
                f'ssl_policy = "{named.name}"',
                _CLOUDFORMATION,
                f"SslPolicy: {named.name}",
                *_ALSO_TARGETS,
            ),
        )
    if demands.client_certificates is not None:
        lines = _client_certificates(listener, are_required=demands.client_certificates)
        yield (Topic.CLIENT_CERTIFICATES,), tuple(lines)
    yield (Topic.REDIRECT,), tuple(_redirect(demands))
    if demands.hsts is not None:
        value = hsts_value(demands.hsts)
        attributes = f"--attributes 'Key={_HSTS_KEY},Value={value}'"
        yield (
            (Topic.HSTS,),
            (
                f"aws elbv2 modify-listener-attributes --listener-arn {listener} {attributes}",
                _TERRAFORM,
                f'{_HSTS_KEY.replace(".", "_")} = "{value}"',
                _CLOUDFORMATION,
                "ListenerAttributes:",
                f"  - Key: {_HSTS_KEY}",
                f"    Value: {value}",
            ),
        )


def _redirect(demands: Demands) -> Iterator[str]:
    balancer = None if demands.resource is None else load_balancer_of(demands.resource)
    named = in_command(balancer, "LOAD_BALANCER")
    http, https = demands.http_port, demands.https_port
    action = (
        "--default-actions 'Type=redirect,RedirectConfig="
        f"{{Protocol=HTTPS,Port={https},StatusCode=HTTP_301}}'"
    )
    yield (
        f'LISTENER="$(aws elbv2 describe-listeners --load-balancer-arn {named} '
        f"--query 'Listeners[?Port==`{http}`].ListenerArn' --output text)\""
    )
    yield f'aws elbv2 modify-listener --listener-arn "$LISTENER" {action}'
    yield f"# If nothing listens on port {http}:"
    yield (
        f"aws elbv2 create-listener --load-balancer-arn {named} --protocol HTTP --port {http} {action}"
    )
    yield f'# Terraform, in the resource "aws_lb_listener" with port = {http} and protocol = "HTTP":'
    yield "default_action {"
    yield '  type = "redirect"'
    yield "  redirect {"
    yield '    protocol    = "HTTPS"'
    yield f'    port        = "{https}"'
    yield '    status_code = "HTTP_301"'
    yield "  }"
    yield "}"
    yield _CLOUDFORMATION
    yield "DefaultActions:"
    yield "  - Type: redirect"
    yield "    RedirectConfig:"
    yield "      Protocol: HTTPS"
    yield f'      Port: "{https}"'
    yield "      StatusCode: HTTP_301"
    yield from _ALSO_RULES


def _client_certificates(listener: str, *, are_required: bool) -> Iterator[str]:
    mode = "Mode=verify,TrustStoreArn=$TRUST_STORE" if are_required else "Mode=off"
    yield f'aws elbv2 modify-listener --listener-arn {listener} --mutual-authentication "{mode}"'
    yield _TERRAFORM
    yield "mutual_authentication {"
    if are_required:
        yield '  mode            = "verify"'
        yield "  trust_store_arn = aws_lb_trust_store.clients.arn"
    else:
        yield '  mode = "off"'
    yield "}"
    yield _CLOUDFORMATION
    yield "MutualAuthentication:"
    yield f"  Mode: {'verify' if are_required else 'off'}"
    if are_required:
        yield "  TrustStoreArn: !Ref Clients"


AWS_ELB: Final = ServerKind(
    name="AWS load balancer",
    aliases=("elb", "alb", "nlb", "aws-elb"),
    write=_settings,
    banners=("awselb",),
    arns=("elasticloadbalancing:listener/",),
)
