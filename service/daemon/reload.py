"""Activates the current configuration while the service runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from model.query import AuditAction
from model.safe_output.secret_text import SecretMask
from pki.certificates import TrustStoreError
from pki.transparency import LogListError
from policy.files.yaml_file import ConfigError
from service.config.settings import ONLY_AT_START, ServiceSettings
from service.daemon.audit import changed_settings, record
from service.daemon.build import Parts, prober_context
from service.http.guard.principal import Principal
from service.judging.configured_policies import configured_policies
from service.process.maintenance import limit_endpoints
from service.process.start_up import engine_of
from service.setting_types.secret_marks import secrets_in

_LOG: Final = structlog.stdlib.get_logger("tlsprobe")


async def reload(
    parts: Parts,
    read_again: Callable[[], ServiceSettings] | None,
    mask: SecretMask,
    by: Principal,
) -> str | None:
    """Activate the configuration that ``read_again`` returns; on failure nothing changes and the reason is returned.

    ``mask`` gets the secrets of the new configuration; the audit log gets the settings that change, and ``by``.
    """
    if read_again is None:
        return "the service was started without a configuration file: there is nothing to reload"
    try:
        settings = await asyncio.to_thread(read_again)
        engine = await asyncio.to_thread(engine_of, settings, parts.clock)
        book = await asyncio.to_thread(configured_policies, settings, parts.clock)
    except (ConfigError, TrustStoreError, LogListError) as error:
        reason = mask.masked(str(error))
        parts.metrics.config_read(is_good=False)
        _LOG.error("the configuration is invalid, the previous one stays active", reason=reason)
        return reason
    mask.add(secrets_in(settings))
    _warn_of_late_settings(parts.state.settings, settings)
    before, after = changed_settings(parts.state.settings, settings, mask)
    parts.state.use(settings, engine)
    parts.inventory.remembered.forget_all(parts.clock.now())
    parts.evaluator.book = book
    await parts.inventory.judge_again()
    limit_stored_bytes(parts)
    parts.guarded.reconfigure(settings)
    parts.planner.reconfigure()
    parts.on_demand.reconfigure(settings.on_demand, prober_context(parts.planner))
    parts.targets.sources.reload()
    parts.metrics.config_read(is_good=True)
    _LOG.info("configuration reloaded", sources=len(settings.sources))
    await record(
        parts,
        by,
        AuditAction.CONFIGURATION_RELOADED,
        str(settings.config_file or "the environment"),
        before=before,
        after=after,
    )
    return None


def limit_stored_bytes(parts: Parts) -> None:
    """Apply the daily storage limit per endpoint of the active configuration."""
    limit = parts.state.settings.retention.endpoint_bytes_per_day
    limit_endpoints(parts.store, limit, parts.metrics.store_dropped)


def _warn_of_late_settings(before: ServiceSettings, after: ServiceSettings) -> None:
    for name in ONLY_AT_START:
        if getattr(before, name) != getattr(after, name):
            _LOG.warning("a changed setting takes effect at the next start", setting=name)
