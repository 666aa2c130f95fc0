"""The pages, one module per noun of the URL map. To add one: a module with a router here, its templates, an entry in `soc.web.menu`."""

from __future__ import annotations

from soc.web.pages import (
    admin,
    alerts,
    audit,
    compliance,
    coverage,
    events,
    evidence,
    exceptions,
    hunts,
    incidents,
    me,
    metrics,
    reports,
    rules,
    search,
    signin,
    sources,
    styles,
    today,
)

ROUTERS = (
    signin.router,
    me.router,
    today.router,
    alerts.router,
    incidents.router,
    exceptions.router,
    search.router,
    hunts.router,
    events.router,
    rules.router,
    sources.router,
    coverage.router,
    compliance.router,
    evidence.router,
    reports.router,
    audit.router,
    admin.router,
    styles.router,
    metrics.router,
)
