"""The same setup on machines that have no containers: a Plan to a Bundle of files, for one machine or many.

    Plan --bundle--> setup.sh, run-NAME, env.sh, NAME.service, uninstall.sh, README.md, Ansible, cloud-init

Each file is a function from a Plan (and a Service: what it is called, whether it starts) to text. What the shell does is in
runtime/host, runtime/wrapper and runtime/uninstall.
"""

from dock2sh.provision.bundle import Bundle, File, bundle
from dock2sh.provision.names import Service, service_name
from dock2sh.provision.wish import Vendored, Wish

__all__ = ["Bundle", "File", "Service", "Vendored", "Wish", "bundle", "service_name"]
