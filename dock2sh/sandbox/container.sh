# The first process of a sandbox's container:  sh container.sh NAME WORD...   runs setup.sh beside it with those words. NAME is
# the container's, for whoever looks at the process from outside.
#
# It says "ready" first: what is written before is lost, and a container's last words with it (podman). Standard input brings a
# token, then the secrets, each as a line "NUMBER SIZE" and its bytes, then a line "."; they are kept in memory (secrets/ is a
# tmpfs). After the script's own output comes a NUL, the token and the exit status: nothing that a step prints can pass for it.
# Then the container waits, so that its root can be looked at, until standard input ends.

home=$(cd "${0%/*}" && pwd -P)
shift

take_secrets() {
    while read -r number size && [ "$number" != . ]; do
        (umask 077 && dd bs=1 count="$size" 2>/dev/null >"$home/secrets/$number")
    done
}

echo ready
read -r token
take_secrets
cd "$home/context" || exit 1
sh "$home/setup.sh" "$@" </dev/null 2>&1
printf '\0%s %s\n' "$token" "$?"
cat >/dev/null
