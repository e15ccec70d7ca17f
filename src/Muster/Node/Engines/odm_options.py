"""Asks ODM's own option parser what it knows: every argument that it registers, as one line of JSON."""
import argparse, json, os, sys

path = os.environ["ODM_PATH"]
sys.path.insert(0, path)
sys.argv = ["run.py"]
seen = []
register = argparse._ActionsContainer.add_argument


def add_argument(self, *flags, **words):
    seen.append({
        "flag": max(flags, key=len, default=""),
        "type": getattr(words.get("type"), "__name__", ""),
        "default": None if words.get("default") is None else str(words["default"]),
        "choices": None if words.get("choices") is None else [str(one) for one in words["choices"]],
        "metavar": str(words.get("metavar") or ""),
        "help": str(words.get("help") or ""),
        "action": str(words.get("action") or ""),
    })
    return register(self, *flags, **words)


argparse._ActionsContainer.add_argument = add_argument
quiet, sys.stdout, sys.stderr = sys.stdout, open(os.devnull, "w"), open(os.devnull, "w")
try:
    from opendm import config
    config.config()
except SystemExit:
    pass  # it misses a project; by then it has said what it knows
except Exception as fault:
    if not seen:
        quiet.write("MUSTER-FAULT " + repr(fault) + "\n")


def first(name, otherwise):
    try:
        with open(os.path.join(path, name)) as lines:
            return lines.readline().strip() or otherwise
    except OSError:
        return otherwise


quiet.write("MUSTER-OPTIONS " + json.dumps({"engine": first("ENGINE", "odm"), "version": first("VERSION", "?"), "arguments": seen}) + "\n")
