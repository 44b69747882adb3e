"""New machines by other tools, a file for each: Lima (a VM on a workstation), Vagrant, Packer (an image of a machine).

Each brings setup.sh in its own way; what changes the machine is setup.sh alone. The machine is of the base image's release where
that is one that the tool has, else a Debian, on which setup.sh builds a private tree.
"""

import json

from dock2sh import __version__
from dock2sh.model import Plan
from dock2sh.provision.cloud_init import Sent, shell_text
from dock2sh.provision.names import Service
from dock2sh.provision.releases import Release, release
from dock2sh.provision.service import ports

TOOLS = {"lima": "lima.yaml", "vagrant": "Vagrantfile", "packer": "packer.pkr.hcl"}
"""Tool -> the file that it reads."""

DEBIAN = Release("debian", "12")
_LIMA = {"debian": "debian-{}", "ubuntu": "ubuntu-{}", "fedora": "fedora-{}", "rocky": "rocky-{}", "almalinux": "almalinux-{}"}
_LIMA |= {"ol": "oraclelinux-{}", "alpine": "alpine", "arch": "archlinux", "opensuse-leap": "opensuse-leap"}
_VAGRANT = {"debian": "bento/debian-{}", "ubuntu": "bento/ubuntu-{}", "fedora": "bento/fedora-{}", "rocky": "bento/rockylinux-{}"}
_VAGRANT |= {"almalinux": "bento/almalinux-{}", "ol": "bento/oraclelinux-{}", "arch": "archlinux/archlinux"}


def machine_file(tool: str, plan: Plan, sent: Sent) -> str:
    """The text of one of TOOLS. Lima brings no file, so that setup.sh is in there as it is in user-data."""
    if tool == "lima":
        return _lima(plan, sent.service, shell_text(sent))
    return _vagrant(plan, sent.service) if tool == "vagrant" else _packer(plan, sent.service)


def _box(plan: Plan, names: dict[str, str]) -> tuple[str, str]:
    """The tool's name for the machine's system, and a remark if that is not the base image's."""
    base = plan.chain()[0].base
    wanted = release(base)
    if wanted and wanted.id in names:
        return names[wanted.id].format(wanted.version), ""
    kind = "is no release of a distribution" if wanted is None else "is no system that this tool has"
    return names["debian"].format(
        DEBIAN.version
    ), f"# {base} {kind}: setup.sh builds a private tree, from --base or --vendor-base.\n"


def _lima(plan: Plan, service: Service, run: str) -> str:
    """Lima runs the script at each boot: it does what is left to do, which is nothing then."""
    template, remark = _box(plan, _LIMA)
    body = "".join(f"    {line}\n" if line else "\n" for line in run.splitlines())
    forwards = "".join(f"- guestPort: {number}\n  hostPort: {outside(number)}\n" for number in _tcp(plan))
    return f"""\
# Made by dock2sh {__version__}: {service.name} in a virtual machine of Lima's.
#
#   limactl start --name {service.name} ./lima.yaml
#   limactl shell {service.name} sudo systemctl status {service.name}
{remark}
minimumLimaVersion: 1.1.0
base: template://{template}
provision:
- mode: system
  script: |
{body}{"portForwards:" + chr(10) if forwards else ""}{forwards}"""


def _vagrant(plan: Plan, service: Service) -> str:
    box, remark = _box(plan, _VAGRANT)
    forward = '  config.vm.network "forwarded_port", guest: {}, host: {}, auto_correct: true\n'
    forwards = "".join(forward.format(number, outside(number)) for number in _tcp(plan))
    return f"""\
# Made by dock2sh {__version__}: {service.name} in a virtual machine of Vagrant's. setup.sh is beside this file.
#
#   vagrant up                    makes it, and sets it up
#   vagrant provision             does what is left to do
{remark}
Vagrant.configure("2") do |config|
  config.vm.box = "{box}"
  config.vm.hostname = "{service.name}"
{forwards}  config.vm.provision "shell", name: "{service.name}", path: "setup.sh", args: ["--yes"]
end
"""


def _packer(plan: Plan, service: Service) -> str:
    """A cloud image, which cloud-init opens for Packer, becomes another; the service starts when a machine of that boots."""
    base = release(plan.chain()[0].base) or DEBIAN
    system = json.dumps(f"A cloud image (qcow2) of {base.id} {base.version}".removesuffix(" *") + ": a path or an address")
    return f"""\
# Made by dock2sh {__version__}: an image of a machine that has {service.name} in it. setup.sh is beside this file.
#
#   packer init packer.pkr.hcl
#   packer build -var image=IMAGE.qcow2 -var checksum=sha256:... packer.pkr.hcl

packer {{
  required_plugins {{
    qemu = {{
      source  = "github.com/hashicorp/qemu"
      version = ">= 1.1.0"
    }}
  }}
}}

variable "image" {{
  type        = string
  description = {system}
}}

variable "checksum" {{
  type        = string
  default     = "none"
  description = "What the image's digest must be: sha256:..."
}}

variable "password" {{
  type        = string
  default     = "packer"
  description = "Of the account that Packer uses while it builds; it is removed at the end"
}}

source "qemu" "{service.name}" {{
  iso_url          = var.image
  iso_checksum     = var.checksum
  disk_image       = true
  format           = "qcow2"
  output_directory = "output-{service.name}"
  headless         = true
  disk_size        = "10G"
  ssh_username     = "packer"
  ssh_password     = var.password
  shutdown_command = "sudo sh -c 'userdel -rf packer; rm -f /etc/sudoers.d/90-cloud-init*; cloud-init clean --logs; poweroff'"
  cd_label         = "cidata"
  cd_content = {{
    "meta-data" = "instance-id: packer"
    "user-data" = <<-EOT
      #cloud-config
      ssh_pwauth: true
      users:
        - name: packer
          plain_text_passwd: ${{var.password}}
          lock_passwd: false
          shell: /bin/bash
          sudo: ALL=(ALL) NOPASSWD:ALL
    EOT
  }}
}}

build {{
  sources = ["source.qemu.{service.name}"]

  provisioner "shell" {{
    script          = "${{path.root}}/setup.sh"
    execute_command = "sudo sh '{{{{ .Path }}}}' --yes --no-start"
  }}
}}
"""


def outside(port: int) -> int:
    """The port of the workstation: those below 1024 are not for everybody."""
    return port if port > 1023 else port + 8000


def _tcp(plan: Plan) -> list[int]:
    return [int(port.partition("/")[0]) for port in ports(plan) if port.endswith("/tcp")]
