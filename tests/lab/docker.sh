#!/bin/sh
# What a test's engine script installs on a machine of the stand-in: a Docker (and Podman) that has one image, which
# holds as much of ODM as a node asks for, and gives it to those only who have signed in.
set -e
odm=/usr/local/odm
mkdir -p $odm/opendm
echo 3.5.9 >$odm/VERSION
: >$odm/opendm/__init__.py
cat >$odm/opendm/config.py <<'P'
import argparse
def config(argv=None):
    parser = argparse.ArgumentParser()
    parser.add_argument('name', nargs='?', help='project')
    parser.add_argument('--project-path', metavar='<path>', help='where')
    parser.add_argument('--dsm', action='store_true', default=False, help='Surface')
    return parser.parse_args(argv)
P
cat >$odm/run.sh <<'R'
#!/bin/sh
for project; do :; done
echo "[INFO]    Running opensfm stage"
while [ "$1" != --project-path ]; do shift; done
mkdir -p "$2/$project/odm_report" && echo report >"$2/$project/odm_report/report.pdf"
R
cat >/usr/local/bin/docker <<'D'
#!/bin/sh
case $1 in
login) [ "$(cat)" = registry-secret ] || exit 1; : >~/.signed-in; exit ;;
rm) exit 0 ;;
run) [ -e ~/.signed-in ] || { echo 'denied: requested access to the resource is denied' >&2; exit 125; } ;;
*) exit 125 ;;
esac
while [ "$1" != opendronemap/nodeodm ]; do
  case $1 in --entrypoint) entry=$2 ;; -v) folder=${2%%:*} ;; esac
  shift
done
shift
export ODM_PATH=/usr/local/odm
case $entry in
python3) exec python3 "$@" ;;
/code/run.sh) exec /usr/local/odm/run.sh $(printf '%s\n' "$@" | sed "s|^/muster/projects|$folder|") ;;
esac
exit 125
D
chmod 755 $odm/run.sh /usr/local/bin/docker
ln -sf docker /usr/local/bin/podman
