# Tasks travel between the hosts as pickled objects: Python and Dask must be the same.
command -v python3 >/dev/null || { echo "error python3 is not there; install it, or name its environment in the site's setup"; exit 0; }
python3 -c '
import sys
try:
    import distributed
    print("same dask=" + distributed.__version__)
    print("same python=%d.%d" % sys.version_info[:2])
except ImportError as fault:
    print("error", sys.executable, "cannot import distributed:", fault, "(Debian: apt-get install python3-distributed)")
'
