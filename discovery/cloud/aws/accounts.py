"""The accounts of a source: their credentials, and the regions in which each is read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from botocore.exceptions import BotoCoreError
from botocore.loaders import Loader

from discovery.cloud.aws.api import AwsApi
from discovery.cloud.aws.scope import ACCOUNT, EVERY_REGION, AwsScope
from discovery.cloud.aws.sessions import (
    FAILURES,
    AwsSession,
    Passage,
    base_session,
    failure_text,
    with_role,
)
from discovery.source import Skipped, SourceError

_ACTIVE: Final = "ACTIVE"
_ANY: Final = "us-east-1"
"""Where an account is asked for its regions, if nothing names one."""


class Accounts:
    """Opens each account once; botocore renews its credentials. Raises SourceError if there are none to begin with."""

    def __init__(self, scope: AwsScope, passage: Passage) -> None:
        self._scope = scope
        self._passage = passage
        self._loader = Loader()
        try:
            self._base = base_session(scope.profile, self._loader)
            self._has_credentials = self._base.get_credentials() is not None
            region = self._base.get_config_variable("region")
        except BotoCoreError as error:
            raise SourceError(f"AWS credentials cannot be read: {error}.") from error
        named = [one for one in scope.regions if one != EVERY_REGION]
        self._home = named[0] if named else region or (_ANY if scope.regions else None)
        self._sessions: dict[str, AwsSession] = {}
        self._regions: dict[str, tuple[str, ...]] = {}
        self._organization: tuple[str, ...] = ()
        self.left_out: tuple[Skipped, ...] = ()
        """The accounts of the organization that ``identifiers`` left out, and why."""

    @property
    def home(self) -> str:
        """The region of services that are the same in all regions; raises SourceError if none is known."""
        if not self._home:
            raise SourceError("no AWS region is set: add `regions` to the source.")
        return self._home

    def identifiers(self) -> tuple[str, ...]:
        """The numbers of the accounts: those of the configuration or the organization, or the one of the credentials."""
        if not self._has_credentials:
            raise SourceError(
                "there are no AWS credentials: set `profile`, or give this process a role or AWS_* variables."
            )
        if self._scope.accounts:
            return self._scope.accounts
        own = self._own()
        return self._of_organization(own) if self._scope.organization else (own,)

    def _own(self) -> str:
        session = AwsSession(self._base, "", self._passage)
        try:
            number = str(session.client("sts", self.home).get_caller_identity()["Account"])
        except FAILURES as error:
            raise SourceError(
                f"AWS does not accept the credentials: {failure_text(error)}."
            ) from error
        self._sessions.setdefault(number, AwsSession(self._base, number, self._passage))
        return number

    def _of_organization(self, own: str) -> tuple[str, ...]:
        """Its active accounts; if AWS does not list them, those of the last time."""
        api = AwsApi(self._sessions[own], self.home, datetime.now(UTC))
        found = list(api.each("organizations.ListAccounts"))
        self.left_out = tuple(api.skipped)
        if api.skipped and not self._organization:
            raise SourceError(f"the organization's accounts cannot be read: {api.skipped[0]}.")
        if not api.skipped:
            states = {one["Id"]: one.get("State") or one.get("Status") for one in found}
            self._organization = tuple(one for one, state in states.items() if state == _ACTIVE)
            self.left_out = tuple(
                Skipped(
                    place=f"account {one['Id']}",
                    problem=f"{one.get('Name', 'it')} is {states[one['Id']]} in the organization, and is not read",
                )
                for one in found
                if states[one["Id"]] != _ACTIVE
            )
        return self._organization

    def session(self, account: str) -> AwsSession | str:
        """The account's session, with valid credentials; or why there is none, as a clause."""
        if account not in self._sessions:
            self._sessions[account] = self._assumed(self._scope.role_arn, account)
        if self._scope.s3_probe_role_arn and self._sessions[account].s3_prober is None:
            prober = self._assumed(self._scope.s3_probe_role_arn, account)
            self._sessions[account].s3_prober = prober
        try:
            self._sessions[account].check_credentials()
        except FAILURES as error:
            return f"sts:AssumeRole: {failure_text(error)}"
        return self._sessions[account]

    def _assumed(self, role_arn: str, account: str) -> AwsSession:
        sts = AwsSession(self._base, account, self._passage).client("sts", self.home)
        fresh = base_session(self._scope.profile, self._loader)
        arn = role_arn.replace(ACCOUNT, account)
        session = with_role(fresh, sts, arn, self._scope.external_id)
        return AwsSession(session, account, self._passage)

    def regions(self, api: AwsApi) -> tuple[str, ...]:
        """The regions of the account; with ``all``, those that it has enabled, or had if AWS does not say."""
        if EVERY_REGION not in self._scope.regions:
            return self._scope.regions or (self.home,)
        found = tuple(sorted(one["RegionName"] for one in api.each("ec2.DescribeRegions")))
        if found and not api.skipped:
            self._regions[api.account] = found
        return self._regions.get(api.account) or (self.home,)
