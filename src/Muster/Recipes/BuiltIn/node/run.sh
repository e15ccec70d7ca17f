# A processing node on $MUSTER_PORT_NODE. A token comes in the environment (--env NODE_TOKEN), as do settings with secrets
# (NODE_CONFIG, the text of a configuration file), and stands on no command line.
set -e
command -v "$MUSTER_PARAM_MUSTER" >/dev/null || { echo "node: $MUSTER_PARAM_MUSTER is not on $(uname -n); put the program there, or name it with --muster" >&2; exit 127; }
set -- node --port "$MUSTER_PORT_NODE" --engine "$MUSTER_PARAM_ENGINE" --parallel-queue-processing "$MUSTER_PARAM_SLOTS" --data-dir "${MUSTER_PARAM_DATA:-$MUSTER_RUN_DIR/node}"
[ -z "$MUSTER_PARAM_MAX_IMAGES" ] || set -- "$@" --max-images "$MUSTER_PARAM_MAX_IMAGES"
[ -z "$MUSTER_PARAM_IMAGE" ] || set -- "$@" --odm-image "$MUSTER_PARAM_IMAGE"
[ -z "$MUSTER_PARAM_LEASE" ] || set -- "$@" --lease "$(((MUSTER_PARAM_LEASE + 59) / 60))"
if [ -n "$NODE_CONFIG" ]; then
  (umask 077; printf '%s\n' "$NODE_CONFIG" >"$MUSTER_RUN_DIR/node.json")
  unset NODE_CONFIG
  set -- "$@" --config "$MUSTER_RUN_DIR/node.json"
elif [ -n "$NODE_TOKEN" ]; then
  case $NODE_TOKEN in *[!A-Za-z0-9._~-]*) echo "node: NODE_TOKEN may hold letters, digits and . _ ~ - only" >&2; exit 2 ;; esac
  (umask 077; printf '{"token": "%s"}\n' "$NODE_TOKEN" >"$MUSTER_RUN_DIR/node.json")
  set -- "$@" --config "$MUSTER_RUN_DIR/node.json"
fi
# Its state is its own: several nodes of one user do not share it.
export XDG_STATE_HOME="$MUSTER_RUN_DIR/state"
exec "$MUSTER_PARAM_MUSTER" "$@"
