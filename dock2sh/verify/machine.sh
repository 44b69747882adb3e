# On a machine that is compared: machine.sh DIRECTORY [tree] reads names from standard input, a NUL after each, and writes an
# archive of those that are there; with `tree` of all that is below them, too.
directory=$1 recursion=--no-recursion
[ "${2-}" != tree ] || recursion=--recursion

present() {
    # shellcheck disable=SC2016 # the inner shell's own
    xargs -0 sh -c 'for name do if [ -e "$name" ] || [ -L "$name" ]; then printf "%s\0" "$name"; fi; done' sh
}

case $(tar --version 2>/dev/null) in *'GNU tar'*) ;; *) echo "there is no GNU tar (install the package tar)" >&2 && exit 3 ;; esac
cd "$directory" || exit 4
present | tar --null "$recursion" -T - -cf - --numeric-owner --xattrs --xattrs-include='*' --warning=no-file-ignored
