# Reads "done STAGE N DIGEST", "root STAGE" (its root is there) and "step N STAGE DIGEST NEEDED-STAGE..."; prints the numbers of the
# steps that are to be done, blanks around them. A step of the target is, if it was not done with that digest, or one before it is;
# those of another stage are, if a step that is to be done needs the stage, and it is not there as it should be.
$1 == "done" { was[$2, $4] = 1; count[$2]++; next }
$1 == "root" { there[$2] = 1; next }
$1 == "step" {
    total++
    number[total] = $2; stage[total] = $3; digest[total] = $4; needs[total] = ""
    for (i = 5; i <= NF; i++) needs[total] = needs[total] " " $i
}
# by --from or --only
function asked(i) {
    return only != "" ? number[i] == only : from > 0 && number[i] >= from
}
function need(i,   part, k, size) {
    size = split(needs[i], part, " ")
    for (k = 1; k <= size; k++) needed[part[k]] = 1
}
END {
    from = ENVIRON["from"] + 0; only = ENVIRON["only"]
    for (i = 1; i <= total; i++) if (stage[i] == "-") {
        redo = redo || !((stage[i], digest[i]) in was)
        due[i] = only != "" ? number[i] == only : redo || asked(i)
        if (due[i]) need(i)
    }
    # those that are needed stand before those that need them
    for (i = total; i > 0; i--) if (stage[i] != "-" && !looked[stage[i]]++) look(stage[i])
    for (i = 1; i <= total; i++) if (due[i]) printf " %s ", number[i]
}
function look(name,   i, kept, left) {
    for (i = 1; i <= total; i++) if (stage[i] == name && asked(i)) needed[name] = 1
    if (!(name in needed)) return
    for (i = 1; i <= total; i++) if (stage[i] == name) {
        if (there[name] && !left && !asked(i) && ((name, digest[i]) in was)) { kept++; continue }
        left = 1
        due[i] = 1
    }
    # what was done there before is no part of this one any more: it is made anew
    if (there[name] && kept < count[name]) {
        left = 1
        for (i = 1; i <= total; i++) if (stage[i] == name) due[i] = 1
    }
    if (left) for (i = 1; i <= total; i++) if (stage[i] == name) need(i)
}
