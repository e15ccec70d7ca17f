# Collectives need the same torch everywhere. Importing it takes seconds, so its version is read where it is installed.
command -v python3 >/dev/null || { echo "error python3 is not there; install it, or name its environment in the site's setup"; exit 0; }
python3 -c '
import importlib.metadata, importlib.util, sys
if importlib.util.find_spec("torch") is None:
    print("error", sys.executable, "has no torch (Debian: apt-get install python3-torch)")
else:
    try:
        print("same torch=" + importlib.metadata.version("torch"))
    except importlib.metadata.PackageNotFoundError:
        pass
'
