"""``tlsprobe policy explain``: what one rule requires."""

from __future__ import annotations

from typing import Annotated

from service.cli.app import fail
from service.cli.completing import complete_rule
from service.cli.options import AsJson
from service.cli.output import print_either
from service.cli.parameters import Argument, command


@command(
    short_help="Explain a rule: what it requires, why, and its parameters.",
    epilog="""\b
Examples:
  tlsprobe policy explain certificate_expiry
  tlsprobe policy explain TP-CIPHER-002
  tlsprobe policy explain hsts --json | jq .parameters""",
)
def explain(
    rule: Annotated[
        str,
        Argument(
            metavar="RULE",
            complete=complete_rule,
            help="Name or identifier of a rule (tlsprobe policy list).",
        ),
    ],
    *,
    as_json: AsJson = False,
) -> int:
    """Explain what a rule requires, its parameters, and how each profile uses it."""
    from model.encoding.earlier_names import RULES, renamed
    from policy import profile
    from policy.catalogue import RULES_BY_NAME, rule_of
    from policy.claims.rules import claim_rule_of
    from policy.files.named_policies import named_policies
    from policy.files.profiles import profiles
    from policy.values import nearest
    from service.judging.policy_text import (
        claim_rule_explained,
        claim_rule_to_json,
        explained,
        rule_to_json,
    )

    found, of_claims = rule_of(rule), claim_rule_of(rule)
    if rule in RULES:
        return fail(renamed(rule, RULES[rule]))
    if of_claims is not None:
        return print_either(
            claim_rule_to_json(of_claims) if as_json else None, claim_rule_explained(of_claims)
        )
    if found is None:
        close = nearest(rule, RULES_BY_NAME)
        fix = f"did you mean {close}?" if close else "see `tlsprobe policy list`"
        return fail(f"unknown rule {rule!r}: {fix}")
    own = [name for name in profiles() if name not in named_policies()]
    policies = [profile(name) for name in own]
    as_object = rule_to_json(found, policies) if as_json else None
    return print_either(as_object, explained(found, policies))
