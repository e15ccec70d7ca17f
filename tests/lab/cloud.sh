# Stand-ins for the providers of machines, each a server on loopback of its own. They need no lab that is up. Of root,
# Hetzner's machines are network namespaces with an sshd each; pods of Kubernetes are processes; all others are entries in a
# list.

cloud_providers=(hetzner digitalocean scaleway aws kubernetes)

# cloud VERB PROVIDER
cloud() {
  local dir=$run/clouds/$2 known=" ${cloud_providers[*]} "
  [[ $known == *" $2 "* ]] || usage "lab cloud knows no provider '$2'; it knows: ${cloud_providers[*]}"
  case $1 in
    start) start_cloud "$2" "$dir" ;;
    stop) stop_cloud "$2" "$dir" ;;
    *) usage "lab cloud takes start or stop" ;;
  esac
}

cloud_runs() { [[ -s $1/pid && -e /proc/$(<"$1/pid")/cwd ]] && tr '\0' ' ' <"/proc/$(<"$1/pid")/cmdline" | grep -q 'muster-clouds'; }

start_cloud() {
  local name=$1 dir=$2 program=$here/../../.build/artifacts/bin/Muster.Clouds/release/muster-clouds.dll
  if ! cloud_runs "$dir"; then
    [[ -e $program ]] || fail "the stand-ins are not built" "run: dotnet build tests/Muster.Clouds -c Release"
    mkdir -p "$dir"
    MUSTER_CLOUD_MACHINE=$([[ $EUID != 0 ]] || echo "$here/machine") setsid dotnet "$program" "$name" 0 </dev/null >"$dir/address" 2>"$dir/log" &
    echo $! >"$dir/pid"
    for _ in $(seq 300); do
      [[ ! -s $dir/address ]] || break
      cloud_runs "$dir" || [[ ! -s $dir/log ]] || fail "the stand-in for $name ended" "read $dir/log"
      sleep 0.1
    done
    [[ -s $dir/address ]] || fail "the stand-in for $name does not listen" "read $dir/log"
  fi
  cat "$dir/address"
}

stop_cloud() {
  if cloud_runs "$2"; then
    kill "$(<"$2/pid")"
    for _ in $(seq 300); do cloud_runs "$2" || break; sleep 0.1; done
  fi
  rm -rf "$2"
  echo "$1 is down"
}

stop_clouds() {
  local name
  for name in "${cloud_providers[@]}"; do [[ ! -e $run/clouds/$name ]] || stop_cloud "$name" "$run/clouds/$name"; done
}
