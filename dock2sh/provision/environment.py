"""env.sh: the environment of the service, as text that a shell reads, and that people may change."""

from dock2sh.instructions.secrets import looks_secret
from dock2sh.model import DEFAULT_PATH, Plan


def variables(plan: Plan) -> dict[str, str]:
    """ENV, in the order of the image's config; docker's default PATH where there is none."""
    found = dict(pair.partition("=")[::2] for pair in plan.config.get("Env") or ())
    return found if "PATH" in found else {"PATH": DEFAULT_PATH} | found


def is_shell_name(name: str) -> bool:
    """Whether a shell can have a variable of this name."""
    return name.isascii() and name.isidentifier()


def has_secret(plan: Plan) -> bool:
    """Whether a value looks like a secret by its name."""
    return any(map(looks_secret, variables(plan)))


def env_file(plan: Plan, name: str) -> str:
    """The file. A value stands in double quotes, which a shell and systemd's EnvironmentFile= read alike."""
    lines = [
        f"# The environment of {name}, from the Dockerfile's ENV. It may be changed: then `systemctl restart {name}`.",
        "# setup.sh leaves a file that was changed as it is, and puts what it would be beside it (env.sh.new).",
        "# shellcheck shell=sh disable=SC2034 # others read these",
    ]
    lines += [f'{key}="{escaped(value)}"' for key, value in variables(plan).items() if is_shell_name(key)]
    return "\n".join(lines) + "\n"


def escaped(value: str) -> str:
    """For double quotes of a shell, and of systemd's environment files."""
    return "".join("\\" + char if char in '\\"$`' else char for char in value)


def profile(plan: Plan, name: str) -> str:
    """/etc/profile.d: for login shells, on request. Their own PATH is gone on with."""
    lines = [f"# The environment of {name}, for login shells (setup.sh --profile)."]
    lines += [f'export {key}="{escaped(value)}"' for key, value in variables(plan).items() if is_shell_name(key)]
    return "\n".join(lines) + "\n"
