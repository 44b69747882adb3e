"""HEALTHCHECK on a host: its command, its times, NAME-health.service and the timer."""

from typing import NamedTuple

from dock2sh.model import Plan
from dock2sh.provision.names import Service


def health_test(plan: Plan) -> list[str]:
    """The words of HEALTHCHECK's command; empty where there is none."""
    test = (plan.config.get("Healthcheck") or {}).get("Test") or ["NONE"]
    if test[0] == "CMD":
        return list(test[1:])
    if test[0] == "CMD-SHELL":
        return [*(plan.config.get("Shell") or ["/bin/sh", "-c"]), *test[1:]]
    return []


class Times(NamedTuple):
    """HEALTHCHECK's times in seconds, with docker's defaults (moby, daemon/health.go)."""

    interval: float
    timeout: float
    start_period: float
    retries: int


def health_times(plan: Plan) -> Times:
    given = plan.config.get("Healthcheck") or {}

    def seconds(key: str, default: int) -> float:
        return (given.get(key) or default * 10**9) / 10**9

    return Times(seconds("Interval", 30), seconds("Timeout", 30), seconds("StartPeriod", 0), given.get("Retries") or 3)


def health_unit(service: Service) -> str:
    """The probe. It fails when the service is unhealthy, and restarts nothing, as docker does not."""
    return f"""\
# Made by dock2sh: HEALTHCHECK of {service.name}. `systemctl status {service.name}-health` shows what it said last.

[Unit]
Description=Health of {service.name}
Requisite={service.name}.service
After={service.name}.service

[Service]
Type=oneshot
ExecStart={service.health}
# one that ends with the service has not failed
SuccessExitStatus=SIGTERM
"""


def health_timer(plan: Plan, service: Service) -> str:
    """When the probe runs: an interval after the service has begun, and after each probe's end. At the very first, which is at
    once, it only says `starting`."""
    interval = f"{health_times(plan).interval:g}s"
    return f"""\
# Made by dock2sh: when HEALTHCHECK of {service.name} is asked.

[Unit]
Description=Health of {service.name}, each {interval}
BindsTo={service.name}.service
After={service.name}.service

[Timer]
OnActiveSec=0
OnUnitInactiveSec={interval}
AccuracySec=100ms

[Install]
WantedBy={service.name}.service
"""
