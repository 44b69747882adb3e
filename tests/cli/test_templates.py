"""`inspect -f` beside docker's own: the same status and the same text for each template, one a line."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from dock2sh.images.gotemplate import TemplateError, Unreadable, render

DOCKERFILE = """FROM busybox
LABEL a=b c="d e"
ENV X=1 Y="a b"
EXPOSE 80 443/udp
VOLUME /v /w
USER nobody:nogroup
WORKDIR /srv
HEALTHCHECK --interval=5s --retries=3 CMD true
ONBUILD RUN x
STOPSIGNAL SIGINT
CMD ["sh","-c","echo"]
"""
ROWS = r"""
{{json .Config.Labels}}
{{json .Config.Healthcheck}}
{{.Config.Healthcheck}}
{{.Config.Labels.a}}
{{index .Config.Labels "c"}}
{{index .Config.Labels "zz"}}
{{.Config.Labels.zz}}
{{join .Config.Env ","}}
{{join .Config.Cmd " "}}
{{split "a,b" ","}}
{{upper "abc"}} {{lower "ABC"}} {{title "abc def"}}
{{println .Id}}
{{index .RepoTags 0}}
{{index .RepoTags 5}}
{{len .RepoTags}} {{len .Config.Env}} {{len "abc"}} {{len .Config.Labels}}
{{slice .Id 7 19}} {{slice .Id 7}} {{slice .Config.Env 1}}
{{range .Config.Env}}{{.}};{{end}}
{{range $k, $v := .Config.Labels}}{{$k}}={{$v}};{{end}}
{{range $i, $e := .Config.Env}}{{$i}}:{{$e}} {{end}}
{{range .Config.Nope}}x{{end}}
{{range .Config.OnBuild}}{{.}}{{else}}none{{end}}
{{range $x := .Config.Cmd}}[{{$x}}]{{end}}
{{with .Config.User}}u={{.}}{{else}}no{{end}}
{{with $x := .Architecture}}{{$x}}{{end}}
{{if eq .Architecture "amd64"}}y{{else}}n{{end}}
{{if eq .Architecture "x" "amd64"}}y{{else}}n{{end}}
{{if ne .Os "linux"}}y{{else if .Config.User}}z{{else}}n{{end}}
{{if and .Id .Os}}a{{end}}{{if or "" .Os}}b{{end}}{{if not .Os}}c{{end}}
{{and 1 0}} {{or 0 "x"}} {{not true}} {{and true "b"}}
{{lt 1 2}} {{gt 1 2}} {{le 2 2}} {{ge 1 2}} {{lt "a" "b"}}
{{printf "%q %v %d %x" .Os .Architecture 10 255}}
{{printf "%s|%10s|%-10s|%05d|%t" .Os .Os .Os 42 true}}
{{printf "%T" .Os}}
{{printf "%v" .Config.Env}}
{{printf "%q" .Config.Env}}
{{printf "%d" .Size}}
{{printf "%x" "hi"}} {{printf "%X" 255}} {{printf "%o" 8}} {{printf "%c" 65}} {{printf "%%"}}
{{printf "%d" "x"}} {{printf "%s"}} {{printf "a" 1}}
{{printf "%.2f" 3.14159}} {{printf "%5.1f" 2.25}} {{printf "%e" 1.5}} {{printf "%g" 1.5}}
{{- .Os -}} x
a {{- .Os }} b {{ .Os -}} c
{{$x := .Os}}{{$x}}{{$x = "q"}}{{$x}}
{{$x := 5}}{{if true}}{{$x = 6}}{{end}}{{$x}}
{{/* comment */}}z
{{.Nope}}
{{.Config.Nope}}
{{.Config.User.X}}
{{nope .}}
{{.Id
{{end}}
{{if}}x{{end}}
{{print .Os 1 2 "a" "b"}}
{{print "a" 1 2 true}}
{{json .RootFS.Layers | len}}
{{.Config.Env | json | printf "%s"}}
{{(index .Config.Env 0)}}
{{(.Config).User}}
{{.Size}} {{.VirtualSize}}
{{.ID}}
{{.Id}} {{.ID}}
{{.Id}} {{json .Config}}
{{json .Config.Healthcheck}}{{.Id}}
{{.Id}} {{.Config}} {{.RootFS}}
{{.Id}} {{.Config.Healthcheck.Interval}} {{.Config.Volumes}} {{.Config.User}}
{{.Id}} {{.VirtualSize}}
{{.Id}} {{.Variant}}
{{.Id}} {{.Config.Labels.zz}}
{{.Id}} {{index .Config.Labels "zz"}} {{index .Config.Labels "a"}}
{{.Id}} {{join .Config.Env ","}}
{{.Id}} {{len .Config.Env}} {{range .Config.Cmd}}{{.}} {{end}}
{{.Id}} {{printf "%v %s %T %d" .Size .Size .Size .Size}}
{{.Id}} {{if gt .Size 5}}x{{end}}
{{.Id}} {{.RepoTags}}{{.Os}}{{with .Config.Cmd}}{{index . 0}}{{end}}
{{.Created}}
{{.Config.Volumes}}
{{.Config.ExposedPorts}}
{{json .Config.ExposedPorts}}
{{range $p, $c := .Config.ExposedPorts}}{{$p}} {{end}}
{{.Config.Cmd}}
{{.Config.Entrypoint}}
{{.Config.StopSignal}} {{.Config.WorkingDir}}
{{pad "a" 1 2}}| {{truncate "abcdef" 3}}
{{eq .Os "linux" | not}}
{{range .Config.Env}}{{if eq . "X=1"}}{{break}}{{end}}{{.}} {{end}}
{{range .Config.Env}}{{if eq . "X=1"}}{{continue}}{{end}}{{.}} {{end}}
{{range 3}}{{.}}{{end}}
{{"quoted" | printf "%s-%s" "a"}}
{{`raw`}} {{'a'}} {{1.5}} {{0x10}} {{1_000}} {{nil}}
{{true}} {{false}}
{{index .Config.Labels}}
{{len 3}}
{{eq 1 "a"}}
{{.RepoDigests}} {{.Parent}} {{.Author}} {{.Comment}} {{.DockerVersion}} {{.Variant}} {{.OsVersion}}
{{.Config.Hostname}}|{{.Config.Tty}}|{{.Config.OnBuild}}|{{.Config.Shell}}
{{json .Config}}
{{table .Id}}
table {{.Id}}
 {{.Os}}\n\t{{.Os}}
{{.Os}}	{{"\t\"\u00e9\x41"}}
{{range .RootFS.Layers}}{{printf "%.15s" .}} {{end}}
{{join (split "a:b:c" ":") "-"}}
{{with index .Config.Env 1}}{{.}}{{end}}
{{if .Config.OnBuild}}onbuild {{len .Config.OnBuild}}{{end}}
{{range $i, $_ := .Config.Env}}{{if $i}},{{end}}{{$i}}{{end}}
{{.Config.Healthcheck.Interval}} {{.Config.Healthcheck.Test}} {{.Config.Healthcheck.Nope}}
{{json .Config.Healthcheck.Interval}}
{{.RootFS}}
{{.RootFS.Type}} {{len .RootFS.Layers}}
{{.RootFS.Nope}}
{{.GraphDriver.Nope}}
{{.Metadata.Nope}}
{{with .Config.Shell}}a{{else}}b{{end}}
{{if .Config}}y{{end}}{{if .Config.Labels}}y{{end}}{{if .RepoDigests}}y{{else}}n{{end}}
{{.Config.Labels}}
{{range .Config.ExposedPorts}}[{{.}}]{{end}}
{{index .Config.ExposedPorts "80/tcp"}}
{{index .Config.ExposedPorts "81/tcp"}}
{{index .Config.Volumes "/v"}}
{{$p := index .Config.Env 0}}{{slice $p 0 4}}
{{slice $.Id 70 99}}
{{slice .Config.Env 0 1}}
{{slice .Config.Labels 0}}
{{join .Config.Labels ","}}
{{join .Os ","}}
{{upper 3}}
{{upper}}
{{upper "a" "b"}}
{{split "" ","}}
{{split "abc" ""}}
{{json "a<b>&c"}} {{json 1}} {{json nil}} {{json true}}
{{json .Config.Env}} {{json .RepoDigests}} {{json .Config.Shell}}
{{len .Config.Shell}} {{len .Config.Healthcheck}}
{{eq .Config.User "x" "nobody:nogroup"}} {{eq .Size 5}} {{gt .Size 5}}
{{eq .Config.Env .Config.Env}}
{{ne 1 2}} {{ne "a" "a"}}
{{and}} 
{{or .Config.Nope "x"}}
{{or .Os .Config.Nope}}
{{not .RepoDigests}}
{{if and (eq .Os "linux") (gt .Size 5)}}ok{{end}}
{{if (index .Config.Labels "a")}}has{{end}}
{{printf "%s %s" .Os (index .Config.Env 1)}}
{{printf "%-8s|" .Os}}{{printf "%8.3s|" .Os}}
{{printf "%v %v %v" 1 true "x"}}
{{printf "%s" 5}} {{printf "%s" true}} {{printf "%q" 65}}
{{printf "%5d|%-5d|%05d|%+d" 1 2 3 4}}
{{printf "%t %v" true .Config.Labels}}
{{printf "%x" .Config.Env}}
{{printf "%s" .Config.Labels}}
{{printf "%z" 1}} {{printf "%"}} {{printf "%d" 1.5}} {{printf "%*d" 5 1}}
{{println 1 2 "a"}}{{println}}
{{print}}{{print nil}}
{{title "hello-world it's"}} {{title "ABC"}}
{{truncate "ab" 5}} {{pad "" 1 1}}|
{{- /* c */ -}} {{.Os}}
{{ .Os | upper | printf "%s!" }}
{{"a" | eq "a"}}
{{range $i, $x := .Config.Cmd}}{{if eq $i 1}}{{$x}}{{end}}{{end}}
{{range .Config.Cmd}}{{$.Os}}{{end}}
{{with .Config}}{{.User}} {{$.Os}}{{end}}
{{with $c := .Config}}{{$c.User}}{{end}}
{{$c := .Config}}{{$c.User}}{{range $c.Env}}{{len .}} {{end}}
{{if true}}{{$z := 1}}{{end}}{{$z}}
{{else}}
{{range .Config.Env}}
{{if .Os}}a{{else}}b{{else}}c{{end}}
{{break}}
{{.Config.Env.x}}
{{.Id.x}}
{{(index .RepoTags 0) | upper}}
{{upper (index .RepoTags 0)}}
{{ .Config.Cmd | len }} {{ len (.Config.Cmd) }}
{{5}} {{-5}} {{1e3}} {{"x"}} {{'x'}} {{0b11}} {{0o17}}
{{.Config.ArgsEscaped}} {{.Config.OnBuild}}
{{"unterminated}}
{{ "}}" }}
{{.}}x{{
}}
{}
{{ }}
{{.Os .Id}}
{{"a" "b"}}
{{1 | print}}
{{range $k := .Config.Labels}}{{$k}} {{end}}
{{len (slice .Id 7 19)}}
{{index "abc" 1}} {{index .Config.Env "a"}}
{{index .Config.Env -1}}
{{lt "a" 1}}
{{lt true false}}
{{html .Config.Env}}
{{.Comment}}|{{.Parent}}|{{.Created}}
""".strip("\n").split("\n")


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """docker's image, and the same in a store of ours."""
    name = f"dock2sh-templates-{os.getpid()}:1"
    folder = tmp_path_factory.mktemp(name.partition(":")[0])
    (folder / "Dockerfile").write_text(f"{DOCKERFILE}RUN : {name}\n")  # an id of its own
    subprocess.run(["docker", "build", "-q", "-t", name, folder], check=True, capture_output=True)
    saved = subprocess.run(["docker", "save", name], check=True, capture_output=True).stdout
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(folder / "data"))
        subprocess.run([sys.executable, "-m", "dock2sh", "load"], input=saved, check=True, capture_output=True)
        yield name
    subprocess.run(["docker", "rmi", "-f", name], check=False, capture_output=True)


@pytest.mark.root
@pytest.mark.docker
@pytest.mark.parametrize("template", ROWS)
def test_a_template_says_what_it_says_to_docker(template: str, image: str) -> None:
    theirs, ours = (
        subprocess.run([*program, "inspect", "-f", template, image], check=False, capture_output=True, text=True)
        for program in (["docker"], [sys.executable, "-m", "dock2sh"])
    )
    assert (ours.returncode, ours.stdout) == (theirs.returncode, theirs.stdout), ours.stderr


@pytest.mark.parametrize("template", ['{{define "T"}}x{{end}}', '{{block "B" .}}x{{end}}', "{{js .}}", "{{call .}}", "{{nope}}"])
def test_what_is_not_known_is_refused_by_name(template: str) -> None:
    with pytest.raises(Unreadable, match=template.strip("{}").split()[0]):
        render(template, {})


@pytest.mark.parametrize(
    "template", ["{{range 1.5}}{{end}}", "{{.a.b}}", '{{printf "%d"}}{{index . 1}}', "{{upper .n}}", "{{slice 1}}"]
)
def test_no_mistake_of_a_template_is_ours(template: str) -> None:
    with pytest.raises(TemplateError):
        render(template, {"a": "text", "n": 1})
