"""A fleet: an Ansible role, a playbook and an example inventory.

The role only carries setup.sh: that alone changes a host, so that one machine and a fleet have one code path, and hosts need no
Python. It asks `--status` first, also in check mode, which therefore tells the truth of each host: the steps that are left, and
what was changed there since. It goes by the script module, which copies and runs it in one task: with a copy of its own, check
mode would ask the old copy.
"""

from dock2sh import __version__
from dock2sh.provision.names import Service


def role(service: Service) -> dict[str, str]:
    """The role's files but the script, which is in files/NAME-setup.sh; their paths below ansible/."""
    name = service.name.replace("-", "_")
    folder = f"roles/{name}"
    return {
        "playbook.yml": _playbook(service, name),
        "inventory.yml": _inventory(),
        f"{folder}/tasks/main.yml": _tasks(service, name),
        f"{folder}/defaults/main.yml": _defaults(service, name),
        f"{folder}/meta/main.yml": _meta(service, name),
    }


def script_path(service: Service) -> str:
    """Where the role has the script. No word of its arguments may have this name: the module replaces it in the whole line."""
    return f"roles/{service.name.replace('-', '_')}/files/{service.name}-setup.sh"


def _playbook(service: Service, name: str) -> str:
    return f"""\
---
# Made by dock2sh {__version__}: sets up {service.name} on all hosts of the inventory.
#
#   ansible-playbook -i inventory.yml playbook.yml --check     which hosts have steps left
#   ansible-playbook -i inventory.yml playbook.yml             does them; a host that fails goes on there the next time

- name: Set up {service.name}
  hosts: all
  become: true
  gather_facts: false
  roles:
    - role: {name}
"""


def _inventory() -> str:
    return """\
---
# An example: name your hosts here.

all:
  hosts:
    web1:
      ansible_host: 192.0.2.1
    web2:
      ansible_host: 192.0.2.2
  vars:
    ansible_user: root
"""


def _tasks(service: Service, name: str) -> str:
    script = f"{service.name}-setup.sh"
    return f"""\
---
# Made by dock2sh {__version__}. What changes a host is {script} alone; see its first lines.

- name: Look which steps are left
  ansible.builtin.script:
    cmd: "{script} --status {{{{ {name}_options }}}}"
    executable: sh
  register: {name}_status
  check_mode: false # it only reads, and check mode is to tell the truth
  changed_when: ansible_check_mode and {name}_status.rc == 1
  failed_when: {name}_status.rc not in [0, 1]

- name: Do the steps that are left
  ansible.builtin.script:
    cmd: "{script} --yes {{{{ {name}_options }}}}"
    executable: sh
  register: {name}_setup
  when:
    - not ansible_check_mode
    - {name}_status.rc == 1
  changed_when: "'changed=0' not in {name}_setup.stdout"
"""


def _defaults(service: Service, name: str) -> str:
    return f"""\
---
# Options of {service.name}-setup.sh besides --yes (--help has them), for example --no-start, or --way root --base IMAGE=SOURCE.
{name}_options: ""
"""


def _meta(service: Service, name: str) -> str:
    return f"""\
---
galaxy_info:
  role_name: {name}
  author: dock2sh
  description: Sets up {service.name}, as its Dockerfile says
  license: GPL-3.0-or-later
  min_ansible_version: "2.15"
dependencies: []
"""
