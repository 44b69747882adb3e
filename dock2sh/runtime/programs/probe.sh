# sh -c PROGRAM sh DIR, in new namespaces: may we mount in them?
mount -n -t tmpfs tmpfs "$1" && mkdir "$1/proc" && mount -n -t proc proc "$1/proc"
