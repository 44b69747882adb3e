# What a package database says is installed: dpkg's status (paragraphs of `Name: value`), apk's (`P:name`). What apk makes of
# `add --virtual NAME` is no package: its version is the time.
function flush() {
    if (kind == "deb" && status ~ / installed$/) print "deb", name, architecture, version
    if (kind == "apk") print "apk", name, architecture, version, checksum
    kind = name = architecture = version = checksum = status = ""
}
/^$/ { flush(); next }
/^Package: / { kind = "deb"; name = $2 }
/^Status: / { status = $0 }
/^Architecture: / { architecture = $2 }
/^Version: / { version = $2 }
/^P:/ { kind = "apk"; name = substr($0, 3) }
/^V:/ && kind != "deb" { version = substr($0, 3) }
/^A:/ && kind != "deb" { architecture = substr($0, 3) }
/^T:virtual meta package$/ { kind = "" }
/^C:/ && kind != "deb" { checksum = substr($0, 3) }
END { flush() }
