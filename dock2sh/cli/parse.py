"""`dock2sh parse`: the syntax tree."""

from dock2sh.cli.calls import choose, parsed
from dock2sh.cli.flags import File, Format, Output, Target
from dock2sh.cli.say import json_text, write


def parse(target: Target = ".", file: File = "", format: Format = "text", output: Output = "") -> None:
    """Print the syntax tree, as BuildKit's parser has it.

    \b
    dock2sh parse Dockerfile               one instruction a line, as s-expressions
    dock2sh parse --format json Dockerfile
    """
    choose("--format", format, ("text", "json"))
    project, dockerfile = parsed(target, file, format)
    if format == "json":
        from dock2sh.emit.syntax_json import syntax_object

        write(json_text(syntax_object(dockerfile)), output, project)
    else:
        from dock2sh.emit.syntax_json import syntax_text

        write(syntax_text(dockerfile), output, project)
