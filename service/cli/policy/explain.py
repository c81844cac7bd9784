"""``tlsprobe policy explain``: what one rule requires."""

from __future__ import annotations

from typing import Annotated

from service.cli.app import (
    EXIT_OK,
    fail,
    say,
)
from service.cli.completing import complete_rule
from service.cli.parameters import Argument, command


@command(
    short_help="Explain a rule: what it requires, why, and its parameters.",
    epilog="""\b
Examples:
  tlsprobe policy explain certificate_expiry
  tlsprobe policy explain TP-CIPHER-002""",
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
) -> int:
    """Explain what a rule requires, its parameters, and how each profile uses it."""
    from model.encoding.earlier_names import RULES, renamed
    from policy import profile
    from policy.catalogue import RULES_BY_NAME, rule_of
    from policy.claims.rules import claim_rule_of
    from policy.files.named_policies import named_policies
    from policy.files.profiles import profiles
    from policy.values import nearest
    from service.judging.policy_text import claim_rule_explained, explained

    found, of_claims = rule_of(rule), claim_rule_of(rule)
    if rule in RULES:
        return fail(renamed(rule, RULES[rule]))
    if of_claims is not None:
        say(*claim_rule_explained(of_claims))
        return EXIT_OK
    if found is None:
        close = nearest(rule, RULES_BY_NAME)
        fix = f"did you mean {close}?" if close else "see `tlsprobe policy list`"
        return fail(f"unknown rule {rule!r}: {fix}")
    own = [name for name in profiles() if name not in named_policies()]
    policies = [profile(name) for name in own]
    say(*explained(found, policies))
    return EXIT_OK
