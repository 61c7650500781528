"""The course at the command line: check a computer, write with a model, train one, and more."""

import argparse
import io
import sys

from charrnn_helpers.commands import computer, fetch, handin, lab, mistake, report, sample, train

COMMANDS = {"check": computer, "fetch": fetch, "sample": sample, "train": train, "lab": lab}
COMMANDS |= {"handin": handin, "report": report, "mistake": mistake}
EXAMPLES = """\
examples:
  python -m charrnn_helpers check
  python -m charrnn_helpers sample "The time traveller" --temperature 0.7
  python -m charrnn_helpers train mytext.txt --to mymodel.safetensors
  python -m charrnn_helpers sample "It was" --model mymodel.safetensors
  python -m charrnn_helpers lab course
"""


def parser():
    """Return the parser of the command line."""
    name, formatter = "python -m charrnn_helpers", argparse.RawDescriptionHelpFormatter
    found = argparse.ArgumentParser(name, None, __doc__, EXAMPLES, formatter_class=formatter)
    subparsers = found.add_subparsers(metavar="COMMAND", required=True)
    for name, module in COMMANDS.items():
        texts = {"help": module.__doc__.splitlines()[0], "description": module.__doc__.strip()}
        command = subparsers.add_parser(name, **texts, formatter_class=formatter)
        module.add(command)
        command.set_defaults(run=module.run)
    return found


def main(words=None):
    """Run a command; return 0 if all is well, 1 if not, and 130 if you interrupted it."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # what its encoding lacks is spelled out
            stream.reconfigure(errors="backslashreplace")
    arguments = parser().parse_args(words)
    try:
        return arguments.run(arguments)
    except (ValueError, OSError, FloatingPointError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
