"""Mail domains on the command line, as JSON by its schema, as text, and as targets of a discovery source."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Final

import jsonschema
import pytest
from referencing import Registry, Resource

from discovery.mail_domains import MailReading, read_mail_domains
from discovery.source import SourceError
from discovery.targets import TargetError, parse_target
from exporters.terminal.mail_domain import render_mail_domain
from exporters.terminal.scan_report.form import ReportForm
from model.mail.mail_domain_json import mail_domain_to_json
from pki.dns import DnsLookup
from scripts.json_reference import SCHEMA as OBSERVATION
from service.scan.mail.mail_domains import is_protected
from tests.docs.test_commands_json import strict
from tests.probe.mail_domain.mail_world import World
from tests.probe.mail_domain.test_assess import assess
from tests.service.processes import tlsprobe

pytestmark = pytest.mark.integration

SCHEMA: Final = OBSERVATION.with_name("mail-domain.schema.json")


def check(said: dict[str, Any]) -> None:
    contents = {
        SCHEMA.name: strict(json.loads(SCHEMA.read_text())),
        OBSERVATION.name: json.loads(OBSERVATION.read_text()),
    }
    registry: Registry[Any] = Registry().with_resources(
        (name, Resource.from_contents(content)) for name, content in contents.items()
    )
    validator = jsonschema.Draft202012Validator(contents[SCHEMA.name], registry=registry)
    validator.validate(said)


@pytest.mark.parametrize("domain", ["dane.signed", "rolled.signed", "sts.plain", "silent.plain"])
async def test_the_json_is_as_its_schema_says(domain: str, world: World) -> None:
    found = await assess(world, domain)
    check(mail_domain_to_json(found))
    check(mail_domain_to_json(found, with_evidence=False))


@pytest.mark.parametrize(
    ("domain", "lines", "is_sound"),
    [
        ("dane.signed", ("no one on the path (DANE with DNSSEC)", "TLSA 3 1 1", "same key"), True),
        ("rolled.signed", ("do not deliver", "no record matches"), False),
        ("sts.plain", ("an attacker at first contact", "604800 s"), True),
        ("mismatch.plain", ("no mx of the policy names it",), False),
        ("opportunistic.plain", ("anyone on the path",), False),
        ("implicit.plain", ("no MX: the domain itself",), False),
    ],
)
async def test_the_text_says_who_can_strip_tls(
    domain: str, lines: tuple[str, ...], is_sound: bool, world: World
) -> None:
    found = await assess(world, domain)
    text = render_mail_domain(found, ReportForm(width=200))
    assert text.startswith(f"{domain} (mail domain)\n")
    assert all(line in text for line in lines), text
    assert is_protected(found) is is_sound


async def test_the_command_prints_the_domains_in_their_order(world: World) -> None:
    server = f"127.0.0.1:{world.resolver}"
    domains = ("mail-domain:null.plain", "mail-domain:absent.plain")
    run = await asyncio.to_thread(tlsprobe, "scan", *domains, "--name-server", server, "--json")
    assert run.returncode == 0, run.stderr
    found = [json.loads(line) for line in run.stdout.splitlines()]
    for said in found:
        check(said)
    assert [(one["mail_domain"], one["tls_stripping"]["by"]) for one in found] == [
        ("null.plain", "no_mail"),
        ("absent.plain", "no_mail"),
    ]
    listed = await asyncio.to_thread(
        tlsprobe, "scan", *domains, "--name-server", server, "--output", "json", "--no-evidence"
    )
    assert len(json.loads(listed.stdout)) == len(domains)
    text = await asyncio.to_thread(tlsprobe, "scan", *domains, "--name-server", server)
    assert text.stdout.count("the domain accepts no mail") == len(domains)


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["mail-domain:192.0.2.1"], "write mail-domain:example.com"),
        (["mail-domain:a.example:25"], "write mail-domain:example.com"),
        (["mail-domain:"], "write mail-domain:example.com"),
        (["mail-domain:a.example", "b.example"], "with two commands"),
        (["mail-domain:a.example", "--policy", "mozilla-modern"], "--policy"),
        (["mail-domain:a.example", "--proxy", "http://127.0.0.1:1"], "--proxy"),
        (["mail-domain:a.example", "--output", "cbom"], "--output cbom"),
        (["mail-domain:a.example", "--name-server", "localhost"], "--name-server"),
    ],
)
def test_wrong_usage_is_one_sentence(words: list[str], problem: str) -> None:
    run = tlsprobe("scan", *words)
    assert (run.returncode, run.stdout) == (2, "")
    assert problem in run.stderr
    assert run.stderr.count("\n") == 1


def test_one_target_is_no_mail_domain() -> None:
    with pytest.raises(TargetError, match="targets file"):
        parse_target("mail-domain:example.com")


async def test_the_source_has_the_hosts_of_the_domains(world: World) -> None:
    lookup, at = DnsLookup([("127.0.0.1", world.resolver)]), MailReading(source="mail")
    domains = ("two.plain", "implicit.plain", "null.plain", "absent.plain", "dane.signed")
    found = await read_mail_domains(domains, lookup, at)
    assert {one.key for one in found.targets} == {
        "mx.dane.signed:25",
        "mx.sts.plain:25",
        "implicit.plain:25",
    }
    assert {one.protocol for one in found.targets} == {"smtp"}
    assert {one.labels["mail_domain"] for one in found.targets} <= set(domains)
    assert [one.place for one in found.skipped] == ["null.plain", "absent.plain"]
    silent = DnsLookup([("127.0.0.1", world.https)], timeout_seconds=0.1)
    with pytest.raises(SourceError):
        await read_mail_domains(("two.plain",), silent, at)
